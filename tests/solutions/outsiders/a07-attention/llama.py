"""LLaMA: RMSNorm, SwiGLU, rotary positions, no biases; logsumexp softmax; ReduceLROnPlateau; tuple of maps."""
# %% q3_1
def pad_batch(sequences, max_len, pad_id=0):
    lengths = [min(len(s), max_len) for s in sequences]
    tokens = torch.full((len(sequences), max(lengths)), pad_id, dtype=torch.int64)
    mask = torch.arange(max(lengths)).expand(len(lengths), -1) < torch.tensor(lengths).unsqueeze(-1)
    tokens[mask] = torch.tensor([t for s in sequences for t in s[:max_len]], dtype=torch.int64)
    return tokens, mask


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    if mask is None:
        weights = torch.exp(scores - scores.logsumexp(-1, keepdim=True))
        return weights @ value, weights
    mask = mask.expand_as(scores)
    live = mask.any(-1)
    # only rows that may attend to something are normalised
    rows = scores[live].masked_fill(~mask[live], -math.inf)
    rows = torch.exp(rows - rows.logsumexp(-1, keepdim=True))
    weights = torch.zeros_like(scores)
    weights[live] = rows
    return weights @ value, weights


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(d_model, d_model, bias=True)
        self.key = nn.Linear(d_model, d_model, bias=True)
        self.value = nn.Linear(d_model, d_model, bias=True)
        self.output = nn.Linear(d_model, d_model, bias=True)

    def _heads(self, t):
        return t.unflatten(-1, (self.num_heads, -1)).movedim(-2, -3)

    def forward(self, x, mask):
        q, k, v = (self._heads(f(x)) for f in (self.query, self.key, self.value))
        out, weights = scaled_dot_product_attention(q, k, v, mask.view(x.size(0), 1, 1, x.size(1)))
        return self.output(out.movedim(-3, -2).flatten(-2)), weights


# %% q3_4
def positional_encoding(length, d_model):
    half = (d_model + 1) // 2
    theta = 10000 ** (-torch.arange(half, dtype=torch.double) * 2 / d_model)
    z = torch.polar(torch.ones(length, half, dtype=torch.double), torch.outer(torch.arange(length, dtype=torch.double), theta))
    return torch.view_as_real(z).flip(-1).reshape(length, 2 * half)[:, :d_model].to(torch.float32)


# %% q3_5
class RMSNorm(nn.Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotate(x, cos, sin):
    # pairs (first half, second half); an odd last column stays as it is
    half = cos.shape[-1]
    a, b, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    return torch.cat([a * cos - b * sin, a * sin + b * cos, rest], dim=-1)


class Attention(nn.Module):
    def __init__(self, dim, n_heads):
        super().__init__()
        self.n_heads, self.head_dim = n_heads, dim // n_heads
        self.wq = nn.Linear(dim, dim, bias=False)
        self.wk = nn.Linear(dim, dim, bias=False)
        self.wv = nn.Linear(dim, dim, bias=False)
        self.wo = nn.Linear(dim, dim, bias=False)

    def forward(self, x, mask, cos, sin):
        B, N, _ = x.shape
        xq, xk, xv = (w(x).view(B, N, self.n_heads, self.head_dim).transpose(1, 2) for w in (self.wq, self.wk, self.wv))
        xq, xk = rotate(xq, cos[:N], sin[:N]), rotate(xk, cos[:N], sin[:N])
        out, weights = scaled_dot_product_attention(xq, xk, xv, mask[:, None, None, :])
        return self.wo(out.transpose(1, 2).reshape(B, N, -1)), weights


class FeedForward(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.w1 = nn.Linear(dim, hidden, bias=False)
        self.w2 = nn.Linear(hidden, dim, bias=False)
        self.w3 = nn.Linear(dim, hidden, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class TransformerBlock(nn.Module):
    def __init__(self, dim, heads, hidden, dropout):
        super().__init__()
        self.attention, self.feed_forward = Attention(dim, heads), FeedForward(dim, hidden)
        self.attention_norm, self.ffn_norm = RMSNorm(dim), RMSNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask, cos, sin):
        h, weights = self.attention(self.attention_norm(x), mask, cos, sin)
        h = x + self.dropout(h)
        return h + self.dropout(self.feed_forward(self.ffn_norm(h))), weights


class EncoderClassifier(nn.Module):
    def __init__(self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256):
        super().__init__()
        self.tok_embeddings = nn.Embedding(vocab_size, d_model)
        nn.init.normal_(self.tok_embeddings.weight, std=d_model ** -0.5)
        self.scale = d_model ** 0.5
        self.layers = nn.ModuleList(TransformerBlock(d_model, num_heads, d_ff, dropout) for _ in range(num_layers))
        self.norm = RMSNorm(d_model)
        self.output = nn.Linear(d_model, 1, bias=False)
        half = d_model // num_heads // 2
        freqs = torch.outer(torch.arange(max_len).float(), 10000 ** (-torch.arange(half).float() / max(half, 1)))
        self.register_buffer("cos", freqs.cos(), persistent=False)
        self.register_buffer("sin", freqs.sin(), persistent=False)

    def _run(self, tokens, mask):
        h, maps = self.tok_embeddings(tokens) * self.scale, ()
        for layer in self.layers:
            h, w = layer(h, mask, self.cos, self.sin)
            maps += (w,)
        return self.norm(h), maps

    def forward(self, tokens, mask):
        h, _ = self._run(tokens, mask)
        pooled = torch.einsum("bnd,bn->bd", h, mask / mask.sum(-1, keepdim=True))
        return self.output(pooled).reshape(tokens.shape[0])

    def attention_maps(self, tokens, mask):
        training = self.training
        try:
            return self.eval()._run(tokens, mask)[1]
        finally:
            self.train(training)


# %% q3_6
import random


def _loss(model, reviews, ids):
    tokens, mask = pad_batch([reviews[0][i] for i in ids], 128)
    target = torch.tensor([float(reviews[1][i]) for i in ids])
    z = model(tokens, mask)
    return (F.softplus(z) - target * z).sum()


def train(model, train_set, valid_set, max_epochs=4, patience=2, checkpoint="a07.safetensors", batch_size=64, lr=1e-3):
    optimizer = torch.optim.NAdam(model.parameters(), lr=lr)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    n_train, n_valid = len(train_set[1]), len(valid_set[1])
    train_losses, valid_losses, best = [], [], None
    ids = list(range(n_train))
    for _ in range(max_epochs):
        model.train()
        random.shuffle(ids)
        total = 0.0
        for chunk in (ids[i : i + batch_size] for i in range(0, n_train, batch_size)):
            optimizer.zero_grad()
            loss = _loss(model, train_set, chunk)
            (loss / len(chunk)).backward()
            optimizer.step()
            total += float(loss.detach())
        train_losses.append(total / n_train)
        model.eval()
        with torch.no_grad():
            valid_loss = sum(float(_loss(model, valid_set, range(i, min(i + 100, n_valid)))) for i in range(0, n_valid, 100)) / n_valid
        plateau.step(valid_loss)
        if best is None or valid_loss < min(valid_losses):
            best = {name: t.cpu().clone() for name, t in model.state_dict().items()}
        valid_losses.append(valid_loss)
        if len(valid_losses) - 1 - valid_losses.index(min(valid_losses)) >= patience:
            break
    model.load_state_dict(best)
    save_file(model.state_dict(), checkpoint)
    return dict(train_loss=train_losses, valid_loss=valid_losses)


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    t = torch.tensor([tokens])
    w = model.attention_maps(t, torch.full_like(t, True, dtype=torch.bool))[layer][0, head].detach().numpy()
    n = min(limit, len(tokens))
    w = w[:n, :n]
    fig, ax = plt.subplots()
    edges = np.arange(n + 1)
    ax.pcolor(edges, edges, w)
    ax.set_ylim(n, 0)
    ax.xaxis.tick_top()
    ax.set_xticks(edges[:-1] + 0.5)
    ax.set_yticks(edges[:-1] + 0.5)
    ax.set_xticklabels(words[:n], rotation=60, ha="left", fontsize=6)
    ax.set_yticklabels(words[:n], fontsize=6)
    return fig, w
