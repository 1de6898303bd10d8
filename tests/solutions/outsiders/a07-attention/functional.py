"""Functional style: stacked parameters of all layers, einsum, F.layer_norm, F.dropout; restored state by copy_."""
# %% q3_1
def pad_batch(sequences, max_len, pad_id=0):
    lengths = torch.tensor(list(map(len, sequences))).clamp(max=max_len)
    mask = torch.ones(len(sequences), int(lengths.max())).cumsum(1) <= lengths[:, None]
    flat = torch.tensor([token for sequence in sequences for token in sequence[:max_len]], dtype=torch.long)
    return torch.full(mask.shape, pad_id).masked_scatter(mask, flat), mask


# %% q3_2
def masked_softmax(scores, mask):
    return scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(-1, keepdim=True), 0).softmax(-1).masked_fill(~mask, 0)


def scaled_dot_product_attention(query, key, value, mask=None):
    scores = torch.einsum("...nd,...md->...nm", query / key.size(-1) ** 0.25, key / key.size(-1) ** 0.25)
    weights = scores.softmax(-1) if mask is None else masked_softmax(scores, mask)
    return torch.einsum("...nm,...md->...nd", weights, value), weights


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)

    def forward(self, x, mask):
        h = self.num_heads

        def project(lin):  # "b n d, (h k) d -> b h n k"
            w = lin.weight.view(h, -1, lin.in_features)
            return torch.einsum("bnd,hkd->bhnk", x, w) + lin.bias.view(1, h, 1, -1)

        out, weights = scaled_dot_product_attention(project(self.query), project(self.key), project(self.value), mask[:, None, None])
        w_o = self.output.weight.view(-1, h, x.size(-1) // h)
        return torch.einsum("bhnk,dhk->bnd", out, w_o) + self.output.bias, weights


# %% q3_4
def positional_encoding(length, d_model):
    pos, col = np.mgrid[:length, :d_model]
    angle = pos / np.float_power(10000, (col // 2 * 2) / d_model)
    return torch.from_numpy(np.where(col % 2, np.cos(angle), np.sin(angle)).astype(np.float32))


# %% q3_5
class EncoderClassifier(nn.Module):
    def __init__(self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256):
        super().__init__()
        self.p, self.h = dropout, num_heads
        d, L = d_model, num_layers
        self.emb = nn.Parameter(torch.randn(vocab_size, d) / d ** 0.5)
        self.w_qkv = nn.Parameter(torch.randn(L, 3, d, d) / d ** 0.5)
        self.b_qkv = nn.Parameter(torch.zeros(L, 3, d))
        self.w_o = nn.Parameter(torch.randn(L, d, d) / d ** 0.5)
        self.w_1 = nn.Parameter(torch.randn(L, d, d_ff) / d ** 0.5)
        self.b_1 = nn.Parameter(torch.zeros(L, d_ff))
        self.w_2 = nn.Parameter(torch.randn(L, d_ff, d) / d_ff ** 0.5)
        self.gain = nn.Parameter(torch.ones(L, 2, d))
        self.shift = nn.Parameter(torch.zeros(L, 2, d))
        self.out = nn.Parameter(torch.randn(d) / d ** 0.5)
        self.bias = nn.Parameter(torch.zeros(()))
        self.pe = positional_encoding(max_len, d)

    def encode(self, tokens, mask, training):
        drop = lambda t: F.dropout(t, self.p, training)
        n, d = tokens.size(1), self.emb.size(1)
        x = drop(F.embedding(tokens, self.emb) * d ** 0.5 + self.pe[:n])
        maps = []
        for l in range(len(self.w_qkv)):
            y = F.layer_norm(x, (d,), self.gain[l, 0], self.shift[l, 0])
            qkv = torch.einsum("bnd,cde->cbne", y, self.w_qkv[l]) + self.b_qkv[l][:, None, None]
            q, k, v = qkv.reshape(3, -1, n, self.h, d // self.h).transpose(2, 3)
            # padding neither looks nor is looked at
            both = mask[:, None, :, None] & mask[:, None, None, :]
            a = masked_softmax(q @ k.mT / (d // self.h) ** 0.5, both)
            maps.append(a)
            x = x + drop((drop(a) @ v).transpose(1, 2).reshape(-1, n, d) @ self.w_o[l])
            y = F.layer_norm(x, (d,), self.gain[l, 1], self.shift[l, 1])
            x = x + drop(drop(F.gelu(y @ self.w_1[l] + self.b_1[l])) @ self.w_2[l])
        return x, maps

    def forward(self, tokens, mask):
        x, _ = self.encode(tokens, mask, self.training)
        x = x.masked_fill(~mask[..., None], 0).sum(1) / mask.sum(1, keepdim=True)
        return x @ self.out + self.bias

    def attention_maps(self, tokens, mask):
        return self.encode(tokens, mask, False)[1]


# %% q3_6
def loss_of(model, batch):
    sequences, targets = zip(*batch)
    return F.binary_cross_entropy_with_logits(model(*pad_batch(sequences, 128)), torch.tensor(targets, dtype=torch.float32), reduction="sum")


def chunks(items, size):
    it = iter(items)
    from itertools import islice
    while part := list(islice(it, size)):
        yield part


def epochs(model, train_set, valid_set, optimizer, batch_size):
    """Train one epoch after the other, and yield both losses."""
    data, held_out = list(zip(*train_set)), list(zip(*valid_set))
    while True:
        model.train()
        total = torch.zeros(())
        for batch in chunks((data[i] for i in torch.randperm(len(data))), batch_size):
            optimizer.zero_grad()
            loss = loss_of(model, batch)
            (loss / len(batch)).backward()
            optimizer.step()
            total += loss.detach()
        model.eval()
        with torch.no_grad():
            valid = sum(loss_of(model, batch) for batch in chunks(held_out, 32))
        yield (total / len(data)).item(), (valid / len(held_out)).item()


def train(model, train_set, valid_set, max_epochs=4, patience=2, checkpoint="a07.safetensors", batch_size=64, lr=1e-3):
    optimizer = torch.optim.RAdam(model.parameters(), lr=lr)
    history, best, left = [], None, patience
    for _, losses in zip(range(max_epochs), epochs(model, train_set, valid_set, optimizer, batch_size)):
        if best is None or losses[1] < min(v for _, v in history):
            best, left = {k: v.clone() for k, v in model.state_dict().items()}, patience
        else:
            left -= 1
        history.append(losses)
        if not left:
            break
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            tensor.copy_(best[name])
    save_file(best, checkpoint)
    return {"train_loss": [t for t, _ in history], "valid_loss": [v for _, v in history]}


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    t = torch.tensor(tokens)[None]
    w = model.attention_maps(t, torch.ones_like(t) > 0)[layer][0, head, :limit, :limit].detach().numpy()
    fig, ax = plt.subplots(figsize=(7, 7))
    ax.imshow(w, extent=(0, len(w), len(w), 0), vmin=0, vmax=1)
    centres = np.arange(len(w)) + 0.5
    ax.set(xticks=centres, yticks=centres, xticklabels=words[:limit], yticklabels=words[:limit])
    plt.setp(ax.get_xticklabels(), rotation=90)
    plt.close(fig)
    return fig, w
