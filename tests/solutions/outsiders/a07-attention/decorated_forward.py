"""forward behind a plain decorator that counts calls."""
# %% q3_5
def counted(f):
    def inner(*args, **kwargs):
        inner.calls += 1
        return f(*args, **kwargs)
    inner.calls = 0
    return inner

class EncoderClassifier(nn.Module):
    def __init__(self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1, max_len=256):
        super().__init__()
        self.d, self.p, self.h = d_model, dropout, num_heads
        self.emb = nn.Embedding(vocab_size, d_model); nn.init.normal_(self.emb.weight, std=d_model ** -.5)
        self.att = nn.ModuleList(MultiHeadSelfAttention(d_model, num_heads) for _ in range(num_layers))
        self.ff = nn.ModuleList(nn.Sequential(nn.Linear(d_model, d_ff), nn.ReLU(), nn.Linear(d_ff, d_model)) for _ in range(num_layers))
        self.n1 = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(num_layers)); self.n2 = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(num_layers))
        self.out, self.max_len = nn.Linear(d_model, 1), max_len
        self.dr = nn.Dropout(dropout)
    def run(self, tokens, mask):
        x, maps = self.emb(tokens) * self.d ** .5 + positional_encoding(tokens.shape[1], self.d), []
        for a, f, n1, n2 in zip(self.att, self.ff, self.n1, self.n2):
            o, w = a(x, mask); maps.append(w)
            x = n1(x + self.dr(o)); x = n2(x + (f(x)))
        x = (x * mask.unsqueeze(2)).sum(1) / mask.sum(1).unsqueeze(1)
        return self.out((x)).squeeze(1), maps
    @counted
    def forward(self, tokens, mask): return self.run(tokens, mask)[0]
    def attention_maps(self, tokens, mask):
        t = self.training; self.eval(); m = self.run(tokens, mask)[1]; self.train(t)
        return m
