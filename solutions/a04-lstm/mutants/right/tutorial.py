"""What tutorials show: sorted and packed batches, a bidirectional nn.LSTM, both last states joined,
put back into the caller's order; the model called by the names of its arguments; ids looked up by
the names of the special entries."""

# %% q3_1
from collections import OrderedDict

SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")


def build_vocabulary(texts, size):
    counter = Counter()
    for text in texts:
        counter.update(text.split())
    sorted_by_freq = OrderedDict(sorted(sorted(counter.items()), key=lambda t: t[1], reverse=True))
    return (list(SPECIAL) + list(sorted_by_freq))[:size]


def encode(text, ids, max_len):
    out = [ids["<start>"]]
    for word in text.split():
        out.append(ids.get(word, ids["<unknown>"]))
    return out[:max_len]


# %% q3_2
def pad_batch(sequences, pad_id=0):
    lengths = [len(s) for s in sequences]
    width = max([*lengths, 1])
    padded = [list(s) + [pad_id] * (width - len(s)) for s in sequences]
    return torch.tensor(padded, dtype=torch.long), torch.tensor(lengths, dtype=torch.long)


def batches_by_length(lengths, batch_size, seed=None):
    import random

    pairs = sorted((length, index) for index, length in enumerate(lengths))
    batches = []
    while pairs:
        batches.append([index for _, index in pairs[:batch_size]])
        pairs = pairs[batch_size:]
    if seed is not None:
        random.Random(seed).shuffle(batches)
    return batches


# %% q3_3
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    gates = torch.mm(x, weight_ih.t()) + bias_ih + torch.mm(h, weight_hh.t()) + bias_hh
    ingate, forgetgate, cellgate, outgate = gates.chunk(4, 1)
    ingate = torch.sigmoid(ingate)
    forgetgate = torch.sigmoid(forgetgate)
    cellgate = torch.tanh(cellgate)
    outgate = torch.sigmoid(outgate)
    cy = (forgetgate * c) + (ingate * cellgate)
    hy = outgate * torch.tanh(cy)
    return hy, cy


# %% q3_4
class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(torch.Tensor(4 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.Tensor(4 * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.Tensor(4 * hidden_size))
        self.bias_hh = nn.Parameter(torch.Tensor(4 * hidden_size))
        self.reset_parameters()

    def reset_parameters(self):
        std = 1.0 / math.sqrt(self.hidden_size)
        for w in self.parameters():
            w.data.uniform_(-std, std)

    def forward(self, x, lengths):
        n = x.size(1)
        mask = (torch.arange(n).unsqueeze(0) < lengths.unsqueeze(1)).to(x.dtype).unsqueeze(2)
        x = x * mask
        h = x.new_zeros((x.size(0), self.hidden_size))
        c = x.new_zeros((x.size(0), self.hidden_size))
        outs = []
        for t, xt in enumerate(x.unbind(1)):
            m = mask[:, t]
            h1, c1 = lstm_step(xt, h, c, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
            h = m * h1 + (1 - m) * h
            c = m * c1 + (1 - m) * c
            outs.append(m * h1)
        return torch.stack(outs, 1), (h, c)


# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_embed)
        self.rnn = nn.LSTM(d_embed, d_hidden, bidirectional=True)
        self.fc = nn.Linear(d_hidden * 2, 1)
        self.dropout = nn.Dropout(dropout)
        nn.init.uniform_(self.embedding.weight, -0.15, 0.15)

    def forward(self, tokens, lengths):
        lengths, order = torch.sort(lengths, descending=True)
        embedded = self.dropout(self.embedding(tokens[order].t()))
        packed = nn.utils.rnn.pack_padded_sequence(embedded, lengths.clamp(min=1).cpu())
        _, (hidden, _) = self.rnn(packed)
        hidden = torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1)
        hidden = hidden * (lengths > 0).unsqueeze(1)
        logits = self.fc(self.dropout(hidden))
        return logits[torch.argsort(order)].squeeze(1)


# %% q3_6
def train(model, train_set, valid_set, max_epochs=6, patience=2, checkpoint="a04.safetensors",
          batch_size=64, lr=2e-3, max_norm=1.0):  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    criterion = nn.BCEWithLogitsLoss()

    def iterate(data, seed=None):
        for batch in batches_by_length([len(s) for s in data[0]], batch_size, seed):
            text, lengths = pad_batch([data[0][i] for i in batch])
            yield text, lengths, torch.FloatTensor([data[1][i] for i in batch])

    history = {"train_loss": [], "valid_loss": []}
    best_valid_loss, waiting = float("inf"), 0
    for epoch in range(max_epochs):
        epoch_loss = 0
        model.train()
        for text, lengths, label in iterate(train_set, seed=epoch + 1):
            optimizer.zero_grad()
            predictions = model(text, lengths=lengths)
            loss = criterion(predictions, label)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm=max_norm)
            optimizer.step()
            epoch_loss += loss.item() * len(label)
        history["train_loss"].append(epoch_loss / len(train_set[0]))
        epoch_loss = 0
        model.eval()
        with torch.no_grad():
            for text, lengths, label in iterate(valid_set):
                epoch_loss += criterion(model(text, lengths=lengths), label).item() * len(label)
        valid_loss = epoch_loss / len(valid_set[0])
        history["valid_loss"].append(valid_loss)
        if valid_loss < best_valid_loss:
            best_valid_loss, waiting = valid_loss, 0
            save_file(model.state_dict(), checkpoint)
        else:
            waiting += 1
            if waiting >= patience:
                break
    model.load_state_dict(load_file(checkpoint))
    return history
