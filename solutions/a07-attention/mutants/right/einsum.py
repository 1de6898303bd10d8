"""einsum for every product; minus infinity and nan_to_num for empty rows; sines as the imaginary
part of a complex exponential; rotary positions inside the classifier in place of added ones."""


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    scores = torch.einsum("bhnd,bhmd->bhnm", query * query.shape[-1] ** -0.5, key)
    if mask is not None:
        scores = torch.where(mask, scores, -torch.inf)
    weights = torch.nan_to_num(F.softmax(scores, dim=-1), nan=0.0)
    return torch.einsum("bhnm,bhmd->bhnd", weights, value), weights


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.query, self.key, self.value, self.output = (
            nn.Linear(d_model, d_model) for _ in range(4)
        )
        self.num_heads = num_heads
        self.register_buffer("scale", torch.tensor((d_model / num_heads) ** -0.5))

    def forward(self, x, mask):
        batch, n, d_model = x.shape
        shape = (batch, n, self.num_heads, d_model // self.num_heads)
        query, key, value = (part(x).view(shape) for part in (self.query, self.key, self.value))
        scores = torch.einsum("bihd,bjhd->bhij", query, key) * self.scale
        scores = scores.masked_fill(~mask[:, None, None], float("-inf"))
        weights = scores.softmax(-1)
        mixed = torch.einsum("bhij,bjhd->bihd", weights, value).reshape(batch, n, d_model)
        return self.output(mixed), weights


# %% q3_4
def positional_encoding(length, d_model):
    frequency = 10000.0 ** -(torch.arange(0, d_model, 2) / d_model)
    wave = torch.exp(1j * torch.outer(torch.arange(length).float(), frequency))
    return torch.stack([wave.imag, wave.real], dim=-1).flatten(1)[:, :d_model]


# %% q3_5
def rotate(x):
    """Turn neighbouring columns of (batch, heads, n, d): by more, the later the position."""
    pairs = torch.arange(0, x.shape[-1], 2)
    angle = torch.arange(x.shape[-2])[:, None] * 100.0 ** (-pairs / x.shape[-1])
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = (even * angle.cos() - odd * angle.sin(), even * angle.sin() + odd * angle.cos())
    return torch.stack(turned, dim=-1).flatten(-2)


class RotaryLayer(nn.Module):
    def __init__(self, d_model, num_heads, d_ff, dropout):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(d_model, 3 * d_model, bias=False)
        self.mix = nn.Linear(d_model, d_model)
        self.norms = nn.ModuleList(nn.RMSNorm(d_model) for _ in range(2))
        self.block = nn.Sequential(
            nn.Linear(d_model, d_ff), nn.SiLU(), nn.Dropout(dropout), nn.Linear(d_ff, d_model)
        )
        self.p = dropout

    def forward(self, x, mask):
        qkv = self.qkv(self.norms[0](x)).unflatten(-1, (3, self.num_heads, -1))
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        if query.shape[-1] % 2 == 0:
            query, key = rotate(query), rotate(key)
        scores = query @ key.mT / query.shape[-1] ** 0.5
        weights = scores.masked_fill(~mask[:, None, None], -1e30).softmax(-1)
        dropped = F.dropout(weights, self.p, training=self.training)
        x = x + self.mix((dropped @ value).transpose(1, 2).flatten(2))
        return x + self.block(self.norms[1](x)), weights


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.words = nn.Embedding(vocab_size, d_model)
        self.layers = nn.ModuleList()
        for _ in range(num_layers):
            self.layers.append(RotaryLayer(d_model, num_heads, d_ff, dropout))
        self.logit = nn.Linear(d_model, 1)

    def forward(self, tokens, mask, maps=None):
        x = self.words(tokens)
        for layer in self.layers:
            x, weights = layer(x, mask)
            if maps is not None:
                maps.append(weights)
        share = mask / mask.sum(-1, keepdim=True)
        return torch.einsum("bn,bnd->bd", share, self.logit(x)).squeeze(1)

    def attention_maps(self, tokens, mask):
        modes = {module: module.training for module in self.modules()}
        self.eval()
        maps = []
        self.forward(tokens, mask, maps)
        for module, mode in modes.items():
            module.training = mode
        return tuple(maps)
