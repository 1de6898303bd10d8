"""Sandwich norm, own LayerNorm whose gain has the shape (1, 1, d)."""
# %% q3_5
class LayerNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.g = nn.Parameter(torch.ones(1, 1, dim))
        self.b = nn.Parameter(torch.zeros(1, 1, dim))

    def forward(self, x):
        return (x - x.mean(-1, keepdim=True)) / torch.sqrt(x.var(-1, unbiased=False, keepdim=True) + 1e-5) * self.g + self.b


class Block(nn.Module):
    def __init__(self, d_model, num_heads, d_ff, dropout):
        super().__init__()
        self.attn = nn.MultiheadAttention(d_model, num_heads, dropout=dropout, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(d_model, d_ff), nn.GELU(), nn.Dropout(dropout), nn.Linear(d_ff, d_model), nn.Dropout(dropout))
        self.norms = nn.ModuleList(LayerNorm(d_model) for _ in range(4))
        self.drop = nn.Dropout(dropout)

    def forward(self, x, mask):
        y = self.norms[0](x)
        y, w = self.attn(y, y, y, key_padding_mask=~mask, need_weights=True, average_attn_weights=False)
        x = x + self.norms[1](self.drop(y))
        return x + self.norms[3](self.ff(self.norms[2](x))), w


class EncoderClassifier(nn.Module):
    def __init__(self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256):
        super().__init__()
        self.d_model, self.word_dropout = d_model, dropout
        self.token = nn.Embedding(vocab_size, d_model)
        self.position = nn.Parameter(torch.randn(1, max_len, d_model) * 0.02)
        nn.init.trunc_normal_(self.token.weight, std=d_model ** -0.5)
        self.blocks = nn.ModuleList([Block(d_model, num_heads, d_ff, dropout) for _ in range(num_layers)])
        self.drop = nn.Dropout(dropout)
        self.logit = nn.Linear(d_model, 1)
        nn.init.zeros_(self.logit.weight)
        nn.init.zeros_(self.logit.bias)

    def walk(self, tokens, mask):
        x = self.token(tokens) * math.sqrt(self.d_model) + self.position[:, : tokens.size(1)]
        if self.training:
            # word dropout: whole words disappear
            x = x * (torch.rand(*tokens.shape, 1) >= self.word_dropout)
        x, maps = self.drop(x), []
        for block in self.blocks:
            x, w = block(x, mask)
            maps.append(w)
        return x, maps

    def forward(self, tokens, mask):
        x, _ = self.walk(tokens, mask)
        x = torch.nanmean(x.masked_fill(~mask.unsqueeze(-1), float("nan")), dim=1)
        return self.logit(self.drop(x)).squeeze(-1)

    def attention_maps(self, tokens, mask):
        mode = self.training
        self.eval()
        with torch.no_grad():
            _, maps = self.walk(tokens, mask)
        self.train(mode)
        return maps



