"""Residuals that start at almost nothing, as in ReZero and CaiT: a learned factor each; weight_norm,
attention with words first, a two-layer head, the mean by a product with the mask."""

# %% q3_5
class Residual(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.gain = nn.Parameter(torch.full((d_model,), 1e-4))

    def forward(self, x, update):
        return torch.addcmul(x, self.gain, update)


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        weight_norm = nn.utils.parametrizations.weight_norm
        self.embed = nn.Embedding(vocab_size, d_model)
        self.register_buffer("pe", positional_encoding(max_len, d_model).unsqueeze(1))
        self.attention = nn.ModuleList(
            nn.MultiheadAttention(d_model, num_heads, dropout=dropout) for _ in range(num_layers)
        )
        self.feed = nn.ModuleList(
            nn.Sequential(
                weight_norm(nn.Linear(d_model, d_ff)),
                nn.ELU(),
                nn.Dropout(dropout),
                weight_norm(nn.Linear(d_ff, d_model)),
            )
            for _ in range(num_layers)
        )
        self.residual = nn.ModuleList(Residual(d_model) for _ in range(2 * num_layers))
        self.norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(2 * num_layers))
        self.classify = nn.Sequential(
            nn.Linear(d_model, d_model), nn.Tanh(), nn.Dropout(dropout), nn.Linear(d_model, 1)
        )

    def forward(self, tokens, mask, seen=None):
        x = self.embed(tokens.t()) + self.pe[: tokens.size(1)]
        for i, (attention, feed) in enumerate(zip(self.attention, self.feed)):
            y = self.norms[2 * i](x)
            y, w = attention(y, y, y, key_padding_mask=~mask, average_attn_weights=False)
            if seen is not None:
                seen.append(w)
            x = self.residual[2 * i](x, y)
            x = self.residual[2 * i + 1](x, feed(self.norms[2 * i + 1](x)))
        share = mask / mask.count_nonzero(dim=1).unsqueeze(1)
        return self.classify(torch.einsum("nbd,bn->bd", x, share)).reshape(-1)

    def attention_maps(self, tokens, mask):
        seen, was = [], self.training
        try:
            self.eval()
            with torch.no_grad():
                self(tokens, mask, seen)
        finally:
            self.train(was)
        return seen
