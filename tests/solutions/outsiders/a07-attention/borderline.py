"""What few people do and nobody forbids: embeddings with a largest norm, one product for queries, keys
and values, a norm between attention and its output, relative positions alone."""

# %% q3_5
class Block(nn.Module):
    def __init__(self, dim, heads, hidden, dropout, longest):
        super().__init__()
        self.heads, self.longest = heads, longest
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.relative = nn.Embedding(2 * longest + 1, heads)
        self.out = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim, bias=False), nn.Dropout(dropout))
        self.mlp = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * hidden), nn.GLU(), nn.Linear(hidden, dim)
        )
        self.norm = nn.LayerNorm(dim)

    def forward(self, x, mask):
        q, k, v = self.qkv(self.norm(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        places = torch.arange(x.shape[1])
        bias = self.relative(places[None] - places[:, None] + self.longest).permute(2, 0, 1)
        scores = q @ k.mT * q.shape[-1] ** -0.5 + bias
        weights = scores.masked_fill(~mask[:, None, None], float("-inf")).softmax(-1)
        x = x + self.out((weights @ v).transpose(1, 2).flatten(2))
        return x + self.mlp(x), weights


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.words = nn.Embedding(vocab_size, d_model, max_norm=math.sqrt(d_model))
        self.blocks = nn.ModuleList(
            Block(d_model, num_heads, d_ff, dropout, max_len) for _ in range(num_layers)
        )
        self.logit = nn.Linear(d_model, 1)

    def read(self, tokens, mask):
        x, maps = self.words(tokens), []
        for block in self.blocks:
            x, weights = block(x, mask)
            maps.append(weights)
        return x, maps

    def forward(self, tokens, mask):
        x, _ = self.read(tokens, mask)
        return self.logit((x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)).squeeze(1)

    @torch.no_grad()
    def attention_maps(self, tokens, mask):
        before = self.training
        self.eval()
        maps = self.read(tokens, mask)[1]
        self.train(before)
        return maps
