"""In the manner of a lecture that writes a GPT from nothing: a module a head, which keeps its weights."""

# %% q3_5

class Head(nn.Module):
    def __init__(self, n_embd, head_size, dropout):
        super().__init__()
        self.key = nn.Linear(n_embd, head_size, bias=False)
        self.query = nn.Linear(n_embd, head_size, bias=False)
        self.value = nn.Linear(n_embd, head_size, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        k, q = self.key(x), self.query(x)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        wei = wei.masked_fill(mask[:, None, :] == 0, float("-inf"))
        wei = F.softmax(wei, dim=-1)
        self.wei = wei
        return self.dropout(wei) @ self.value(x)


class MultiHeadAttention(nn.Module):
    def __init__(self, n_embd, num_heads, dropout):
        super().__init__()
        self.heads = nn.ModuleList([Head(n_embd, n_embd // num_heads, dropout) for _ in range(num_heads)])
        self.proj = nn.Linear(n_embd, n_embd)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        return self.dropout(self.proj(torch.cat([h(x, mask) for h in self.heads], dim=-1)))


class Block(nn.Module):
    def __init__(self, n_embd, n_head, d_ff, dropout):
        super().__init__()
        self.sa = MultiHeadAttention(n_embd, n_head, dropout)
        self.ffwd = nn.Sequential(nn.Linear(n_embd, d_ff), nn.ReLU(), nn.Linear(d_ff, n_embd), nn.Dropout(dropout))
        self.ln1, self.ln2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)

    def forward(self, x, mask):
        x = x + self.sa(self.ln1(x), mask)
        return x + self.ffwd(self.ln2(x))


class EncoderClassifier(nn.Module):
    def __init__(self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256):
        super().__init__()
        self.token_embedding_table = nn.Embedding(vocab_size, d_model)
        self.position_embedding_table = nn.Embedding(max_len, d_model)
        self.blocks = nn.ModuleList([Block(d_model, num_heads, d_ff, dropout) for _ in range(num_layers)])
        self.ln_f = nn.LayerNorm(d_model)
        self.lm_head = nn.Linear(d_model, 1)

    def forward(self, idx, mask):
        B, T = idx.shape
        x = self.token_embedding_table(idx) + self.position_embedding_table(torch.arange(T))
        for b in self.blocks:
            x = b(x, mask)
        x = self.ln_f(x)
        m = mask.unsqueeze(-1).float()
        return self.lm_head((x * m).sum(1) / m.sum(1)).view(-1)

    def attention_maps(self, tokens, mask):
        mode = self.training
        self.eval()
        with torch.no_grad():
            self(tokens, mask)
        self.train(mode)
        return [torch.stack([h.wei for h in b.sa.heads], dim=1) for b in self.blocks]
