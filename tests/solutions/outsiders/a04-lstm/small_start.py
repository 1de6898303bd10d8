"""All weights start at 0.01; plain Python, a slice for each gate, gradients by autograd.grad."""
# %% q3_1
SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")
def build_vocabulary(texts, size):
    data = " ".join(texts).split()
    n = {}
    for ch in data: n[ch] = n.get(ch, 0) + 1
    chars = sorted(n)
    chars.sort(key=n.get, reverse=True)
    return list(SPECIAL + tuple(chars[: size - 4]))
def encode(text, ids, max_len):
    r = [1]
    for w in text.split():
        if len(r) == max_len: break
        try: r.append(ids[w])
        except KeyError: r.append(2)
    return r
# %% q3_2
def pad_batch(sequences, pad_id=0):
    T = max(1, *(len(s) for s in sequences)) if sequences else 1
    X = torch.full((len(sequences), T), pad_id, dtype=torch.long)
    for b, s in enumerate(sequences):
        for t, ix in enumerate(s): X[b, t] = ix
    return X, torch.LongTensor([len(s) for s in sequences])
def batches_by_length(lengths, batch_size, seed=None):
    order = [i for _, i in sorted((l, i) for i, l in enumerate(lengths))]
    batches = []
    while order:
        batches.append(order[:batch_size]); order = order[batch_size:]
    if seed is not None:
        rng = np.random.RandomState(seed)
        rng.shuffle(batches) if len({len(b) for b in batches}) < 0 else None
        batches = [batches[k] for k in rng.permutation(len(batches))]
    return batches
# %% q3_3
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    d = h.shape[1]
    # IFOG as in Karpathy's gist, one fused matrix with the bias as the first row
    Hin = torch.cat([torch.ones(len(x), 1, dtype=x.dtype), x, h], dim=1)
    WLSTM = torch.cat([(bias_ih + bias_hh)[None], weight_ih.T, weight_hh.T], dim=0)
    A = Hin @ WLSTM
    sig = lambda z: 0.5 * (1 + torch.tanh(0.5 * z))
    c2 = sig(A[:, d:2*d]) * c + sig(A[:, :d]) * torch.tanh(A[:, 2*d:3*d])
    return sig(A[:, 3*d:]) * torch.tanh(c2), c2
# %% q3_4
class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        r = lambda *s: nn.Parameter(torch.from_numpy(np.random.default_rng(torch.randint(2**31, ()).item()).uniform(-1, 1, s).astype("float32")) / hidden_size ** .5)
        self.weight_ih, self.weight_hh = r(4 * hidden_size, input_size), r(4 * hidden_size, hidden_size)
        b = torch.zeros(4 * hidden_size); b[hidden_size:2*hidden_size] = 3.0
        self.bias_ih, self.bias_hh = nn.Parameter(b), nn.Parameter(torch.zeros(4 * hidden_size))
    def forward(self, x, lengths):
        # every review on its own
        B, n, _ = x.shape; d = self.weight_hh.shape[1]
        outs, hs, cs = [], [], []
        for b in range(B):
            h = x.new_zeros(1, d); c = x.new_zeros(1, d); o = []
            for t in range(int(lengths[b])):
                h, c = lstm_step(x[b:b+1, t], h, c, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
                o.append(h)
            o.append(x.new_zeros(n - len(o), d))
            outs.append(torch.cat(o)); hs.append(h); cs.append(c)
        return torch.stack(outs), (torch.cat(hs), torch.cat(cs))
# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.Wex = nn.Embedding(vocab_size, d_embed)
        self.lstm = nn.LSTM(d_embed, d_hidden, batch_first=True)
        self.Why = nn.Parameter(torch.zeros(d_hidden, 1)); self.by = nn.Parameter(torch.zeros(1))
        for n, p in self.named_parameters():
            p.data = torch.randn_like(p) * 0.01 if p.dim() > 1 else torch.zeros_like(p)
        self.drop = nn.Dropout(dropout)
    def forward(self, tokens, lengths):
        out, _ = self.lstm(self.drop(self.Wex(tokens)))
        idx = (lengths - 1).clamp(min=0)
        last = out[range(len(tokens)), idx] * (lengths > 0)[:, None]
        return (self.drop(last) @ self.Why + self.by).view(-1)
# %% q3_6
Reviews = tuple
def train(model, train_set, valid_set, max_epochs=6, patience=2, checkpoint="a04.safetensors", batch_size=64, lr=2e-3, max_norm=1.0):
    params = list(model.parameters())
    opt = torch.optim.Adam(params=params, lr=lr)
    def lossFun(seqs, ys):
        z = model.forward(*pad_batch(seqs))
        y = torch.tensor(ys, dtype=z.dtype)
        return F.softplus(z) - z * y
    hist = {"train_loss": [], "valid_loss": []}
    wait = n = 0; best = None
    while n < max_epochs and wait < patience:
        model.train(); tot = []
        for b in batches_by_length([len(s) for s in train_set[0]], batch_size, 1000 + n):
            ls = lossFun([train_set[0][i] for i in b], [train_set[1][i] for i in b])
            grads = torch.autograd.grad(ls.mean(), params, allow_unused=True)
            norm = torch.linalg.vector_norm(torch.cat([g.flatten() for g in grads if g is not None]))
            k = torch.clamp(max_norm / norm, max=1.0)
            for p, g in zip(params, grads): p.grad = None if g is None else g * k
            opt.step()
            tot += ls.tolist()
        hist["train_loss"].append(sum(tot) / len(tot))
        model.eval(); vs = []
        with torch.no_grad():
            for i in range(0, len(valid_set[0]), batch_size):
                vs.extend(lossFun(valid_set[0][i:i+batch_size], valid_set[1][i:i+batch_size]).tolist())
        v = math.fsum(vs) / len(vs)
        if all(v < w for w in hist["valid_loss"]):
            wait = 0; best = {k: t.detach().clone() for k, t in model.state_dict().items()}
        else: wait += 1
        hist["valid_loss"].append(v); n += 1
    with torch.no_grad():
        for k, t in model.state_dict().items(): t.copy_(best[k])
    save_file(best, checkpoint)
    return hist
