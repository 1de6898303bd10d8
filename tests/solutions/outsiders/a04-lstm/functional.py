"""Functional: vmap over the batch, itertools.accumulate as scan, parameter copies kept with copy_, min-heap-free sort, per-review nn.LSTM."""

# %% q3_1
SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")


def build_vocabulary(texts: Sequence[str], size: int) -> list[str]:
    counter: Counter = Counter()
    list(map(lambda t: counter.update(t.split()), texts))
    ranked = sorted(counter.most_common(), key=lambda kv: (-kv[1], kv[0]))
    words, _ = zip(*ranked) if ranked else ((), ())
    return (list(SPECIAL) + list(words))[:size]


def encode(text: str, ids: Mapping[str, int], max_len: int) -> list[int]:
    from collections import ChainMap, defaultdict

    table = defaultdict(lambda: 2, ids)
    return [1, *(table[w] for w in text.split())][:max_len]


# %% q3_2
def pad_batch(sequences, pad_id=0):
    packed = nn.utils.rnn.pad_sequence(
        [torch.tensor([*s, pad_id], dtype=torch.long) for s in sequences], batch_first=True, padding_value=pad_id
    )
    lengths = torch.tensor([len(s) for s in sequences], dtype=torch.long)
    return packed[:, : max(1, int(lengths.max()))].clone(), lengths


def batches_by_length(lengths, batch_size, seed=None):
    import random

    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    batches = [list(b) for b in (order[k * batch_size : (k + 1) * batch_size] for k in range(-(-len(order) // batch_size)))]
    if seed is not None:
        random.seed(seed)
        random.shuffle(batches)
    return batches


# %% q3_3
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    def one(x, h, c):
        i, f, g, o = torch.mv(weight_ih, x).add(bias_ih).add(torch.mv(weight_hh, h)).add(bias_hh).reshape(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    return torch.vmap(one)(x, h, c)


# %% q3_4
from itertools import accumulate


class LSTM(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        k = 1 / math.sqrt(hidden_size)
        uniform = lambda *size: nn.Parameter(nn.init.uniform_(torch.empty(size), -k, k))
        self.weight_ih = uniform(4 * hidden_size, input_size)
        self.weight_hh = uniform(4 * hidden_size, hidden_size)
        self.bias_ih = uniform(4 * hidden_size)
        self.bias_hh = uniform(4 * hidden_size)

    def forward(self, x, lengths):
        batch, n, _ = x.shape
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)

        def step(state, t):
            real = (t < lengths)[:, None]
            xt = torch.where(real, x[:, t], 0.0)
            return tuple(torch.where(real, new, old) for new, old in zip(lstm_step(xt, *state, *weights), state))

        zero = torch.zeros(batch, self.weight_hh.size(1), dtype=x.dtype)
        states = list(accumulate(range(n), step, initial=(zero, zero)))
        outputs = torch.stack([h for h, _ in states[1:]], 1)
        outputs = outputs.where((torch.arange(n) < lengths[:, None])[..., None], 0.0)
        return outputs, states[-1]


# %% q3_5
class LSTMClassifier(nn.Module):
    """Each review by itself through a bidirectional nn.LSTM, unpadded; only the summary has dropout."""

    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, d_embed)
        nn.init.normal_(self.emb.weight, std=0.1)
        self.lstm = nn.LSTM(d_embed, d_hidden, bidirectional=True)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(2 * d_hidden, 1)

    def forward(self, tokens, lengths):
        summaries = []
        for row, k in zip(tokens, lengths.tolist()):
            if k == 0:
                summaries.append(torch.zeros(self.out.in_features))
            else:
                _, (h, _) = self.lstm(self.emb(row[:k]))  # unbatched
                summaries.append(h.flatten())
        return self.out(self.drop(torch.stack(summaries)))[:, 0]


# %% q3_6
Reviews = tuple[Sequence[Sequence[int]], Sequence[int]]


@torch.no_grad()
def mean_loss(model, reviews, batch_size):
    model.eval()
    tokens, targets, lengths = [], [], []
    every = []
    for s in range(0, len(reviews[0]), batch_size):
        t, l = pad_batch(reviews[0][s : s + batch_size])
        every.append(model(t, l))
    logits = torch.cat(every)
    return nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(reviews[1]).to(logits)).item()


def train(model, train_set, valid_set, max_epochs=6, patience=2, checkpoint="a04.safetensors",
          batch_size=64, lr=2e-3, max_norm=1.0):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    n = len(train_set[0])
    best = {k: torch.empty_like(v) for k, v in model.state_dict().items()}
    best_loss, train_losses, valid_losses = float("inf"), [], []
    stale = 0
    for epoch in range(max_epochs):
        order = np.random.default_rng(epoch).permutation(n)
        # sort inside pools of ten batches
        pools = np.array_split(order, max(1, n // (10 * batch_size)))
        batches = []
        for pool in pools:
            pool = sorted(pool.tolist(), key=lambda i: len(train_set[0][i]))
            batches += [pool[k : k + batch_size] for k in range(0, len(pool), batch_size)]
        for batch in batches:
            model.train()
            tokens, lengths = pad_batch([train_set[0][i] for i in batch])
            logits = model(tokens, lengths)
            loss = F.binary_cross_entropy_with_logits(logits, torch.tensor([train_set[1][i] for i in batch]).to(logits))
            grads = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
            norm = torch.stack([g.norm() for g in grads if g is not None]).norm()
            scale = min(1.0, max_norm / (norm.item() + 1e-12))
            for p, g in zip(model.parameters(), grads):
                p.grad = None if g is None else g * scale
            optimizer.step()
        train_losses.append(mean_loss(model, train_set, batch_size))
        valid_losses.append(mean_loss(model, valid_set, batch_size))
        if valid_losses[-1] < best_loss:
            best_loss, stale = valid_losses[-1], 0
            for k, v in model.state_dict().items():
                best[k].copy_(v)
        else:
            stale += 1
        if stale >= patience:
            break
    model.load_state_dict(best)
    save_file(model.state_dict(), checkpoint)
    return {"train_loss": train_losses, "valid_loss": valid_losses}
