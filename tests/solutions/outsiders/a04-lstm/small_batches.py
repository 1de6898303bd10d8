"""One-directional nn.LSTM with max pooling over the real states and nothing else; batches of half batch_size (at most batch_size is allowed)."""

# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size: int, d_embed: int = 64, d_hidden: int = 64, dropout: float = 0.5) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab_size, d_embed)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.lstm = nn.LSTM(d_embed, d_hidden, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(d_hidden, 1)

    def forward(self, tokens, lengths):
        y, _ = self.lstm(self.drop(self.embed(tokens)))
        pad = torch.arange(tokens.size(1)) >= lengths[:, None]
        top = y.masked_fill(pad[..., None], -torch.inf).amax(1)
        top = top.masked_fill((lengths == 0)[:, None], 0.0)
        return self.head(self.drop(top)).squeeze(1)

# %% q3_6
def train(model, train_set, valid_set, max_epochs=6, patience=2, checkpoint="a04.safetensors", batch_size=64, lr=2e-3, max_norm=1.0):
    size = max(1, batch_size // 2)
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    hist = {"train_loss": [], "valid_loss": []}
    best = math.inf
    for epoch in range(max_epochs):
        for name, (xs, ys) in (("train_loss", train_set), ("valid_loss", valid_set)):
            fit = name == "train_loss"
            model.train(fit)
            total = 0.0
            for b in batches_by_length([len(s) for s in xs], size, epoch):
                with torch.set_grad_enabled(fit):
                    loss = F.binary_cross_entropy_with_logits(model(*pad_batch([xs[i] for i in b])), torch.tensor([ys[i] for i in b]).float())
                if fit:
                    opt.zero_grad()
                    loss.backward()
                    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
                    opt.step()
                total += loss.item() * len(b)
            hist[name].append(total / len(xs))
        if hist["valid_loss"][-1] < best:
            best, wait = hist["valid_loss"][-1], 0
            save_file(model.state_dict(), checkpoint)
        else:
            wait += 1
            if wait == patience:
                break
    model.load_state_dict(load_file(checkpoint))
    return hist
