"""In the manner of the Annotated Transformer: clones, sublayer connections, a layer norm of its own
that divides by the unbiased deviation, positions by exp and log, a rate that falls from
step 400 on, and a model that is called by the names of its arguments."""


# %% q3_1
def pad_batch(sequences, max_len, pad_id=0):
    cut = [list(s[:max_len]) for s in sequences]
    longest = max(map(len, cut))
    src = torch.LongTensor([s + [pad_id] * (longest - len(s)) for s in cut])
    src_mask = torch.BoolTensor([[1] * len(s) + [0] * (longest - len(s)) for s in cut])
    return src, src_mask


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    "Compute 'Scaled Dot Product Attention'"
    d_k = query.size(-1)
    scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(d_k)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p_attn = F.softmax(scores, dim=-1)
    if mask is not None:
        p_attn = p_attn.masked_fill(mask == 0, 0.0)
    return torch.matmul(p_attn, value), p_attn


# %% q3_3
import copy


def clones(module, n):
    "Produce n identical layers."
    return nn.ModuleList([copy.deepcopy(module) for _ in range(n)])


class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        assert d_model % num_heads == 0
        self.d_k = d_model // num_heads
        self.h = num_heads
        self.query, self.key, self.value, self.output = clones(nn.Linear(d_model, d_model), 4)
        self.attn = None

    def forward(self, x, mask):
        mask = mask.unsqueeze(1).unsqueeze(1)
        nbatches = x.size(0)
        query, key, value = [
            lin(x).view(nbatches, -1, self.h, self.d_k).transpose(1, 2)
            for lin in (self.query, self.key, self.value)
        ]
        x, self.attn = scaled_dot_product_attention(query, key, value, mask=mask)
        x = x.transpose(1, 2).contiguous().view(nbatches, -1, self.h * self.d_k)
        return self.output(x), self.attn


# %% q3_4
def positional_encoding(length, d_model):
    pe = torch.zeros(length, d_model)
    position = torch.arange(0, length).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, d_model, 2) * -(math.log(10000.0) / d_model))
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term[: pe[:, 1::2].size(1)])
    return pe


# %% q3_5
class LayerNorm(nn.Module):
    "Construct a layernorm module."

    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.a_2 = nn.Parameter(torch.ones(features))
        self.b_2 = nn.Parameter(torch.zeros(features))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        std = x.std(-1, keepdim=True)
        return self.a_2 * (x - mean) / (std + self.eps) + self.b_2


class SublayerConnection(nn.Module):
    def __init__(self, size, dropout):
        super().__init__()
        self.norm = LayerNorm(size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, sublayer):
        return x + self.dropout(sublayer(self.norm(x)))


class EncoderLayer(nn.Module):
    def __init__(self, size, self_attn, feed_forward, dropout):
        super().__init__()
        self.self_attn = self_attn
        self.feed_forward = feed_forward
        self.sublayer = clones(SublayerConnection(size, dropout), 2)

    def forward(self, x, mask):
        x = self.sublayer[0](x, lambda x: self.self_attn(x, mask)[0])
        return self.sublayer[1](x, self.feed_forward)


class Embeddings(nn.Module):
    def __init__(self, d_model, vocab):
        super().__init__()
        self.lut = nn.Embedding(vocab, d_model)
        self.d_model = d_model

    def forward(self, x):
        return self.lut(x) * math.sqrt(self.d_model)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout, max_len=5000):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        self.register_buffer("pe", positional_encoding(max_len, d_model).unsqueeze(0))

    def forward(self, x):
        x = x + self.pe[:, : x.size(1)].requires_grad_(False)
        return self.dropout(x)


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        c = copy.deepcopy
        attn = MultiHeadSelfAttention(d_model, num_heads)
        ff = nn.Sequential(
            nn.Linear(d_model, d_ff), nn.ReLU(), nn.Dropout(dropout), nn.Linear(d_ff, d_model)
        )
        layer = EncoderLayer(d_model, c(attn), c(ff), dropout)
        self.src_embed = nn.Sequential(
            Embeddings(d_model, vocab_size), PositionalEncoding(d_model, dropout, max_len)
        )
        self.layers = clones(layer, num_layers)
        self.norm = LayerNorm(d_model)
        self.generator = nn.Linear(d_model, 1)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)
        nn.init.normal_(self.src_embed[0].lut.weight, std=d_model**-0.5)

    def forward(self, tokens, mask):
        x = self.src_embed(tokens)
        for layer in self.layers:
            x = layer(x, mask)
        x = self.norm(x)
        lengths = mask.sum(1, keepdim=True)
        return self.generator((x * mask.unsqueeze(-1)).sum(1) / lengths).squeeze(-1)

    def attention_maps(self, tokens, mask):
        mode = self.training
        self.eval()
        self.forward(tokens, mask)
        self.train(mode)
        return [layer.self_attn.attn for layer in self.layers]


# %% q3_6
def train(
    model, train_set, valid_set, max_epochs=4, patience=2, checkpoint="a07.safetensors",
    batch_size=64, lr=1e-3,
):  # fmt: skip
    def run_epoch(data, order, optimizer=None, scheduler=None):
        total = 0.0
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            src, src_mask = pad_batch([data[0][i] for i in chosen], max_len=128)
            tgt = torch.tensor([data[1][i] for i in chosen]).float()
            out = model.forward(tokens=src, mask=src_mask)
            loss = nn.functional.binary_cross_entropy_with_logits(out, tgt)
            if optimizer is not None:
                loss.backward()
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                scheduler.step()
            total += float(loss.detach()) * len(chosen)
            del loss
        return total / len(order)

    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98), eps=1e-9)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: max(step + 1, 400) ** -0.5 * 400**0.5
    )
    history = {"train_loss": [], "valid_loss": []}
    best, bad = float("inf"), 0
    for _ in range(max_epochs):
        model.train()
        order = np.random.permutation(len(train_set[0]))
        history["train_loss"].append(run_epoch(train_set, order, optimizer, scheduler))
        model.eval()
        valid = run_epoch(valid_set, range(len(valid_set[0])))
        history["valid_loss"].append(valid)
        if valid < best:
            best, bad = valid, 0
            best_state = copy.deepcopy(model.state_dict())
        else:
            bad += 1
        if bad >= patience:
            break
    model.load_state_dict(best_state)
    save_file(best_state, checkpoint)
    return history


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    "As in PyTorch's tutorial on translation"
    tokens = torch.tensor(tokens)[None]
    weights = model.attention_maps(tokens, torch.ones(tokens.shape, dtype=torch.bool))
    attentions = weights[layer][0, head].detach()[:limit, :limit]
    words = words[:limit]
    fig = plt.figure()
    ax = fig.add_subplot(111)
    cax = ax.matshow(attentions.numpy(), cmap="bone")
    fig.colorbar(cax)
    ax.set_xticks(range(len(words)), labels=words, rotation=90)
    ax.set_yticks(range(len(words)), labels=words)
    return fig, attentions.numpy()
