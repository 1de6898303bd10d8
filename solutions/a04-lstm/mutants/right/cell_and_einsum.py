"""Einsum in the step; nn.LSTMCell in the classifier, stopped by interpolating with a mask of
floats; the best state kept in memory and written at the end."""


# %% q3_3
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    d = h.shape[-1]
    sums = torch.einsum("bi,gdi->gbd", x, weight_ih.reshape(4, d, -1))
    sums = sums + torch.einsum("be,gde->gbd", h, weight_hh.reshape(4, d, d))
    sums = sums + (bias_ih + bias_hh).reshape(4, 1, d)
    keep, write, show = (torch.sigmoid(sums[gate]) for gate in (1, 0, 3))
    new_c = keep.mul(c).addcmul(write, torch.tanh(sums[2]))
    return show * torch.tanh(new_c), new_c


# %% q3_4
class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        k = 1.0 / np.sqrt(hidden_size)
        self.weight_ih = nn.Parameter(
            torch.FloatTensor(4 * hidden_size, input_size).uniform_(-k, k)
        )
        self.weight_hh = nn.Parameter(
            torch.FloatTensor(4 * hidden_size, hidden_size).uniform_(-k, k)
        )
        self.bias_ih = nn.Parameter(torch.FloatTensor(4 * hidden_size).uniform_(-k, k))
        self.bias_hh = nn.Parameter(torch.FloatTensor(4 * hidden_size).uniform_(-k, k))
        with torch.no_grad():
            self.bias_ih[hidden_size : 2 * hidden_size] = 1.0

    def forward(self, x, lengths):
        batch, n, _ = x.shape
        mask = (torch.arange(n).unsqueeze(0) < lengths.unsqueeze(1)).float()
        h = torch.zeros(batch, self.weight_hh.shape[1])
        c = torch.zeros_like(h)
        steps = []
        for t, words_at_t in enumerate(x.unbind(1)):
            m = mask[:, t : t + 1]
            new = lstm_step(
                words_at_t, h, c, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh
            )
            h = m * new[0] + (1 - m) * h
            c = m * new[1] + (1 - m) * c
            steps.append(h)
        return torch.stack(steps, 1) * mask.unsqueeze(-1), [h, c]


# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_embed)
        self.embedding.weight.data.uniform_(-0.1, 0.1)
        self.cell = nn.LSTMCell(d_embed, d_hidden)
        self.rate = dropout
        self.classifier = nn.Sequential(nn.Linear(d_hidden, d_hidden), nn.ReLU())
        self.out = nn.Linear(d_hidden, 1)

    def forward(self, tokens, lengths):
        x = F.dropout(self.embedding(tokens), self.rate, self.training)
        h = torch.zeros(len(tokens), self.cell.hidden_size)
        c = torch.zeros_like(h)
        for t in range(int(lengths.max())):
            m = (lengths > t).float()[:, None]
            new_h, new_c = self.cell(x[:, t], (h, c))
            h, c = m * new_h + (1 - m) * h, m * new_c + (1 - m) * c
        h = F.dropout(h, p=self.rate, training=self.training)
        return self.out(self.classifier(h)).view(-1)


# %% q3_6
Reviews = tuple[Sequence[Sequence[int]], Sequence[int]]


def train(
    model,
    train_set,
    valid_set,
    max_epochs=6,
    patience=2,
    checkpoint="a04.safetensors",
    batch_size=64,
    lr=2e-3,
    max_norm=1.0,
):
    import copy

    def run_epoch(reviews, seed=None, optimizer=None):
        losses = []
        for chosen in batches_by_length([len(s) for s in reviews[0]], batch_size, seed):
            tokens, lengths = pad_batch([reviews[0][i] for i in chosen])
            labels = torch.as_tensor([reviews[1][i] for i in chosen]).float()
            each = F.binary_cross_entropy_with_logits(
                model(tokens, lengths), labels, reduction="none"
            )
            if optimizer is not None:
                optimizer.zero_grad(set_to_none=False)
                each.mean().backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
                optimizer.step()
            losses.extend(each.tolist())
        return float(np.mean(losses))

    history = {"train_loss": [], "valid_loss": []}
    optimizer = torch.optim.Adam(model.parameters(), lr)
    best, best_epoch = copy.deepcopy(model.state_dict()), -1
    for epoch in range(max_epochs):
        model.train()
        history["train_loss"].append(run_epoch(train_set, epoch + 17, optimizer))
        model.eval()
        with torch.no_grad():
            history["valid_loss"].append(run_epoch(valid_set))
        if history["valid_loss"][-1] < min(history["valid_loss"][:-1], default=math.inf):
            best, best_epoch = copy.deepcopy(model.state_dict()), epoch
        elif epoch - best_epoch >= patience:
            break
    save_file(best, checkpoint)
    model.load_state_dict(best)
    return history
