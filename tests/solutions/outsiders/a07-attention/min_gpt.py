"""In the manner of minGPT, without its causal mask: one fused projection, learned positions, GELU,
weights initialised by apply, parameters in two groups with and without decay, a Trainer class."""

# %% q3_2
@torch.jit.script
def _attend(query, key, value, mask):
    # type: (Tensor, Tensor, Tensor, Tensor) -> Tuple[Tensor, Tensor]
    att = (query @ key.transpose(-2, -1)) * (1.0 / math.sqrt(query.size(-1)))
    some = mask.any(-1, keepdim=True)
    att = att.masked_fill(~mask & some, float("-inf"))
    att = torch.softmax(att, dim=-1) * some
    return att @ value, att


def scaled_dot_product_attention(query, key, value, mask=None):
    if mask is None:
        mask = torch.ones(1, 1, 1, 1, dtype=torch.bool, device=query.device)
    return _attend(query, key, value, mask)


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    """Four Linears by name, one multiplication for three of them."""

    def __init__(self, d_model, num_heads):
        super().__init__()
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)
        self.n_head = num_heads
        self.n_embd = d_model

    def forward(self, x, mask):
        B, T, C = x.size()
        linears = (self.query, self.key, self.value)
        weight = torch.cat([linear.weight for linear in linears])
        bias = torch.cat([linear.bias for linear in linears])
        q, k, v = F.linear(x, weight, bias).split(self.n_embd, dim=2)
        k = k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        y, att = scaled_dot_product_attention(q, k, v, mask.view(B, 1, 1, T))
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        return self.output(y), att


# %% q3_4
def positional_encoding(length, d_model):
    row = lambda pos: [
        (math.cos if i % 2 else math.sin)(pos / 10000 ** ((i - i % 2) / d_model))
        for i in range(d_model)
    ]
    return torch.tensor([row(pos) for pos in range(length)])


# %% q3_5
class NewGELU(nn.Module):
    def forward(self, x):
        return 0.5 * x * (
            1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0)))
        )


class FusedSelfAttention(nn.Module):
    def __init__(self, n_embd, n_head, dropout):
        super().__init__()
        self.c_attn = nn.Linear(n_embd, 3 * n_embd)
        self.c_proj = nn.Linear(n_embd, n_embd)
        self.attn_dropout = nn.Dropout(dropout)
        self.resid_dropout = nn.Dropout(dropout)
        self.n_head, self.n_embd = n_head, n_embd

    def forward(self, x, mask):
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(self.n_embd, dim=2)
        q, k, v = (t.view(B, T, self.n_head, C // self.n_head).transpose(1, 2) for t in (q, k, v))
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(mask[:, None, None, :] == 0, float("-inf"))
        att = F.softmax(att, dim=-1)
        y = self.attn_dropout(att) @ v
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        return self.resid_dropout(self.c_proj(y)), att


class Block(nn.Module):
    def __init__(self, n_embd, n_head, n_inner, dropout):
        super().__init__()
        self.ln_1 = nn.LayerNorm(n_embd)
        self.attn = FusedSelfAttention(n_embd, n_head, dropout)
        self.ln_2 = nn.LayerNorm(n_embd)
        self.mlp = nn.ModuleDict(
            dict(
                c_fc=nn.Linear(n_embd, n_inner),
                c_proj=nn.Linear(n_inner, n_embd),
                act=NewGELU(),
                dropout=nn.Dropout(dropout),
            )
        )
        m = self.mlp
        self.mlpf = lambda x: m.dropout(m.c_proj(m.act(m.c_fc(x))))

    def forward(self, x, mask):
        y, att = self.attn(self.ln_1(x), mask)
        x = x + y
        return x + self.mlpf(self.ln_2(x)), att


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.block_size = max_len
        self.transformer = nn.ModuleDict(
            dict(
                wte=nn.Embedding(vocab_size, d_model),
                wpe=nn.Embedding(max_len, d_model),
                drop=nn.Dropout(dropout),
                h=nn.ModuleList(
                    [Block(d_model, num_heads, d_ff, dropout) for _ in range(num_layers)]
                ),
                ln_f=nn.LayerNorm(d_model),
            )
        )
        self.lm_head = nn.Linear(d_model, 1, bias=False)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            torch.nn.init.normal_(module.weight, mean=0.0, std=0.02)

    def forward(self, tokens, mask, maps=None):
        b, t = tokens.size()
        assert t <= self.block_size
        pos = torch.arange(0, t, dtype=torch.long).unsqueeze(0)
        x = self.transformer.drop(self.transformer.wte(tokens) + self.transformer.wpe(pos))
        for block in self.transformer.h:
            x, att = block(x, mask)
            if maps is not None:
                maps.append(att)
        x = self.transformer.ln_f(x)
        share = mask.float() / mask.float().sum(dim=1, keepdim=True)
        return self.lm_head(torch.bmm(share.unsqueeze(1), x)).view(b)

    @torch.no_grad()
    def attention_maps(self, tokens, mask):
        training, maps = self.training, []
        self.eval()
        self(tokens, mask, maps)
        self.train(training)
        return tuple(maps)


# %% q3_6
class ReviewDataset(torch.utils.data.Dataset):
    def __init__(self, reviews):
        self.sequences, self.labels = reviews

    def __len__(self):
        return len(self.sequences)

    def __getitem__(self, index):
        return self.sequences[index], self.labels[index]


class Trainer:
    def __init__(self, model, batch_size, lr):
        self.model, self.batch_size = model, batch_size
        decay, no_decay = [], []
        for p in model.parameters():
            (decay if p.dim() >= 2 else no_decay).append(p)
        self.optimizer = torch.optim.AdamW(
            [{"params": decay, "weight_decay": 0.1}, {"params": no_decay, "weight_decay": 0.0}],
            lr=lr, betas=(0.9, 0.95),
        )  # fmt: skip

    def loader(self, reviews, shuffle):
        def collate(items):
            x, m = pad_batch([s for s, _ in items], max_len=128)
            return x, m, torch.as_tensor([y for _, y in items], dtype=torch.float32)

        return torch.utils.data.DataLoader(
            ReviewDataset(reviews), shuffle=shuffle, batch_size=self.batch_size, collate_fn=collate
        )

    def run(self, reviews, is_train):
        self.model.train(is_train)
        sums = []
        for x, m, y in self.loader(reviews, shuffle=is_train):
            with torch.set_grad_enabled(is_train):
                loss = F.binary_cross_entropy_with_logits(self.model(x, m), y)
                sums.append((loss.item(), len(y)))
            if is_train:
                self.model.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.optimizer.step()
        return float(np.average([l for l, _ in sums], weights=[n for _, n in sums]))


def train(
    model, train_set, valid_set, max_epochs=4, patience=2, checkpoint="a07.safetensors",
    batch_size=64, lr=1e-3,
):  # fmt: skip
    trainer = Trainer(model, batch_size, lr)
    history = {"train_loss": [], "valid_loss": []}
    counter, best_loss = 0, None
    for epoch in range(max_epochs):
        history["train_loss"].append(trainer.run(train_set, True))
        test_loss = trainer.run(valid_set, False)
        history["valid_loss"].append(test_loss)
        good_model = best_loss is None or test_loss < best_loss
        if good_model:
            best_loss, counter = test_loss, 0
            best = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}
            save_file(best, checkpoint)
        else:
            counter += 1
            if counter >= patience:
                break
    model.load_state_dict(best)
    return history


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    idx = torch.tensor(tokens, dtype=torch.long)[None, ...]
    att = model.attention_maps(idx, torch.ones_like(idx).bool())[layer].squeeze(0)[head]
    att = att[:limit, :limit].cpu().numpy()
    plt.figure(figsize=(8, 8))
    plt.pcolormesh(att, cmap="viridis")
    plt.gca().invert_yaxis()
    plt.xticks(np.arange(len(att)) + 0.5, words[:limit], rotation=90)
    plt.yticks(np.arange(len(att)) + 0.5, words[:limit])
    plt.tight_layout()
    fig = plt.gcf()
    plt.close(fig)
    return fig, att
