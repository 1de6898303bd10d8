"""An LSTM of its own in the classifier, with one Linear for each gate over word and state side by
side; the states of all real words are averaged; sigmoids and tanh from softplus and exp."""

# %% q3_1
import collections
import itertools

SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")


def build_vocabulary(texts, size):
    counts = collections.Counter()
    for text in texts:
        counts.update(text.split())
    # most_common keeps the order of insertion for ties, so insert in the order of strings.
    counts = collections.Counter({word: counts[word] for word in sorted(counts)})
    return list(SPECIAL) + [word for word, _ in counts.most_common(size - 4)]


def encode(text, ids, max_len):
    rest = (ids.get(word, 2) for word in text.split())
    return list(itertools.islice(itertools.chain([1], rest), max_len))


# %% q3_3
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    both = torch.cat([x, h], dim=1) @ torch.cat([weight_ih, weight_hh], dim=1).T
    i, f, g, o = torch.split(both + bias_ih + bias_hh, h.size(1), dim=1)
    # The logarithm of a sigmoid is minus the softplus of the negative number.
    forgotten = c * torch.exp(-F.softplus(-f))
    written = torch.exp(F.logsigmoid(i)) * (2 * torch.sigmoid(2 * g) - 1)
    cell = forgotten + written
    return F.logsigmoid(o).exp() * cell.tanh(), cell


# %% q3_5
class Gates(nn.Module):
    """The four parts of an LSTM, each a Linear of its own."""

    def __init__(self, d_in, d_hidden):
        super().__init__()
        self.write = nn.Linear(d_in + d_hidden, d_hidden)
        self.keep = nn.Linear(d_in + d_hidden, d_hidden)
        self.content = nn.Linear(d_in + d_hidden, d_hidden)
        self.show = nn.Linear(d_in + d_hidden, d_hidden)
        nn.init.ones_(self.keep.bias)

    def forward(self, word, state):
        h, c = state
        both = torch.cat((word, h), dim=-1)
        c = c * torch.sigmoid(self.keep(both))
        c = c + torch.sigmoid(self.write(both)) * torch.tanh(self.content(both))
        return torch.sigmoid(self.show(both)) * torch.tanh(c), c


class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.words = nn.Embedding(vocab_size, d_embed)
        self.words.weight.data.normal_(0, 0.1)
        self.gates = Gates(d_embed, d_hidden)
        self.dropout = nn.Dropout(dropout)
        self.d_hidden = d_hidden
        self.weight = nn.Parameter(torch.zeros(d_hidden))
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, tokens, lengths):
        x = self.dropout(self.words(tokens)).transpose(0, 1)
        state = (x.new_zeros(len(tokens), self.d_hidden),) * 2
        total = x.new_zeros(len(tokens), self.d_hidden)
        for t in range(len(x)):
            state = self.gates(x[t], state)
            total = total + state[0].masked_fill((lengths <= t).unsqueeze(1), 0.0)
        mean = total / lengths.clamp(min=1).unsqueeze(1)
        return self.dropout(mean) @ self.weight + self.bias
