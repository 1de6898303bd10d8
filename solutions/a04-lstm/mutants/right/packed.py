"""The library wherever the text allows it: pad_sequence, sorted and packed batches, a bidirectional
nn.LSTM of two layers in the classifier."""

# %% q3_2
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence


def pad_batch(sequences, pad_id=0):
    rows = [torch.tensor(sequence, dtype=torch.long) for sequence in sequences]
    tokens = pad_sequence(rows, batch_first=True, padding_value=pad_id)
    if tokens.shape[1] == 0:
        tokens = torch.full((len(rows), 1), pad_id)
    return tokens, torch.tensor([len(row) for row in rows])


def batches_by_length(lengths, batch_size, seed=None):
    order = torch.argsort(torch.tensor(lengths, dtype=torch.long), stable=True)
    batches = [part.tolist() for part in order.split(batch_size) if len(part)]
    if seed is not None:
        np.random.default_rng(seed).shuffle(batches)
    return batches


# %% q3_4
class LSTM(nn.Module):
    """Reads packed data: the batch shrinks as reviews end, so no mask is needed."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.zeros(4 * hidden_size))
        self.bias_hh = nn.Parameter(torch.zeros(4 * hidden_size))
        for weight in (self.weight_ih, self.weight_hh):
            nn.init.uniform_(weight, -(hidden_size**-0.5), hidden_size**-0.5)

    def forward(self, x, lengths):
        hidden = self.weight_hh.size(1)
        lengths, order = lengths.sort(descending=True, stable=True)
        x = x[order]
        h = c = torch.zeros(len(x), hidden)
        outputs = torch.zeros(len(x), x.size(1), hidden)
        for t in range(int(lengths.max())):
            n = int((lengths > t).sum())
            new_h, new_c = lstm_step(
                x[:n, t], h[:n], c[:n], self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh
            )
            h = torch.cat([new_h, h[n:]])
            c = torch.cat([new_c, c[n:]])
            outputs[:n, t] = new_h
        back = order.argsort()
        return outputs[back], (h[back], c[back])


# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_embed, padding_idx=0)
        with torch.no_grad():
            self.embedding.weight.mul_(0.1)
        self.lstm = nn.LSTM(
            d_embed, d_hidden, num_layers=2, batch_first=True, bidirectional=True, dropout=dropout
        )
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(2 * d_hidden, 1)

    def forward(self, tokens, lengths):
        real = lengths > 0
        x = self.dropout(self.embedding(tokens[real]))
        packed = pack_padded_sequence(x, lengths[real], batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        last = torch.cat([h_n[-2], h_n[-1]], dim=1)
        logits = torch.zeros(len(tokens))
        logits[real] = self.linear(self.dropout(last))[:, 0]
        return logits
