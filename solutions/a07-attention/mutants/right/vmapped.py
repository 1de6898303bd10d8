"""Written for one review, one head or one entry, and mapped over the rest by torch.vmap; learned
positions; parameters in a ParameterDict and used by functions, without any layer of torch.nn."""


# %% q3_2
def one_head(query, key, value, mask):
    """For one review and one head: (n, d_k), (m, d_k), (m, d_v) and the mask (n, m)."""
    scores = query @ key.T / query.shape[-1] ** 0.5
    scores = torch.where(mask, scores, torch.finfo(scores.dtype).min)
    weights = torch.where(mask, torch.softmax(scores, dim=-1), 0.0)
    return weights @ value, weights


def scaled_dot_product_attention(query, key, value, mask=None):
    shape = (*query.shape[:3], key.shape[2])
    mask = torch.full(shape, True) if mask is None else mask.expand(shape)
    return torch.vmap(torch.vmap(one_head))(query, key, value, mask)


# %% q3_4
def positional_encoding(length, d_model):
    def entry(position, column):
        angle = position / 10000 ** (2 * torch.floor(column / 2) / d_model)
        return torch.where(column % 2 == 0, torch.sin(angle), torch.cos(angle))

    rows = torch.arange(length, dtype=torch.float32)
    columns = torch.arange(d_model, dtype=torch.float32)
    return torch.vmap(torch.vmap(entry, in_dims=(None, 0)), in_dims=(0, None))(rows, columns)


# %% q3_5
def normalised(x, gain):
    return F.layer_norm(x, x.shape[-1:], weight=gain)


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.num_heads, self.num_layers, self.p = num_heads, num_layers, dropout
        self.weights = nn.ParameterDict(
            {
                "words": torch.randn(vocab_size, d_model) / 8,
                "places": torch.randn(max_len, d_model) / 8,
                "logit": torch.randn(d_model) * 0.1,
                "bias": torch.zeros(()),
            }
        )
        shapes = {
            "query": (d_model, d_model),
            "key": (d_model, d_model),
            "value": (d_model, d_model),
            "join": (d_model, d_model),
            "up": (d_model, d_ff),
            "down": (d_ff, d_model),
        }
        for layer in range(num_layers):
            for name, (rows, columns) in shapes.items():
                self.weights[f"{name}{layer}"] = torch.randn(rows, columns) * rows**-0.5
            self.weights[f"first{layer}"] = torch.ones(d_model)
            self.weights[f"second{layer}"] = torch.ones(d_model)

    def drop(self, x):
        return F.dropout(x, self.p, self.training)

    def encode(self, tokens, mask):
        w = self.weights
        x = self.drop(w["words"][tokens] + w["places"][: tokens.shape[1]])
        maps = []
        for layer in range(self.num_layers):
            y = normalised(x, w[f"first{layer}"])
            heads = (
                (y @ w[f"{name}{layer}"]).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
                for name in ("query", "key", "value")
            )
            output, weights = scaled_dot_product_attention(*heads, mask[:, None, None, :])
            maps.append(weights)
            x = x + self.drop(output.transpose(1, 2).flatten(2) @ w[f"join{layer}"])
            y = normalised(x, w[f"second{layer}"])
            x = x + self.drop(torch.relu(y @ w[f"up{layer}"]) @ w[f"down{layer}"])
        return x, maps

    def forward(self, tokens, mask):
        x, _ = self.encode(tokens, mask)
        scores = x @ self.weights["logit"]
        return (scores * mask).sum(1) / mask.sum(1) + self.weights["bias"]

    def attention_maps(self, tokens, mask):
        was = self.training
        self.eval()
        with torch.no_grad():
            maps = dict(enumerate(self.encode(tokens, mask)[1]))
        self.train(was)
        return [maps[layer] for layer in sorted(maps)]
