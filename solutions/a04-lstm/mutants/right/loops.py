"""Plain loops: words counted by hand, gates computed row by row of a batch, each review read alone
up to its end, gradients clipped by hand. The classifier reads with nn.LSTM, last words first, since
loops would take an hour to train."""

# %% q3_1
SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")


def build_vocabulary(texts, size):
    counts = {}
    for text in texts:
        for word in text.split():
            counts[word] = counts.get(word, 0) + 1
    by_count = {}
    for word, count in counts.items():
        by_count.setdefault(count, []).append(word)
    vocabulary = list(SPECIAL)
    for count in sorted(by_count, reverse=True):
        for word in sorted(by_count[count]):
            if len(vocabulary) < size:
                vocabulary.append(word)
    return vocabulary


def encode(text, ids, max_len):
    result = [1]
    for word in text.split():
        if len(result) == max_len:
            break
        if word in ids:
            result.append(ids[word])
        else:
            result.append(2)
    return result


# %% q3_2
def pad_batch(sequences, pad_id=0):
    longest = 1
    for sequence in sequences:
        longest = max(longest, len(sequence))
    tokens = torch.zeros(len(sequences), longest, dtype=torch.int64)
    lengths = torch.zeros(len(sequences), dtype=torch.int64)
    for i, sequence in enumerate(sequences):
        lengths[i] = len(sequence)
        for j in range(longest):
            tokens[i, j] = sequence[j] if j < len(sequence) else pad_id
    return tokens, lengths


def batches_by_length(lengths, batch_size, seed=None):
    import random

    buckets = {}
    for i, length in enumerate(lengths):
        buckets.setdefault(length, []).append(i)
    batches = [[]]
    for length in sorted(buckets):
        for i in buckets[length]:
            if len(batches[-1]) == batch_size:
                batches.append([])
            batches[-1].append(i)
    if batches == [[]]:
        return []
    if seed is not None:
        random.Random(seed).shuffle(batches)
    return batches


# %% q3_3
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    size = h.shape[1]
    new_h, new_c = [], []
    for row in range(x.shape[0]):
        parts = []
        for gate in range(4):
            at = slice(gate * size, (gate + 1) * size)
            z = weight_ih[at] @ x[row] + bias_ih[at] + weight_hh[at] @ h[row] + bias_hh[at]
            parts.append(torch.tanh(z) if gate == 2 else torch.sigmoid(z))
        cell = parts[1] * c[row] + parts[0] * parts[2]
        new_c.append(cell)
        new_h.append(parts[3] * torch.tanh(cell))
    return torch.stack(new_h), torch.stack(new_c)


# %% q3_4
class LSTM(nn.Module):
    """Each review is read alone, and only as far as it goes."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        bound = hidden_size**-0.5
        self.hidden_size = hidden_size
        for name, shape in (
            ("weight_ih", (4 * hidden_size, input_size)),
            ("weight_hh", (4 * hidden_size, hidden_size)),
            ("bias_ih", (4 * hidden_size,)),
            ("bias_hh", (4 * hidden_size,)),
        ):
            self.register_parameter(name, nn.Parameter((2 * torch.rand(shape) - 1) * bound))

    def forward(self, x, lengths):
        outputs, last_h, last_c = [], [], []
        for review, length in zip(x, lengths.tolist()):
            h = c = torch.zeros(1, self.hidden_size)
            rows = []
            for t in range(x.shape[1]):
                if t < length:
                    h, c = lstm_step(
                        review[t : t + 1], h, c,
                        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh,
                    )  # fmt: skip
                    rows.append(h)
                else:
                    rows.append(torch.zeros(1, self.hidden_size))
            outputs.append(torch.cat(rows))
            last_h.append(h)
            last_c.append(c)
        return torch.stack(outputs), (torch.cat(last_h), torch.cat(last_c))


# %% q3_5
class LSTMClassifier(nn.Module):
    """Every review is turned around, so its first word is the last one to be read."""

    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.table = nn.Parameter(torch.randn(vocab_size, d_embed) / 10)
        self.lstm = nn.LSTM(d_embed, d_hidden)
        self.logit = nn.Linear(d_hidden, 1)
        self.p = dropout

    def forward(self, tokens, lengths):
        words = F.dropout(self.table[tokens], self.p, self.training)
        rows = [row[:length].flip(0) for row, length in zip(words, lengths.tolist())]
        columns = tokens.shape[1]
        padded = torch.stack([F.pad(row, (0, 0, 0, columns - len(row))) for row in rows], dim=1)
        states, _ = self.lstm(padded)
        last = [states[length - 1, i] * (length > 0) for i, length in enumerate(lengths.tolist())]
        last = F.dropout(torch.stack(last), self.p, self.training)
        return self.logit(last).view(-1)


# %% q3_6
Reviews = tuple[Sequence[Sequence[int]], Sequence[int]]


def train(model, train_set, valid_set, max_epochs=6, patience=2, checkpoint="a04.safetensors",
          batch_size=64, lr=2e-3, max_norm=1.0):  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    criterion = nn.BCEWithLogitsLoss()
    train_losses, valid_losses = [], []
    best_state, waited = None, 0
    epoch = 0
    while epoch < max_epochs and waited < patience:
        model.train()
        summed, seen = 0.0, 0
        order = list(range(len(train_set[0])))
        np.random.shuffle(order)
        for i in range(0, len(order), batch_size):
            part = order[i : i + batch_size]
            tokens, lengths = pad_batch([train_set[0][j] for j in part])
            target = torch.tensor([train_set[1][j] for j in part], dtype=torch.float32)
            model.zero_grad()
            loss = criterion(model(tokens, lengths), target)
            loss.backward()
            total = 0.0
            for p in model.parameters():
                if p.grad is not None:
                    total += float(p.grad.double().pow(2).sum())
            norm = math.sqrt(total)
            if norm > max_norm:
                for p in model.parameters():
                    if p.grad is not None:
                        p.grad *= max_norm / norm
            optimizer.step()
            summed += float(loss) * len(part)
            seen += len(part)
        train_losses.append(summed / seen)
        model.eval()
        summed = 0.0
        with torch.no_grad():
            for sequence, label in zip(valid_set[0], valid_set[1]):
                tokens, lengths = pad_batch([sequence])
                summed += float(criterion(model(tokens, lengths), torch.tensor([float(label)])))
        loss = summed / len(valid_set[0])
        if all(loss < other for other in valid_losses):
            waited = 0
            best_state = {name: value.clone() for name, value in model.state_dict().items()}
        else:
            waited += 1
        valid_losses.append(loss)
        epoch += 1
    model.load_state_dict(best_state)
    save_file(best_state, checkpoint)
    return {"train_loss": train_losses, "valid_loss": valid_losses}
