"""Weights in log space, by logsumexp; the mask as its own logarithm; trigonometry by a recurrence;
modules strung together by nn.Sequential, with the maps caught by hooks on a softmax module."""


# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    scores = torch.einsum("...nd,...md->...nm", query, key) / torch.tensor(query.shape[-1]).sqrt()
    if mask is None:
        logs = scores - torch.logsumexp(scores, dim=-1, keepdim=True)
        return logs.exp() @ value, logs.exp()
    somewhere = mask.any(-1, keepdim=True)
    # Rows without keys look everywhere for a moment, so that their logarithm is finite.
    usable = mask | ~somewhere
    scores = torch.where(usable, scores, torch.finfo(scores.dtype).min)
    logs = torch.log_softmax(scores, dim=-1)
    weights = torch.where(usable & somewhere, logs.exp(), torch.zeros(()))
    return weights @ value, weights


# %% q3_3
class MultiHeadSelfAttention(nn.ModuleDict):
    """A dictionary of its four projections."""

    def __init__(self, d_model, num_heads):
        super().__init__(
            {name: nn.Linear(d_model, d_model) for name in ("query", "key", "value", "output")}
        )
        self.num_heads = num_heads

    def forward(self, x, mask):
        def heads(name):
            return torch.stack(self[name](x).tensor_split(self.num_heads, dim=-1)).transpose(0, 1)

        attended, weights = scaled_dot_product_attention(
            heads("query"), heads("key"), heads("value"), mask.unsqueeze(1).unsqueeze(1)
        )
        return self["output"](torch.cat(tuple(attended.unbind(1)), dim=2)), weights


# %% q3_4
def positional_encoding(length, d_model):
    """sin((p + 1) a) and cos((p + 1) a) from those of p a, by the rotation through a."""
    speed = 10000.0 ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    sine, cosine = torch.zeros_like(speed), torch.ones_like(speed)
    rows = []
    for _ in range(length):
        rows.append(torch.stack((sine, cosine), dim=1).ravel()[:d_model])
        sine, cosine = (
            sine * speed.cos() + cosine * speed.sin(),
            cosine * speed.cos() - sine * speed.sin(),
        )
    return torch.stack(rows).to(torch.float32)


# %% q3_5
class Attend(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.softmax = nn.Softmax(dim=-1)
        self.mix = nn.Linear(d_model, d_model)
        self.mask = None

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        weights = self.softmax(scores + self.mask.log()[:, None, None])
        return self.mix((weights @ v).transpose(1, 2).flatten(2))


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.words = nn.Embedding(vocab_size, d_model)
        self.places = nn.Parameter(0.1 * torch.randn(1, max_len, d_model))
        layers = []
        for _ in range(num_layers):
            layers += [
                Residual(nn.LayerNorm(d_model), Attend(d_model, num_heads), nn.Dropout(dropout)),
                Residual(
                    nn.LayerNorm(d_model),
                    nn.Linear(d_model, d_ff),
                    nn.ReLU(),
                    nn.Linear(d_ff, d_model),
                    nn.Dropout(dropout),
                ),
            ]
        self.encoder = nn.Sequential(nn.Dropout(dropout), *layers, nn.LayerNorm(d_model))
        self.logit = nn.Linear(d_model, 1)

    def forward(self, tokens, mask):
        real = mask.float()
        for module in self.modules():
            if isinstance(module, Attend):
                module.mask = real
        x = self.encoder(self.words(tokens) + self.places[:, : tokens.shape[1]])
        return self.logit((x * real[..., None]).sum(1) / real.sum(1, keepdim=True)).squeeze(-1)

    def attention_maps(self, tokens, mask):
        mode, maps = self.training, []
        softmaxes = [module for module in self.modules() if isinstance(module, nn.Softmax)]
        hooks = [
            module.register_forward_hook(lambda module, inputs, output: maps.append(output))
            for module in softmaxes
        ]
        with torch.no_grad():
            self.eval()(tokens, mask)
        for hook in hooks:
            hook.remove()
        self.train(mode)
        return maps
