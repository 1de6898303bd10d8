"""PyTorch benchmark jit-LSTM flavour: own packed loop over batch_sizes, heapq vocabulary, numpy seeds."""

# %% q3_1
import heapq
import itertools

SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")


def build_vocabulary(texts: Sequence[str], size: int) -> list[str]:
    counts: dict[str, int] = {}
    for word in itertools.chain.from_iterable(map(str.split, texts)):
        counts[word] = counts.get(word, 0) + 1
    top = heapq.nsmallest(size - 4, counts, key=lambda w: (-counts[w], w))
    return [*SPECIAL, *top]


def encode(text: str, ids: Mapping[str, int], max_len: int) -> list[int]:
    def gen():
        yield 1
        for w in text.split():
            yield ids[w] if w in ids else 2

    return list(itertools.islice(gen(), max_len))


# %% q3_2
def pad_batch(sequences, pad_id=0):
    lens = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    out = np.full((len(sequences), max(1, lens.max(initial=0))), pad_id, dtype=np.int64)
    for row, s in zip(out, sequences):
        row[: len(s)] = s
    return torch.from_numpy(out), torch.from_numpy(lens)


def batches_by_length(lengths, batch_size, seed=None):
    if len(lengths) == 0:
        return []
    order = np.argsort(np.asarray(lengths), kind="stable")
    batches = np.split(order, np.arange(batch_size, len(order), batch_size))
    batches = [b.tolist() for b in batches]
    if seed is not None:
        perm = np.random.default_rng(seed).permutation(len(batches))
        batches = [batches[j] for j in perm]
    return batches


# %% q3_3
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    gates = F.linear(x, weight_ih, bias_ih) + F.linear(h, weight_hh, bias_hh)
    H = h.shape[-1]
    i, f, g, o = torch.split(gates, H, dim=-1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


# %% q3_4
from torch.nn.utils.rnn import pack_padded_sequence, PackedSequence, pad_packed_sequence


class LSTM(nn.Module):
    """Packs, runs a shrinking batch, unpacks."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        k = hidden_size ** -0.5
        u = lambda *s: nn.Parameter(torch.empty(*s).uniform_(-k, k))
        self.weight_ih, self.weight_hh = u(4 * hidden_size, input_size), u(4 * hidden_size, hidden_size)
        self.bias_ih, self.bias_hh = u(4 * hidden_size), u(4 * hidden_size)
        with torch.no_grad():
            self.bias_ih[hidden_size : 2 * hidden_size] = 1.0
            self.bias_hh[hidden_size : 2 * hidden_size] = 0.0

    def forward(self, x, lengths):
        B, n, _ = x.shape
        H = self.weight_hh.shape[1]
        empty = lengths == 0
        packed = pack_padded_sequence(
            x.masked_fill(empty[:, None, None], 0.0), lengths.clamp(min=1).cpu(),
            batch_first=True, enforce_sorted=False,
        )
        h = x.new_zeros(B, H)
        c = x.new_zeros(B, H)
        outs, done_h, done_c, start = [], [], [], 0
        for bs in packed.batch_sizes.tolist():
            if bs < h.shape[0]:
                done_h.append(h[bs:])
                done_c.append(c[bs:])
                h, c = h[:bs], c[:bs]
            h, c = lstm_step(packed.data[start : start + bs], h, c,
                             self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
            outs.append(h)
            start += bs
        done_h.append(h)
        done_c.append(c)
        h = torch.cat(done_h[::-1])[packed.unsorted_indices]
        c = torch.cat(done_c[::-1])[packed.unsorted_indices]
        outputs, _ = pad_packed_sequence(
            PackedSequence(torch.cat(outs), packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices),
            batch_first=True, total_length=n,
        )
        outputs = outputs.masked_fill(empty[:, None, None], 0.0)
        return outputs, (h.masked_fill(empty[:, None], 0.0), c.masked_fill(empty[:, None], 0.0))


# %% q3_5
class LSTMClassifier(nn.Module):
    """Own LSTM, the plain way."""

    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, d_embed)
        nn.init.normal_(self.emb.weight, std=0.1)
        self.lstm = LSTM(d_embed, d_hidden)
        self.drop = nn.Dropout(dropout)
        self.v = nn.Parameter(torch.randn(d_hidden) / math.sqrt(d_hidden))

    def forward(self, tokens, lengths):
        _, (h, _) = self.lstm(self.drop(self.emb(tokens)), lengths)
        return self.drop(h) @ self.v


# %% q3_6
from copy import deepcopy
from torch.optim import Adam
from torch.nn.utils import clip_grad_norm_

Reviews = tuple[Sequence[Sequence[int]], Sequence[int]]


def train(model, train_set, valid_set, max_epochs=6, patience=2, checkpoint="a04.safetensors",
          batch_size=64, lr=2e-3, max_norm=1.0):
    opt = Adam(model.parameters(), lr)
    X, y = train_set[0], torch.as_tensor(train_set[1], dtype=torch.float32)
    Xv, yv = valid_set[0], torch.as_tensor(valid_set[1], dtype=torch.float32)
    best, best_state, since = math.inf, None, 0
    hist = dict(train_loss=[], valid_loss=[])
    rng = np.random.default_rng(0)
    while len(hist["valid_loss"]) < max_epochs and since < patience:
        model.train()
        tot = 0.0
        perm = rng.permutation(len(X))
        for idx in np.array_split(perm, math.ceil(len(X) / batch_size)):
            idx = idx.tolist()
            logits = model(*pad_batch([X[i] for i in idx]))
            loss = F.binary_cross_entropy_with_logits(logits, y[idx])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            clip_grad_norm_(model.parameters(), max_norm)
            opt.step()
            tot += float(loss) * len(idx)
        hist["train_loss"].append(tot / len(X))

        model.eval()
        with torch.inference_mode():
            parts = []
            for s in range(0, len(Xv), batch_size):
                lg = model(*pad_batch(Xv[s : s + batch_size]))
                parts.append(F.binary_cross_entropy_with_logits(lg, yv[s : s + batch_size], reduction="none"))
            v = torch.cat(parts).mean().item()
        hist["valid_loss"].append(v)
        if v < best:
            best, best_state, since = v, deepcopy(model.state_dict()), 0
        else:
            since += 1
    model.load_state_dict(best_state)
    save_file(best_state, checkpoint)
    return hist
