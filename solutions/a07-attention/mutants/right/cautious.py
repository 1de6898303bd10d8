"""Belt and braces: inputs copied, types forced, contiguous tensors and views; the weights
started by Xavier; the file written at once and read back with the library's load_model."""


# %% q3_1
def pad_batch(sequences, max_len, pad_id=0):
    copies = [list(map(int, sequence)) for sequence in sequences]
    copies = [sequence[:max_len] for sequence in copies]
    length = max(len(sequence) for sequence in copies)
    mask = torch.tensor([[1] * len(s) + [0] * (length - len(s)) for s in copies]).bool()
    tokens = torch.tensor([s + [pad_id] * (length - len(s)) for s in copies]).long()
    return tokens, mask


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    batch, heads, n, d_k = query.shape
    m = key.shape[2]
    q = query.contiguous().view(batch * heads, n, d_k) / d_k**0.25
    k = key.contiguous().view(batch * heads, m, d_k) / d_k**0.25
    scores = torch.bmm(q, k.transpose(1, 2)).view(batch, heads, n, m)
    if mask is not None:
        allowed = mask.expand(batch, heads, n, m)
        empty = ~allowed.any(dim=-1, keepdim=True)
        # An empty row attends to everything at first, so that no NaN arises, and to nothing then.
        scores = scores.masked_fill(~(allowed | empty), float("-inf"))
        weights = torch.nn.functional.softmax(scores, dim=-1).masked_fill(empty, 0.0)
    else:
        weights = torch.nn.functional.softmax(scores, dim=-1)
    output = torch.bmm(
        weights.reshape(batch * heads, n, m), value.reshape(batch * heads, m, value.shape[3])
    )
    return [output.view(batch, heads, n, -1), weights]


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model: int, num_heads: int):
        super().__init__()
        assert d_model % num_heads == 0
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)
        self.h = num_heads

    def forward(self, x, mask):
        batch, n, d_model = x.size()
        q, k, v = [
            torch.stack(part(x).chunk(self.h, dim=-1), dim=1)
            for part in (self.query, self.key, self.value)
        ]
        pairs = (mask[:, :, None] & mask[:, None, :])[:, None]
        context, weights = scaled_dot_product_attention(q, k, v, pairs)
        context = context.permute(0, 2, 1, 3).contiguous().view(batch, n, d_model)
        return self.output(context), weights


# %% q3_4
def positional_encoding(length, d_model):
    pe = torch.zeros(length, d_model, requires_grad=False)
    position = torch.arange(0, length, dtype=torch.float).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
    pe[:, 0::2] = torch.sin(position * div_term)
    if d_model % 2:
        pe[:, 1::2] = torch.cos(position * div_term[:-1])
    else:
        pe[:, 1::2] = torch.cos(position * div_term)
    return pe


# %% q3_5
class TransformerLayer(nn.Module):
    def __init__(self, d_model, num_heads, d_ff, dropout):
        super().__init__()
        self.attention = MultiHeadSelfAttention(d_model, num_heads)
        self.feed_forward = nn.Sequential(
            nn.Linear(d_model, d_ff), nn.ReLU(), nn.Dropout(dropout), nn.Linear(d_ff, d_model)
        )
        self.norms = nn.ModuleList([nn.LayerNorm(d_model), nn.LayerNorm(d_model)])
        self.dropouts = nn.ModuleList([nn.Dropout(dropout), nn.Dropout(dropout)])

    def forward(self, x, mask):
        out, weights = self.attention(x, mask)
        x = self.norms[0](x + self.dropouts[0](out))
        x = self.norms[1](x + self.dropouts[1](self.feed_forward(x)))
        # Padded rows are kept at zero.
        return x * mask.unsqueeze(-1), weights


class EncoderClassifier(nn.Module):
    def __init__(
        self,
        vocab_size,
        d_model=64,
        num_heads=4,
        num_layers=2,
        d_ff=128,
        dropout=0.1,
        max_len=256,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.register_buffer("pe", positional_encoding(max_len, d_model).unsqueeze(0))
        self.layers = nn.ModuleList(
            [TransformerLayer(d_model, num_heads, d_ff, dropout) for _ in range(num_layers)]
        )
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(d_model, 1)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def forward(self, tokens, mask, return_weights=False):
        x = self.embedding(tokens.long()) * math.sqrt(self.embedding.embedding_dim)
        x = self.dropout(x + self.pe[:, : tokens.size(1)])
        all_weights = []
        for layer in self.layers:
            x, weights = layer(x, mask)
            all_weights.append(weights.detach())
        real = mask.unsqueeze(-1).float()
        mean = (x * real).sum(dim=1) / real.sum(dim=1).clamp(min=1.0)
        logits = self.fc(mean).view(-1)
        return (logits, all_weights) if return_weights else logits

    def attention_maps(self, tokens, mask):
        if self.training:
            self.eval()
            _, maps = self.forward(tokens, mask, return_weights=True)
            self.train()
        else:
            _, maps = self.forward(tokens, mask, return_weights=True)
        return maps


# %% q3_6
from safetensors.torch import load_model, save_model


def train(
    model,
    train_set,
    valid_set,
    max_epochs=4,
    patience=2,
    checkpoint="a07.safetensors",
    batch_size=64,
    lr=1e-3,
):
    sequences, labels = list(train_set[0]), list(train_set[1])
    optimizer = torch.optim.AdamW(model.parameters(), lr, betas=(0.9, 0.98))
    history = dict(train_loss=[], valid_loss=[])
    best_valid = None
    stale = 0
    for _ in range(max_epochs):
        model.train(True)
        order = np.random.permutation(len(sequences))
        parts = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
        running = []
        for part in parts:
            tokens, mask = pad_batch([sequences[i] for i in part], 128, 0)
            y = torch.tensor([labels[i] for i in part]).to(torch.float32)
            each = F.binary_cross_entropy_with_logits(model(tokens, mask), y, reduction="none")
            running.extend(each.tolist())
            model.zero_grad(set_to_none=False)
            each.mean().backward()
            optimizer.step()
        history["train_loss"].append(float(np.mean(running)))
        model.train(False)
        with torch.no_grad():
            tokens, mask = pad_batch(valid_set[0], 128)
            y = torch.tensor([float(label) for label in valid_set[1]])
            valid = F.binary_cross_entropy_with_logits(model(tokens, mask), y).numpy()
        history["valid_loss"].append(np.float64(valid))
        if best_valid is None or valid < best_valid:
            best_valid, stale = valid, 0
            save_model(model, checkpoint)
        else:
            stale += 1
        if stale == patience:
            break
    load_model(model, checkpoint)
    return history


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        tokens = torch.tensor(list(tokens), dtype=torch.long)[None, :]
        maps = model.attention_maps(tokens, torch.ones_like(tokens).bool())
    model.train(was_training)
    n = min(limit, tokens.shape[1])
    weights = maps[layer][0, head].float().numpy()[:n, :n]
    fig, ax = plt.subplots(figsize=(10, 10))
    im = ax.imshow(weights, cmap="viridis", origin="lower")
    plt.colorbar(im, ax=ax)
    plt.xticks(range(n), [f"{i}: {w}" for i, w in enumerate(words[:n])], rotation=45)
    plt.yticks(range(n), [f"{i}: {w}" for i, w in enumerate(words[:n])])
    plt.tight_layout()
    return fig, weights
