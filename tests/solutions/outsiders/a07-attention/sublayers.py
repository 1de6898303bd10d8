"""Annotated Transformer: clones, own LayerNorm, SublayerConnection, self.attn kept with its graph."""
# %% q3_1
def pad_batch(sequences, max_len, pad_id=0):
    cut = [list(s[:max_len]) for s in sequences]
    longest = max(len(s) for s in cut)
    tokens = torch.full((len(cut), longest), pad_id, dtype=torch.long)
    mask = torch.zeros(len(cut), longest, dtype=torch.bool)
    for i, s in enumerate(cut):
        tokens[i, : len(s)] = torch.tensor(s, dtype=torch.long)
        mask[i, : len(s)] = True
    return tokens, mask


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    d_k = query.size(-1)
    scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(d_k)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p_attn = scores.softmax(dim=-1)
    if mask is not None:
        p_attn = p_attn * mask
    return torch.matmul(p_attn, value), p_attn


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        assert d_model % num_heads == 0
        self.d_k = d_model // num_heads
        self.h = num_heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)

    def forward(self, x, mask):
        nbatches = x.size(0)
        q, k, v = [
            lin(x).view(nbatches, -1, self.h, self.d_k).transpose(1, 2)
            for lin in (self.query, self.key, self.value)
        ]
        out, self.attn = scaled_dot_product_attention(q, k, v, mask.unsqueeze(1).unsqueeze(1))
        out = out.transpose(1, 2).contiguous().view(nbatches, -1, self.h * self.d_k)
        return self.output(out), self.attn


# %% q3_4
def positional_encoding(length, d_model):
    pe = torch.zeros(length, d_model)
    position = torch.arange(0, length).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, d_model, 2) * -(math.log(10000.0) / d_model))
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)[:, : d_model // 2]
    return pe


# %% q3_5
import copy


def clones(module, N):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(N)])


class LayerNorm(nn.Module):
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


class MultiHeadedAttention(nn.Module):
    def __init__(self, h, d_model, dropout=0.1):
        super().__init__()
        assert d_model % h == 0
        self.d_k = d_model // h
        self.h = h
        self.linears = clones(nn.Linear(d_model, d_model), 4)
        self.attn = None
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, query, key, value, mask=None):
        mask = mask.unsqueeze(1)
        nb = query.size(0)
        query, key, value = [
            lin(x).view(nb, -1, self.h, self.d_k).transpose(1, 2)
            for lin, x in zip(self.linears, (query, key, value))
        ]
        scores = query @ key.transpose(-2, -1) / math.sqrt(self.d_k)
        scores = scores.masked_fill(mask == 0, -1e9)
        self.attn = scores.softmax(-1)
        x = self.dropout(self.attn) @ value
        x = x.transpose(1, 2).contiguous().view(nb, -1, self.h * self.d_k)
        return self.linears[-1](x)


class PositionwiseFeedForward(nn.Module):
    def __init__(self, d_model, d_ff, dropout=0.1):
        super().__init__()
        self.w_1 = nn.Linear(d_model, d_ff)
        self.w_2 = nn.Linear(d_ff, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.w_2(self.dropout(self.w_1(x).relu()))


class EncoderLayer(nn.Module):
    def __init__(self, size, self_attn, feed_forward, dropout):
        super().__init__()
        self.self_attn = self_attn
        self.feed_forward = feed_forward
        self.sublayer = clones(SublayerConnection(size, dropout), 2)
        self.size = size

    def forward(self, x, mask):
        x = self.sublayer[0](x, lambda x: self.self_attn(x, x, x, mask))
        return self.sublayer[1](x, self.feed_forward)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout, max_len):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        self.register_buffer("pe", positional_encoding(max_len, d_model).unsqueeze(0))

    def forward(self, x):
        return self.dropout(x + self.pe[:, : x.size(1)].requires_grad_(False))


class EncoderClassifier(nn.Module):
    def __init__(self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256):
        super().__init__()
        c = copy.deepcopy
        attn = MultiHeadedAttention(num_heads, d_model, dropout)
        ff = PositionwiseFeedForward(d_model, d_ff, dropout)
        self.layers = clones(EncoderLayer(d_model, c(attn), c(ff), dropout), num_layers)
        self.norm = LayerNorm(d_model)
        self.position = PositionalEncoding(d_model, dropout, max_len)
        self.generator = nn.Linear(d_model, 1)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)
        self.lut = nn.Embedding(vocab_size, d_model)
        nn.init.normal_(self.lut.weight, std=d_model ** -0.5)
        self.d_model = d_model

    def forward(self, tokens, mask):
        x = self.position(self.lut(tokens) * math.sqrt(self.d_model))
        for layer in self.layers:
            x = layer(x, mask.unsqueeze(-2))
        x = self.norm(x)
        x = (x * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        return self.generator(x).squeeze(-1)

    def attention_maps(self, tokens, mask):
        was_training = self.training
        self.eval()
        self(tokens, mask)
        self.train(was_training)
        return [layer.self_attn.attn for layer in self.layers]


# %% q3_6
def data_gen(data, batch_size, shuffle):
    xs, ys = data
    order = torch.randperm(len(xs)).tolist() if shuffle else list(range(len(xs)))
    for start in range(0, len(order), batch_size):
        ids = order[start : start + batch_size]
        tokens, mask = pad_batch([xs[i] for i in ids], 128)
        yield tokens, mask, torch.tensor([ys[i] for i in ids]).float()


def run_epoch(data_iter, model, criterion, optimizer=None):
    total, n = 0.0, 0
    for tokens, mask, y in data_iter:
        loss = criterion(model(tokens, mask), y)
        if optimizer is not None:
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        total += loss.item() * len(y)
        n += len(y)
    return total / n


def train(model, train_set, valid_set, max_epochs=4, patience=2, checkpoint="a07.safetensors", batch_size=64, lr=1e-3):
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.98), eps=1e-9)
    history = {"train_loss": [], "valid_loss": []}
    best, bad = float("inf"), 0
    for epoch in range(max_epochs):
        model.train()
        history["train_loss"].append(run_epoch(data_gen(train_set, batch_size, True), model, criterion, optimizer))
        model.eval()
        with torch.no_grad():
            loss = run_epoch(data_gen(valid_set, batch_size, False), model, criterion)
        history["valid_loss"].append(loss)
        if loss < best:
            best, bad = loss, 0
            save_file(model.state_dict(), checkpoint)
        else:
            bad += 1
            if bad >= patience:
                break
    model.load_state_dict(load_file(checkpoint))
    return history


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    batch = torch.tensor([tokens])
    maps = model.attention_maps(batch, torch.ones_like(batch, dtype=torch.bool))
    n = min(limit, len(tokens))
    w = maps[layer][0, head, :n, :n].detach().numpy()
    fig, ax = plt.subplots(figsize=(9, 9))
    ax.imshow(w, cmap="viridis")
    ax.set_xticks(range(n), words[:n], rotation=90)
    ax.set_yticks(range(n), words[:n])
    ax.set_xlabel("key")
    ax.set_ylabel("query")
    fig.tight_layout()
    return fig, w
