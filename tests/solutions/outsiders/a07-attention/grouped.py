"""Scores that sink with the distance (ALiBi), beside a table of positions that is learned on; keys and
values shared by pairs of heads; a square of ReLU; post-norm; a logit a word, averaged in the end."""

# %% q3_5
class GroupedBlock(nn.Module):
    def __init__(self, dim, heads, hidden, p):
        super().__init__()
        self.heads, self.groups = heads, max(1, heads // 2)
        self.size = dim // heads
        self.wq = nn.Linear(dim, dim, bias=False)
        self.wk = nn.Linear(dim, self.groups * self.size, bias=False)
        self.wv = nn.Linear(dim, self.groups * self.size, bias=False)
        self.wo = nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.drop = nn.Dropout(p)
        slopes = 2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads)
        self.register_buffer("slopes", slopes.view(1, -1, 1, 1), persistent=False)

    def forward(self, x, mask):
        b, n, _ = x.shape
        q = self.wq(x).view(b, n, self.heads, self.size).permute(0, 2, 1, 3)
        k, v = (
            w(x).view(b, n, self.groups, self.size).permute(0, 2, 1, 3)
            .repeat_interleave(self.heads // self.groups, dim=1)
            for w in (self.wk, self.wv)
        )  # fmt: skip
        place = torch.arange(n, device=x.device)
        far = (place[:, None] - place).abs().float()
        bias = -self.slopes * far + torch.zeros_like(mask, dtype=x.dtype).masked_fill(
            ~mask, float("-inf")
        ).view(b, 1, 1, n)
        w = F.softmax(q @ k.transpose(-1, -2) / self.size**0.5 + bias, dim=-1)
        y = self.wo((self.drop(w) @ v).permute(0, 2, 1, 3).contiguous().view(b, n, -1))
        x = self.n1(x + y)
        return self.n2(x + self.down(self.drop(self.up(x).relu().square()))), w


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.tok = nn.Embedding(vocab_size, d_model)
        self.pos = nn.Parameter(positional_encoding(max_len, d_model))
        self.blocks = nn.ModuleList(
            GroupedBlock(d_model, num_heads, d_ff, dropout) for _ in range(num_layers)
        )
        self.out = nn.Linear(d_model, 1)

    def walk(self, tokens, mask):
        x = self.tok(tokens) + self.pos[: tokens.shape[-1]]
        for block in self.blocks:
            x, w = block(x, mask)
            yield x, w

    def forward(self, tokens, mask):
        *_, (x, _) = self.walk(tokens, mask)
        votes = self.out(x)[..., 0] * mask
        return votes.mean(1) / mask.float().mean(1)

    @torch.no_grad()
    def attention_maps(self, tokens, mask):
        before = self.training
        self.eval()
        maps = [w for _, w in self.walk(tokens, mask)]
        self.train(before)
        return maps
