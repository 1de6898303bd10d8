"""T5: one relative position bias table shared by the layers, unscaled scores, T5LayerNorm, Adafactor, stacked maps."""
# %% q3_1
from itertools import zip_longest


def pad_batch(sequences, max_len, pad_id=0):
    cut = [seq[:max_len] for seq in sequences]
    columns = list(zip_longest(*cut, fillvalue=None))
    tokens = torch.tensor([[pad_id if t is None else t for t in column] for column in columns]).t().contiguous()
    mask = torch.tensor([[t is not None for t in column] for column in columns]).t()
    return tokens, mask


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    if mask is None:
        mask = torch.ones((), dtype=torch.bool)
    # softmax by hand: the largest allowed score is subtracted before exp
    allowed = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    top = allowed.max(dim=-1, keepdim=True).values.detach()
    e = torch.exp(allowed - top) * mask
    weights = e / e.sum(dim=-1, keepdim=True).clamp(min=torch.finfo(scores.dtype).tiny)
    return weights @ value, weights


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.inner, self.h = d_model // num_heads, num_heads
        self.query, self.key = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)
        self.value, self.output = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)

    def forward(self, x, mask):
        def shape(projection):
            return projection.reshape(x.shape[0], x.shape[1], self.h, self.inner).transpose(1, 2)

        pairs = mask[:, None, None, :].expand(-1, self.h, x.shape[1], -1)
        context, weights = scaled_dot_product_attention(shape(self.query(x)), shape(self.key(x)), shape(self.value(x)), pairs)
        return self.output(context.transpose(1, 2).reshape(x.shape)), weights


# %% q3_4
def positional_encoding(length, d_model):
    i = torch.arange(0, d_model, 2).repeat_interleave(2)[:d_model]
    phase = torch.zeros(d_model)
    phase[1::2] = math.pi / 2
    return torch.sin(torch.arange(length)[:, None] / torch.pow(10000.0, i / d_model) + phase)


# %% q3_5
class T5LayerNorm(nn.Module):
    def __init__(self, hidden_size, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size))
        self.variance_epsilon = eps

    def forward(self, hidden_states):
        variance = hidden_states.pow(2).mean(-1, keepdim=True)
        return self.weight * hidden_states * torch.rsqrt(variance + self.variance_epsilon)


def relative_position_bucket(relative_position, num_buckets=32, max_distance=128):
    num_buckets //= 2
    buckets = (relative_position > 0).long() * num_buckets
    relative_position = relative_position.abs()
    max_exact = num_buckets // 2
    large = max_exact + (
        torch.log(relative_position.float().clamp(min=1) / max_exact) / math.log(max_distance / max_exact) * (num_buckets - max_exact)
    ).long()
    large = large.clamp(max=num_buckets - 1)
    return buckets + torch.where(relative_position < max_exact, relative_position, large)


class T5Attention(nn.Module):
    def __init__(self, d_model, heads, dropout):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(d_model, d_model, bias=False) for _ in range(4))
        self.heads, self.dropout = heads, dropout
        d = d_model
        nn.init.normal_(self.q.weight, std=(d * (d // heads)) ** -0.5)
        for w in (self.k.weight, self.v.weight, self.o.weight):
            nn.init.normal_(w, std=d ** -0.5)

    def forward(self, x, position_bias):
        b, n, d = x.shape
        q, k, v = (f(x).view(b, n, self.heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        scores = q @ k.transpose(3, 2)  # T5 does not scale
        scores += position_bias
        weights = F.softmax(scores.float(), dim=-1).type_as(scores)
        out = F.dropout(weights, p=self.dropout, training=self.training) @ v
        return self.o(out.transpose(1, 2).contiguous().view(b, n, d)), weights


class T5Block(nn.Module):
    def __init__(self, d_model, heads, d_ff, dropout):
        super().__init__()
        self.norm1, self.norm2 = T5LayerNorm(d_model), T5LayerNorm(d_model)
        self.attention = T5Attention(d_model, heads, dropout)
        self.wi, self.wo = nn.Linear(d_model, d_ff, bias=False), nn.Linear(d_ff, d_model, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, bias):
        a, w = self.attention(self.norm1(x), bias)
        x = x + self.dropout(a)
        return x + self.dropout(self.wo(self.dropout(F.relu(self.wi(self.norm2(x)))))), w


class EncoderClassifier(nn.Module):
    def __init__(self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256):
        super().__init__()
        self.shared = nn.Embedding(vocab_size, d_model)
        self.relative_attention_bias = nn.Embedding(32, num_heads)
        self.block = nn.ModuleList([T5Block(d_model, num_heads, d_ff, dropout) for _ in range(num_layers)])
        self.final_layer_norm = T5LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(d_model, 1)

    def stack(self, tokens, mask):
        n = tokens.shape[1]
        relative = torch.arange(n)[None, :] - torch.arange(n)[:, None]
        bias = self.relative_attention_bias(relative_position_bucket(relative)).permute(2, 0, 1)[None]
        bias = bias.masked_fill(~mask[:, None, None, :], torch.finfo(torch.float32).min)
        x, maps = self.dropout(self.shared(tokens)), []
        for block in self.block:
            x, w = block(x, bias)
            maps.append(w)
        return self.dropout(self.final_layer_norm(x)), maps

    def forward(self, tokens, mask):
        x, _ = self.stack(tokens, mask)
        m = mask.float()[:, :, None]
        return self.classifier(torch.sum(x * m, 1) / torch.sum(m, 1)).squeeze(-1)

    @torch.no_grad()
    def attention_maps(self, tokens, mask):
        mode = self.training
        self.train(False)
        maps = torch.stack(self.stack(tokens, mask)[1])
        self.train(mode)
        return maps


# %% q3_6
class EarlyStopping:
    def __init__(self, patience, path):
        self.patience, self.path = patience, path
        self.counter, self.best = 0, None

    def __call__(self, loss, model):
        if self.best is None or loss < self.best:
            self.best, self.counter = loss, 0
            save_file({k: v.contiguous() for k, v in model.state_dict().items()}, self.path)
        else:
            self.counter += 1
        return self.counter >= self.patience


def evaluate(model, reviews, size):
    was = model.training
    model.eval()
    losses = []
    with torch.no_grad():
        for s in range(0, len(reviews[0]), size):
            x, m = pad_batch(reviews[0][s : s + size], max_len=128)
            losses.append(F.binary_cross_entropy_with_logits(model(x, m), torch.tensor(reviews[1][s : s + size]).float(), reduction="none"))
    model.train(was)
    return torch.cat(losses).mean().item()


def train(model, train_set, valid_set, max_epochs=4, patience=2, checkpoint="a07.safetensors", batch_size=64, lr=1e-3):
    optimizer = torch.optim.Adafactor(model.parameters(), lr=lr)
    stopper = EarlyStopping(patience, checkpoint)
    history = {"train_loss": [], "valid_loss": []}
    for epoch in range(max_epochs):
        model.train()
        # batches of similar length, in a random order
        by_length = sorted(range(len(train_set[0])), key=lambda i: len(train_set[0][i]))
        batches = [by_length[i : i + batch_size] for i in range(0, len(by_length), batch_size)]
        for k in torch.randperm(len(batches)):
            x, m = pad_batch([train_set[0][i] for i in batches[k]], max_len=128)
            y = torch.tensor([train_set[1][i] for i in batches[k]]).float()
            model.zero_grad()
            F.binary_cross_entropy_with_logits(model(x, m), y).backward()
            optimizer.step()
        # measured after the epoch, as the sheet allows
        history["train_loss"].append(evaluate(model, train_set, batch_size))
        history["valid_loss"].append(evaluate(model, valid_set, batch_size))
        if stopper(history["valid_loss"][-1], model):
            break
    model.load_state_dict(load_file(checkpoint))
    return history


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    ids = torch.tensor(tokens).unsqueeze(0)
    weights = model.attention_maps(ids, torch.ones_like(ids).bool())[layer][0, head]
    weights = np.asarray(weights.detach())[:limit, :limit]
    words = words[:limit]
    figure, ax = plt.subplots(figsize=(0.3 * len(words) + 1, 0.3 * len(words) + 1))
    ax.imshow(weights, cmap="Greys")
    # words written by hand along both sides
    ax.set_xticks([])
    ax.set_yticks([])
    for i, word in enumerate(words):
        ax.text(-0.8, i, word, ha="right", va="center", fontsize=7)
        ax.text(i, -0.8, word, ha="center", va="bottom", rotation=90, fontsize=7)
    return figure, weights
