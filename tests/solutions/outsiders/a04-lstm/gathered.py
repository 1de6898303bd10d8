"""The state of the last word gathered from all outputs of a padded nn.LSTM; heapq and bisect for
words and batches; weights of the step taken apart by unbind."""

# %% q3_1
import heapq

SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")


def build_vocabulary(texts, size):
    counts = {}
    for word in " ".join(texts).split():
        counts[word] = counts.get(word, 0) + 1
    best = heapq.nsmallest(size - len(SPECIAL), counts.items(), key=lambda kv: (-kv[1], kv[0]))
    return [*SPECIAL] + [word for word, _ in best]


def encode(text, ids, max_len):
    words = text.split()[: max_len - 1]
    return [1] + [ids[word] if word in ids else 2 for word in words]


# %% q3_2
from torch.nn.utils.rnn import pad_sequence


def pad_batch(sequences, pad_id=0):
    rows = [torch.as_tensor(s, dtype=torch.long) for s in sequences]
    lengths = torch.as_tensor([len(r) for r in rows])
    # A column more, which goes again: so there is one, even where all reviews are empty.
    extra = torch.full((int(lengths.max().clamp(min=1)),), pad_id)
    return pad_sequence([*rows, extra], batch_first=True, padding_value=pad_id)[:-1], lengths


def batches_by_length(lengths, batch_size, seed=None):
    lengths = np.array(lengths, dtype=int)
    order = np.lexsort((np.arange(len(lengths)), lengths))
    count = math.ceil(len(order) / batch_size)
    batches = [order[k * batch_size : (k + 1) * batch_size].tolist() for k in range(count)]
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        batches = [batches[k] for k in torch.randperm(count, generator=generator).tolist()]
    return batches


# %% q3_3
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    n = h.size(-1)
    joined = torch.cat([x, h], dim=1)
    weight = torch.cat([weight_ih, weight_hh], dim=1)
    z = torch.addmm(bias_ih + bias_hh, joined, weight.T).view(len(x), 4, n)
    i, f, g, o = z.unbind(1)
    c = torch.addcmul(torch.sigmoid(f) * c, torch.sigmoid(i), torch.tanh(g))
    return torch.sigmoid(o) * c.tanh(), c


# %% q3_4
class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        k = 1 / hidden_size**0.5
        new = lambda *shape: nn.Parameter(torch.empty(shape).uniform_(-k, k))
        self.weight_ih = new(4 * hidden_size, input_size)
        self.weight_hh = new(4 * hidden_size, hidden_size)
        self.bias_ih = new(4 * hidden_size)
        self.bias_hh = new(4 * hidden_size)

    def forward(self, x, lengths):
        batch, n, _ = x.shape
        h = x.new_zeros(batch, self.weight_hh.shape[1])
        c = torch.zeros_like(h)
        hs, cs = [h], [c]
        for t in range(n):
            h, c = lstm_step(
                x[:, t, :], h, c, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh
            )
            hs.append(h)
            cs.append(c)
        hs, cs = torch.stack(hs, 1), torch.stack(cs, 1)
        at = lengths.view(-1, 1, 1).expand(-1, 1, h.shape[1])
        last = hs.gather(1, at).squeeze(1), cs.gather(1, at).squeeze(1)
        real = torch.arange(n) < lengths.view(-1, 1)
        return torch.where(real.unsqueeze(-1), hs[:, 1:], torch.zeros(())), last


# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.embed = nn.Sequential(nn.Embedding(vocab_size, d_embed), nn.Dropout(dropout))
        nn.init.normal_(self.embed[0].weight, 0, 0.1)
        self.lstm = nn.LSTM(d_embed, d_hidden, batch_first=True)
        self.out = nn.Sequential(nn.Dropout(dropout), nn.Linear(d_hidden, 1))

    def forward(self, tokens, lengths):
        outputs, _ = self.lstm(self.embed(tokens))
        index = (lengths - 1).clamp(min=0)[:, None, None].expand(-1, -1, outputs.size(2))
        last = outputs.gather(1, index)[:, 0]
        last = torch.where((lengths == 0)[:, None], torch.zeros_like(last), last)
        return self.out(last)[:, 0]
