"""float64 classifier inside, whole-set padding once and row slices, snapshots of every epoch, Fisher-Yates by hand, sorted with cmp_to_key."""

# %% q3_1
from functools import cmp_to_key

SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")


def build_vocabulary(texts: Sequence[str], size: int) -> list[str]:
    n = Counter()
    for text in texts:
        for word in text.split():
            n[word] += 1

    def compare(a, b):
        if n[a] != n[b]:
            return n[b] - n[a]
        return -1 if a < b else 1

    return (list(SPECIAL) + sorted(n, key=cmp_to_key(compare)))[:size]


def encode(text: str, ids: Mapping[str, int], max_len: int) -> list[int]:
    words = text.split()
    out = [2] * (1 + len(words))
    out[0] = 1
    for k, word in enumerate(words, start=1):
        if word in ids:
            out[k] = ids[word]
    return out[:max_len]


# %% q3_2
def pad_batch(sequences, pad_id=0):
    lengths = torch.tensor([len(s) for s in sequences], dtype=torch.long)
    n = max(int(lengths.max()), 1)
    index = torch.arange(n).repeat(len(sequences), 1)
    flat = torch.tensor([t for s in sequences for t in s] + [pad_id], dtype=torch.long)
    start = torch.cumsum(lengths, 0) - lengths
    at = torch.where(index < lengths[:, None], index + start[:, None], len(flat) - 1)
    return flat[at], lengths


def batches_by_length(lengths, batch_size, seed=None):
    lengths = torch.as_tensor(lengths, dtype=torch.long)
    _, order = torch.sort(lengths, stable=True)
    batches = [order[k : k + batch_size].tolist() for k in range(0, len(order), batch_size)]
    if seed is not None:
        state = (seed * 2654435761 + 12345) % 2**32
        for i in range(len(batches) - 1, 0, -1):
            state = (1664525 * state + 1013904223) % 2**32
            j = (state >> 8) % (i + 1)
            batches[i], batches[j] = batches[j], batches[i]
    return batches


# %% q3_3
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    one = x.new_ones(x.shape[0], 1)
    z = torch.cat((x, one, h, one), 1)
    W = torch.cat((weight_ih, bias_ih[:, None], weight_hh, bias_hh[:, None]), 1)
    i, f, g, o = torch.tensor_split(torch.inner(z, W), 4, dim=1)
    c = torch.exp(F.logsigmoid(f)) * c + torch.exp(F.logsigmoid(i)) * torch.tanh(g)
    return torch.exp(F.logsigmoid(o)) * torch.tanh(c), c


# %% q3_4
class LSTM(nn.Module):
    """Reads in the order of falling length; a row's outputs are copied when it ends."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        a = 1 / math.sqrt(hidden_size)
        rng = np.random.default_rng()
        draw = lambda *s: nn.Parameter(torch.tensor(rng.uniform(-a, a, s), dtype=torch.float32))
        self.weight_ih = draw(4 * hidden_size, input_size)
        self.weight_hh = draw(4 * hidden_size, hidden_size)
        self.bias_ih = draw(4 * hidden_size)
        self.bias_hh = draw(4 * hidden_size)

    def forward(self, x, lengths):
        batch, n, _ = x.shape
        size = self.weight_hh.shape[1]
        real = torch.arange(n)[None, :] < lengths[:, None]
        clean = torch.zeros_like(x)
        clean[real] = x[real]
        h, c = [x.new_zeros(batch, size)], [x.new_zeros(batch, size)]
        for t in range(n):
            a, b = lstm_step(clean[:, t], h[-1], c[-1], self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
            h.append(a)
            c.append(b)
        H, C = torch.stack(h, 1), torch.stack(c, 1)
        pick = F.one_hot(lengths, n + 1).to(x.dtype)
        last_h, last_c = torch.einsum("bt,bth->bh", pick, H), torch.einsum("bt,bth->bh", pick, C)
        return H[:, 1:] * real[:, :, None], (last_h, last_c)


# %% q3_5
class LSTMClassifier(nn.Module):
    """Sum of the states weighted by 1/length, locked dropout (one mask for all words of a review), float64 inside."""

    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.E = nn.Embedding(vocab_size, d_embed)
        nn.init.normal_(self.E.weight, std=0.1)
        self.lstm = nn.LSTM(d_embed, d_hidden, batch_first=True)
        self.w = nn.Linear(2 * d_hidden, 1)
        self.p = dropout
        self.double()

    def lock(self, x):
        if not self.training or self.p == 0:
            return x
        mask = torch.bernoulli(torch.full((x.shape[0], 1, x.shape[2]), 1 - self.p, dtype=x.dtype))
        return x * mask / (1 - self.p)

    def forward(self, tokens, lengths):
        real = (torch.arange(tokens.shape[1]) < lengths[:, None])[..., None]
        states, _ = self.lstm(self.lock(self.E(tokens)))
        states = states * real
        mean = states.sum(1) / lengths.clamp(min=1)[:, None]
        last = states[torch.arange(len(lengths)), lengths - 1] * (lengths > 0)[:, None]
        z = F.dropout(torch.cat([mean, last], 1), self.p, self.training)
        return self.w(z).squeeze(1).float()


# %% q3_6
Reviews = tuple[Sequence[Sequence[int]], Sequence[int]]


def train(model, train_set, valid_set, max_epochs=6, patience=2, checkpoint="a04.safetensors",
          batch_size=64, lr=2e-3, max_norm=1.0):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    tokens, lengths = pad_batch(train_set[0])
    target = torch.tensor(train_set[1], dtype=torch.float32)
    v_tokens, v_lengths = pad_batch(valid_set[0])
    v_target = torch.tensor(valid_set[1], dtype=torch.float32)
    train_loss, valid_loss, snapshots = [], [], []

    def done():
        if len(valid_loss) == max_epochs:
            return True
        if not valid_loss:
            return False
        return len(valid_loss) - 1 - valid_loss.index(min(valid_loss)) >= patience

    while not done():
        model.train()
        total = 0.0
        for index in torch.randperm(len(target)).split(batch_size):
            longest = max(1, int(lengths[index].max()))
            logits = model(tokens[index, :longest], lengths[index])
            loss = F.binary_cross_entropy_with_logits(logits, target[index])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            optimizer.step()
            total += loss.item() * len(index)
        train_loss.append(total / len(target))
        model.eval()
        total = 0.0
        with torch.inference_mode():
            for index in torch.randperm(len(v_target)).split(batch_size):
                logits = model(v_tokens[index], v_lengths[index])
                total += F.binary_cross_entropy_with_logits(logits, v_target[index], reduction="sum").item()
        valid_loss.append(total / len(v_target))
        snapshots.append({k: v.clone() for k, v in model.state_dict().items()})
    best = snapshots[int(np.argmin(valid_loss))]
    model.load_state_dict(best)
    save_file(best, checkpoint)
    return {"train_loss": train_loss, "valid_loss": valid_loss}
