"""In the manner of JAX: one dictionary of parameters with the layers as their first axis, functions
that loop over it, queries and keys of length one with a learned temperature, both blocks in parallel."""

# %% q3_5
def layer_step(p, layer, x, mask, heads, drop):
    def norm(t):
        return t * torch.rsqrt(t.pow(2).mean(-1, keepdim=True) + 1e-6)

    batch, n, _ = x.shape
    h = norm(x) * p["scale"][layer]
    q, k, v = (
        (h @ p[name][layer]).reshape(batch, n, heads, -1).swapaxes(1, 2) for name in ("q", "k", "v")
    )
    heat = p["heat"][layer].exp()[:, None, None]
    logits = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).mT * heat
    weights = torch.softmax(logits.masked_fill(mask.logical_not()[:, None, None], -torch.inf), -1)
    mixed = (weights @ v).swapaxes(1, 2).flatten(2) @ p["o"][layer]
    fed = F.gelu(h @ p["w1"][layer] + p["b1"][layer], approximate="tanh") @ p["w2"][layer]
    return x + drop(mixed + fed), weights


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.heads, self.p, self.num_layers = num_heads, dropout, num_layers

        def made(*shape):
            return nn.Parameter(torch.randn(num_layers, *shape) * shape[0] ** -0.5)

        self.params = nn.ParameterDict(
            {name: made(d_model, d_model) for name in ("q", "k", "v", "o")}
            | {"w1": made(d_model, d_ff), "w2": made(d_ff, d_model)}
            | {"b1": nn.Parameter(torch.zeros(num_layers, d_ff))}
            | {"scale": nn.Parameter(torch.ones(num_layers, d_model))}
            | {"heat": nn.Parameter(torch.full((num_layers, num_heads), math.log(10.0)))}
            | {"words": nn.Parameter(torch.randn(vocab_size, d_model) * 0.3)}
            | {"places": nn.Parameter(torch.randn(max_len, d_model) * 0.3)}
            | {"head": nn.Parameter(torch.randn(d_model) * d_model**-0.5)}
            | {"bias": nn.Parameter(torch.zeros(()))}
        )

    def apply_to(self, tokens, mask, training):
        p = self.params

        def drop(t):
            return F.dropout(t, self.p, training)

        x = drop(p["words"].index_select(0, tokens.flatten()).view(*tokens.shape, -1))
        x = x + p["places"][None, : tokens.shape[1]]
        maps = []
        for layer in range(self.num_layers):
            x, weights = layer_step(p, layer, x, mask, self.heads, drop)
            maps.append(weights)
        mean = x.masked_fill(~mask.unsqueeze(-1), torch.nan).nanmean(1)
        return mean @ p["head"] + p["bias"], maps

    def forward(self, tokens, mask):
        return self.apply_to(tokens, mask, self.training)[0]

    def attention_maps(self, tokens, mask):
        return [weights.detach() for weights in self.apply_to(tokens, mask, False)[1]]
