"""No padding ever reaches a layer: the classifier takes the reviews of a batch one by one, and
joins their maps in the end; attention, too, goes query by query over the keys that are allowed."""


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    batch, heads, n, d_k = query.shape
    m = key.shape[2]
    if mask is None:
        mask = torch.ones(m, dtype=torch.bool)
    mask = torch.broadcast_to(mask, (batch, heads, n, m))
    outputs, weights = [], []
    for b, h, i in np.ndindex(batch, heads, n):
        allowed = mask[b, h, i].nonzero()[:, 0]
        scores = key[b, h, allowed] @ query[b, h, i] / d_k**0.5
        some = torch.softmax(scores, dim=0)
        weights.append(torch.zeros(m, dtype=some.dtype).index_put((allowed,), some))
        outputs.append(some @ value[b, h, allowed])
    shape = (batch, heads, n)
    return torch.stack(outputs).view(*shape, -1), torch.stack(weights).view(*shape, m)


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)
        self.num_heads = num_heads

    def forward(self, x, mask):
        outputs, maps = [], []
        for rows, real in zip(x, mask, strict=True):
            q, k, v = (
                part(rows).unflatten(1, (self.num_heads, -1)).movedim(1, 0)
                for part in (self.query, self.key, self.value)
            )
            scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~real, -math.inf)
            maps.append(torch.softmax(scores, dim=-1))
            outputs.append(self.output((maps[-1] @ v).movedim(0, 1).flatten(1)))
        return torch.stack(outputs), torch.stack(maps)


# %% q3_5
class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.words = nn.Embedding(vocab_size, d_model)
        nn.init.normal_(self.words.weight, std=0.02)
        self.places = nn.Embedding(max_len, d_model)
        nn.init.normal_(self.places.weight, std=0.02)
        self.attention, self.blocks = nn.ModuleList(), nn.ModuleList()
        self.norms = nn.ModuleList()
        for _ in range(num_layers):
            self.attention.append(nn.MultiheadAttention(d_model, num_heads))
            self.blocks.append(
                nn.Sequential(nn.Linear(d_model, d_ff), nn.GELU(), nn.Linear(d_ff, d_model))
            )
            self.norms.extend([nn.LayerNorm(d_model), nn.LayerNorm(d_model)])
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(d_model, 1)

    def read(self, tokens):
        """One review without padding, (n,): its vectors (n, d_model) and its maps (h, n, n)."""
        x = self.dropout(8 * (self.words(tokens) + self.places.weight[: len(tokens)]))
        maps = []
        for number, attention in enumerate(self.attention):
            y = self.norms[2 * number](x)
            y, weights = attention(y, y, y, average_attn_weights=False)
            maps.append(weights)
            x = x + self.dropout(y)
            x = x + self.dropout(self.blocks[number](self.norms[2 * number + 1](x)))
        return x, maps

    def forward(self, tokens, mask):
        means = [self.read(row[real])[0].mean(dim=0) for row, real in zip(tokens, mask)]
        return self.last(torch.stack(means)).squeeze(dim=1)

    @torch.no_grad()
    def attention_maps(self, tokens, mask):
        mode = self.training
        self.eval()
        batch, n = tokens.shape
        heads = self.attention[0].num_heads
        joined = [torch.zeros(batch, heads, n, n) for _ in self.attention]
        for place, (row, real) in enumerate(zip(tokens, mask)):
            _, maps = self.read(row[real])
            length = int(real.sum())
            for layer, weights in zip(joined, maps):
                layer[place, :, :length, :length] = weights
        self.train(mode)
        return joined


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    """A picture whose words stand above it and to its right."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    ids = torch.tensor(tokens).view(1, -1)
    weights = model.attention_maps(ids, ids >= 0)[layer][0, head].detach().cpu().numpy()
    weights = np.ascontiguousarray(weights[:limit, :limit])
    figure, axes = plt.subplots(1, 1, figsize=(7, 7))
    axes.imshow(weights, interpolation="nearest", cmap="Greys")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator(range(len(weights))))
        axis.set_major_formatter(FixedFormatter(list(words[: len(weights)])))
    axes.xaxis.tick_top()
    axes.yaxis.tick_right()
    axes.tick_params(axis="x", rotation=90)
    return figure, weights
