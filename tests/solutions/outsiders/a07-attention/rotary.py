"""In the manner of x-transformers: rotary positions, RMSNorm, SwiGLU, no biases, einsum all over,
keys and values shared by all heads."""

# %% q3_2
def scaled_dot_product_attention(query, key, value, mask=None):
    sim = torch.einsum("b h i d, b h j d -> b h i j", query, key) * query.shape[-1] ** -0.5
    if mask is not None:
        mask = mask.broadcast_to(sim.shape)
        mask_value = -torch.finfo(sim.dtype).max
        sim = torch.where(mask, sim, torch.full_like(sim, mask_value))
    attn = sim - sim.amax(dim=-1, keepdim=True).detach()
    attn = attn.exp()
    attn = attn / attn.sum(dim=-1, keepdim=True)
    if mask is not None:
        attn = torch.where(mask, attn, torch.zeros_like(attn))
    return torch.einsum("b h i j, b h j d -> b h i d", attn, value), attn


# %% q3_3
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.heads, self.dim_head = num_heads, d_model // num_heads
        self.query, self.key, self.value, self.output = (
            nn.Linear(in_features=d_model, out_features=d_model, bias=True) for _ in range(4)
        )

    def forward(self, x, mask):
        b, n, _ = x.shape
        q = self.query(x).reshape(b, n, self.heads, self.dim_head)
        k = self.key(x).reshape(b, n, self.heads, self.dim_head)
        v = self.value(x).reshape(b, n, self.heads, self.dim_head)
        sim = torch.einsum("bihd,bjhd->bhij", q, k) / self.dim_head**0.5
        sim = sim.masked_fill(torch.logical_not(mask)[:, None, None], torch.finfo(sim.dtype).min)
        attn = sim.softmax(-1)
        out = torch.einsum("bhij,bjhd->bihd", attn, v)
        return self.output(out.reshape(b, n, -1)), attn


# %% q3_4
def positional_encoding(length, d_model):
    inv_freq = 1.0 / (10000 ** (torch.arange(0, d_model, 2).float() / d_model))
    freqs = torch.einsum("i , j -> i j", torch.arange(length).float(), inv_freq)
    return torch.stack((freqs.sin(), freqs.cos()), dim=-1).reshape(length, -1)[:, :d_model].clone()


# %% q3_5
class RMSNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.scale, self.g = dim**0.5, nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return F.normalize(x, dim=-1) * self.scale * self.g


class Attention(nn.Module):
    def __init__(self, dim, heads, dropout):
        super().__init__()
        self.heads, self.dim_head = heads, dim // heads
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_kv = nn.Linear(dim, 2 * self.dim_head, bias=False)
        self.to_out = nn.Linear(dim, dim, bias=False)
        self.dropout = nn.Dropout(dropout)

    def rotate(self, t):
        half = (self.dim_head + 1) // 2
        freqs = torch.arange(t.shape[-2])[:, None] * 10000 ** (-torch.arange(half) / half)
        cos, sin = freqs.cos(), freqs.sin()
        first, second = t[..., :half], F.pad(t[..., half:], (0, half - (self.dim_head - half)))
        return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)

    def forward(self, x, mask):
        q = self.to_q(x).unflatten(-1, (self.heads, self.dim_head)).transpose(1, 2)
        k, v = self.to_kv(x).chunk(2, dim=-1)
        sim = torch.einsum("bhid,bjd->bhij", self.rotate(q), self.rotate(k)) * self.dim_head**-0.5
        sim = sim.masked_fill(~mask[:, None, None, :], -torch.finfo(sim.dtype).max)
        attn = sim.softmax(dim=-1)
        out = torch.einsum("bhij,bjd->bihd", self.dropout(attn), v).flatten(2)
        return self.to_out(out), attn


class SwiGLU(nn.Module):
    def __init__(self, dim, inner, dropout):
        super().__init__()
        self.proj_in = nn.Linear(dim, 2 * inner, bias=False)
        self.proj_out = nn.Linear(inner, dim, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x, gate = self.proj_in(x).chunk(2, dim=-1)
        return self.proj_out(self.dropout(F.silu(gate) * x))


class EncoderClassifier(nn.Module):
    def __init__(
        self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256
    ):
        super().__init__()
        self.token_emb = nn.Embedding(vocab_size, d_model)
        nn.init.kaiming_normal_(self.token_emb.weight)
        self.emb_dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList([])
        for _ in range(num_layers):
            self.layers.append(
                nn.ModuleList(
                    [
                        RMSNorm(d_model),
                        Attention(d_model, num_heads, dropout),
                        RMSNorm(d_model),
                        SwiGLU(d_model, d_ff, dropout),
                    ]
                )
            )
        self.final = nn.Sequential(RMSNorm(d_model), nn.Linear(d_model, 1))

    def forward(self, tokens, mask, return_attn=False):
        x = self.emb_dropout(self.token_emb(tokens))
        intermediates = []
        for attn_norm, attn, ff_norm, ff in self.layers:
            out, weights = attn(attn_norm(x), mask)
            intermediates.append(weights)
            x = x + out
            x = x + ff(ff_norm(x))
        x = torch.where(mask.unsqueeze(-1), x, x.new_zeros(()))
        x = x.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        logits = self.final(x).squeeze(-1)
        return (logits, intermediates) if return_attn else logits

    def attention_maps(self, tokens, mask):
        mode = self.training
        self.eval()
        with torch.inference_mode():
            _, maps = self(tokens, mask, return_attn=True)
        self.train(mode)
        return maps


# %% q3_8
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    tokens = torch.LongTensor([tokens])
    attn = model.attention_maps(tokens, torch.full(tokens.shape, True))[layer][0][head]
    attn = attn.cpu().numpy()[:limit][:, :limit]
    fig, ax = plt.subplots()
    ax.imshow(attn, aspect="auto", origin="upper")
    ax.xaxis.set_major_locator(plt.MultipleLocator(1))
    ax.yaxis.set_major_locator(plt.MultipleLocator(1))
    name = lambda place, _: words[int(place)] if 0 <= place < len(attn) and place % 1 == 0 else ""
    ax.xaxis.set_major_formatter(plt.FuncFormatter(name))
    ax.yaxis.set_major_formatter(plt.FuncFormatter(name))
    ax.tick_params(axis="x", labelrotation=90)
    return fig, attn
