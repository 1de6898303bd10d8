"""NumPy wherever no gradient is needed; the step in float64; states gathered by index."""

# %% q3_1
SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")


def build_vocabulary(texts, size):
    found = np.array([word for text in texts for word in text.split()], dtype=object)
    if not len(found):
        return list(SPECIAL)[:size]
    names, counts = np.unique(found, return_counts=True)
    order = np.lexsort((np.arange(len(names)), -counts))
    return [*SPECIAL, *(str(name) for name in names[order])][:size]


def encode(text, ids, max_len):
    result = np.full(1 + len(text.split()), 1, dtype=np.int64)
    result[1:] = [ids.get(word, 2) for word in text.split()]
    return result[:max_len].tolist()


# %% q3_2
def pad_batch(sequences, pad_id=0):
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    tokens = np.full((len(sequences), max(lengths.max(), 1)), pad_id, dtype=np.int64)
    real = np.arange(tokens.shape[1]) < lengths[:, None]
    tokens[real] = np.concatenate([np.asarray(s, dtype=np.int64) for s in sequences])
    return torch.from_numpy(tokens), torch.from_numpy(lengths)


def batches_by_length(lengths, batch_size, seed=None):
    order = np.argsort(np.asarray(lengths), kind="stable")
    batches = [order[i : i + batch_size].tolist() for i in range(0, len(order), batch_size)]
    if seed is None:
        return batches
    rng = np.random.RandomState(seed % 2**32)
    return [batches[i] for i in rng.permutation(len(batches))]


# %% q3_3
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    x, h, c = x.double(), h.double(), c.double()
    z = x @ weight_ih.double().t() + h @ weight_hh.double().t()
    z = z + bias_ih.double() + bias_hh.double()
    size = h.shape[1]
    i, f, g, o = z[:, :size], z[:, size : 2 * size], z[:, 2 * size : 3 * size], z[:, 3 * size :]
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return h.float(), c.float()


# %% q3_4
class LSTM(nn.Module):
    """Reads everything, padding too, and looks up each review's own last state afterwards."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        bound = 1 / np.sqrt(hidden_size)

        def draw(*shape):
            numbers = np.random.default_rng().uniform(-bound, bound, size=shape)
            return nn.Parameter(torch.tensor(numbers, dtype=torch.float32))

        self.weight_ih = draw(4 * hidden_size, input_size)
        self.weight_hh = draw(4 * hidden_size, hidden_size)
        self.bias_ih = draw(4 * hidden_size)
        self.bias_hh = draw(4 * hidden_size)

    def forward(self, x, lengths):
        zeros = torch.zeros(x.shape[0], self.weight_hh.shape[1])
        states, cells = [zeros], [zeros]
        for t in range(x.shape[1]):
            h, c = lstm_step(
                x[:, t], states[-1], cells[-1],
                self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh,
            )  # fmt: skip
            states.append(h)
            cells.append(c)
        states, cells = torch.stack(states, dim=1), torch.stack(cells, dim=1)
        rows = torch.arange(len(x))
        padded = torch.arange(x.shape[1])[None, :] >= lengths[:, None]
        outputs = states[:, 1:].masked_fill(padded[:, :, None], 0)
        return outputs, (states[rows, lengths], cells[rows, lengths])
