"""NumPy wherever it serves: padding, positions and history are made in it, in float64 where that is
its habit; attention is computed in float64 and cast back; the picture is drawn with pcolormesh."""


# %% q3_1
def pad_batch(sequences, max_len, pad_id=0):
    length = min(max(map(len, sequences)), max_len)
    tokens = np.full((len(sequences), length), pad_id, dtype=np.int64)
    mask = np.zeros((len(sequences), length), dtype=bool)
    for i, sequence in enumerate(sequences):
        kept = np.asarray(sequence[:max_len], dtype=np.int64)
        tokens[i, : len(kept)] = kept
        mask[i, : len(kept)] = True
    return torch.from_numpy(tokens), torch.from_numpy(mask)


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    scores = query.double() @ key.double().transpose(2, 3) / np.sqrt(query.shape[3])
    if mask is None:
        mask = torch.ones(1, 1, 1, 1, dtype=torch.bool)
    scores = scores - scores.masked_fill(~mask, -1e30).amax(-1, keepdim=True).detach()
    powers = torch.exp(scores.clamp(max=0)) * mask
    weights = powers / powers.sum(-1, keepdim=True).clamp(min=1e-300)
    return (weights @ value.double()).to(value.dtype), weights.to(query.dtype)


# %% q3_4
def positional_encoding(length, d_model):
    columns = np.arange(d_model)
    angles = np.arange(length)[:, np.newaxis] / np.power(10000, 2 * (columns // 2) / d_model)
    angles[:, 0::2] = np.sin(angles[:, 0::2])
    angles[:, 1::2] = np.cos(angles[:, 1::2])
    return torch.from_numpy(angles)


# %% q3_5
class Layer(nn.Module):
    """The student's own attention, and normalisation before each part."""

    def __init__(self, d_model, num_heads, d_ff, dropout):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.attention = MultiHeadSelfAttention(d_model, num_heads)
        self.linear1, self.linear2 = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.dropout1, self.dropout2 = nn.Dropout(dropout), nn.Dropout(dropout)
        self.weights = None

    def forward(self, x, mask):
        attended, self.weights = self.attention(self.norm1(x), mask)
        x = x + self.dropout1(attended)
        return x + self.linear2(self.dropout2(F.relu(self.linear1(self.norm2(x)))))


class EncoderClassifier(nn.Module):
    """Positions are made in forward; attention_maps runs forward and collects what layers kept."""

    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.d_model = d_model
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.encoder = nn.ModuleDict(
            {f"layer{i}": Layer(d_model, num_heads, d_ff, dropout) for i in range(num_layers)}
        )
        self.head = nn.Sequential(nn.Linear(d_model, d_model), nn.Tanh(), nn.Linear(d_model, 1))

    def forward(self, tokens, mask):
        x = self.embedding(tokens) * np.sqrt(self.d_model)
        x = x + positional_encoding(tokens.shape[1], self.d_model).float()
        for layer in self.encoder.values():
            x = layer(x, mask)
        means = [row[real].mean(0) for row, real in zip(x, mask, strict=True)]
        return self.head(torch.stack(means)).reshape(-1)

    @torch.no_grad()
    def attention_maps(self, tokens, mask):
        before = self.training
        self.eval()
        self(tokens, mask)
        self.train(before)
        return [layer.weights for layer in self.encoder.values()]


# %% q3_6
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
    """Losses of single reviews are gathered and averaged by NumPy; reviews go by length."""

    def losses_of(reviews, chosen):
        tokens, mask = pad_batch([reviews[0][i] for i in chosen], max_len=128)
        target = torch.from_numpy(np.asarray(reviews[1], dtype=np.float32)[chosen])
        return F.binary_cross_entropy_with_logits(model(tokens, mask), target, reduction="none")

    def in_batches(reviews):
        order = np.argsort([len(sequence) for sequence in reviews[0]], kind="stable")
        return np.split(order, np.arange(batch_size, len(order), batch_size))

    optimizer = torch.optim.RMSprop(model.parameters(), lr=lr)
    history = {"train_loss": [], "valid_loss": []}
    rng = np.random.default_rng(0)
    for epoch in range(max_epochs):
        model.train()
        chosen_batches = in_batches(train_set)
        for number in rng.permutation(len(chosen_batches)):
            losses = losses_of(train_set, chosen_batches[number])
            model.zero_grad()
            losses.mean().backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            for name, reviews in (("train_loss", train_set), ("valid_loss", valid_set)):
                parts = [losses_of(reviews, chosen).numpy() for chosen in in_batches(reviews)]
                history[name].append(np.concatenate(parts).astype(np.float64).mean())
        best = int(np.argmin(history["valid_loss"]))
        if best == epoch:
            save_file(model.state_dict(), checkpoint)
        if epoch - best >= patience:
            break
    model.load_state_dict(load_file(checkpoint))
    return history


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    """pcolormesh, with the first query on top, so its axis is turned around."""
    tokens = torch.tensor([tokens])
    maps = model.attention_maps(tokens, torch.ones(tokens.shape, dtype=torch.bool))
    weights = np.array(maps[layer].detach())[0, head][:limit, :limit]
    figure = plt.figure(figsize=(6, 6))
    axes = figure.add_subplot()
    axes.pcolormesh(weights, vmin=0, vmax=1)
    centres = np.arange(len(weights)) + 0.5
    axes.set_xticks(centres, words[: len(weights)], rotation=60)
    axes.set_yticks(centres, words[: len(weights)])
    axes.invert_yaxis()
    return figure, weights
