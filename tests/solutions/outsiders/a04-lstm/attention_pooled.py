"""Two layers of the LSTM of 3.4, and a learned weighted mean of all states; a named tuple for
states; a compiled function for the gates."""

# %% q3_3
@torch.jit.script
def _gates(z, c):
    # type: (Tensor, Tensor) -> Tuple[Tensor, Tensor]
    i, f, g, o = z.chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    z = torch.einsum("bi,ki->bk", x, weight_ih) + torch.einsum("bh,kh->bk", h, weight_hh)
    return _gates(z + bias_ih + bias_hh, c)


# %% q3_4
from typing import NamedTuple


class State(NamedTuple):
    h: Tensor
    c: Tensor


class LSTM(nn.Module):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        init = lambda *size: nn.Parameter((torch.rand(*size) * 2 - 1) / hidden_size**0.5)
        self.weight_ih = init(4 * hidden_size, input_size)
        self.weight_hh = init(4 * hidden_size, hidden_size)
        self.bias_ih = nn.Parameter(torch.zeros(4 * hidden_size))
        self.bias_hh = nn.Parameter(torch.zeros(4 * hidden_size))
        with torch.no_grad():
            self.bias_hh[hidden_size : 2 * hidden_size].fill_(1)

    def forward(self, x, lengths):
        size = self.weight_hh.size(1)
        state = State(torch.zeros(x.size(0), size), torch.zeros(x.size(0), size))
        outputs = torch.zeros(x.size(0), x.size(1), size)
        for t in range(int(lengths.max())):
            real = (lengths > t).view(-1, 1)
            new = State(*lstm_step(x[:, t], *state, self.weight_ih, self.weight_hh,
                                   self.bias_ih, self.bias_hh))  # fmt: skip
            state = State(*(n.where(real, old) for n, old in zip(new, state)))
            outputs[:, t] = new.h.masked_fill(~real, 0)
        return outputs, state


# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, d_embed, max_norm=None)
        nn.init.normal_(self.emb.weight, std=0.1)
        self.lower = LSTM(d_embed, d_hidden)
        self.upper = LSTM(d_hidden, d_hidden)
        self.score = nn.Linear(d_hidden, 1)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Sequential(nn.Linear(d_hidden, d_hidden), nn.ReLU(), nn.Linear(d_hidden, 1))

    def forward(self, tokens, lengths):
        outputs, _ = self.lower(self.drop(self.emb(tokens)), lengths)
        outputs, _ = self.upper(self.drop(outputs), lengths)
        mask = torch.arange(tokens.size(1))[None] < lengths[:, None]
        scores = self.score(outputs).squeeze(-1).masked_fill(~mask, -1e9)
        weights = scores.softmax(1) * mask
        pooled = (weights[:, :, None] * outputs).sum(1)
        return self.head(self.drop(pooled)).squeeze(1)
