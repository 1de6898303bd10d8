"""The largest of each state over the review, from both directions of a packed nn.LSTM; a
history of NumPy numbers in a defaultdict."""

# %% q3_2
def pad_batch(sequences, pad_id=0):
    width = max(1, max(len(s) for s in sequences))
    tokens = np.full((len(sequences), width), pad_id, dtype="int64")
    for row, s in zip(tokens, sequences):
        row[: len(s)] = s
    return torch.from_numpy(tokens), torch.LongTensor([len(s) for s in sequences])


def batches_by_length(lengths, batch_size, seed=None):
    from itertools import islice

    order = iter(sorted(range(len(lengths)), key=list(lengths).__getitem__))
    batches = list(iter(lambda: list(islice(order, batch_size)), []))
    if seed is not None:
        np.random.RandomState(seed).shuffle(batches)
    return batches


# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_embed)
        self.embedding.weight.data.uniform_(-0.1, 0.1)
        self.lstm = nn.LSTM(d_embed, d_hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2 * d_hidden, 1)

    def forward(self, tokens, lengths):
        x = self.dropout(self.embedding(tokens))
        packed = nn.utils.rnn.pack_padded_sequence(
            x, lengths.clamp(min=1), batch_first=True, enforce_sorted=False
        )
        out, _ = nn.utils.rnn.pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, padding_value=-math.inf
        )
        pooled = out.max(dim=1).values.masked_fill((lengths == 0)[:, None], 0.0)
        return self.fc(self.dropout(pooled)).squeeze(-1)


# %% q3_6
from collections import defaultdict


def train(model, train_set, valid_set, max_epochs=6, patience=2, checkpoint="a04.safetensors",
          batch_size=64, lr=2e-3, max_norm=1.0):  # fmt: skip
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    history = defaultdict(list)

    def losses(data, seed=None):
        for index in batches_by_length([len(s) for s in data[0]], batch_size, seed):
            tokens, lengths = pad_batch([data[0][i] for i in index])
            target = torch.tensor([data[1][i] for i in index], dtype=torch.get_default_dtype())
            yield F.binary_cross_entropy_with_logits(
                model(tokens, lengths), target, reduction="none"
            )

    epoch, best = 0, -1
    while epoch < max_epochs and epoch - best <= patience:
        model.train()
        seen = []
        for loss in losses(train_set, epoch):
            opt.zero_grad()
            loss.mean().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            opt.step()
            seen.append(loss.detach().numpy())
        history["train_loss"].append(np.concatenate(seen).mean())
        with torch.no_grad():
            seen = [loss.numpy() for loss in losses_of_eval(model, lambda: losses(valid_set))]
        history["valid_loss"].append(np.concatenate(seen).astype("float64").mean())
        if best < 0 or history["valid_loss"][epoch] < history["valid_loss"][best]:
            best = epoch
            kept = {name: value.clone() for name, value in model.state_dict().items()}
        epoch += 1
    model.load_state_dict(kept)
    save_file(kept, checkpoint)
    return history


def losses_of_eval(model, make):
    model.eval()
    return list(make())
