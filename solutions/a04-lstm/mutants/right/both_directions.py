"""The classifier reads each review with the LSTM of 3.4 from both ends, by turning the real words
around itself; maximum over the words; gates with a forget bias; the file read back and compared."""


# %% q3_4
class LSTM(nn.Module):
    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        library = nn.LSTMCell(input_size, hidden_size)
        self.weight_ih = nn.Parameter(library.weight_ih.detach().clone())
        self.weight_hh = nn.Parameter(library.weight_hh.detach().clone())
        self.bias_ih = nn.Parameter(torch.cat([torch.zeros(hidden_size), torch.ones(hidden_size),
                                               torch.zeros(2 * hidden_size)]))  # fmt: skip
        self.bias_hh = nn.Parameter(torch.zeros(4 * hidden_size))

    def forward(self, x, lengths):
        batch, columns = x.shape[:2]
        hidden = self.weight_hh.shape[1]
        h, c = x.new_zeros(batch, hidden), x.new_zeros(batch, hidden)
        outputs = x.new_zeros(batch, columns, hidden)
        for t in range(columns):
            alive = torch.nonzero(lengths > t).flatten()
            if len(alive) == 0:
                break
            new_h, new_c = lstm_step(
                x[alive, t], h[alive], c[alive],
                self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh,
            )  # fmt: skip
            h = h.index_copy(0, alive, new_h)
            c = c.index_copy(0, alive, new_c)
            outputs = outputs.index_put((alive, torch.full_like(alive, t)), new_h)
        return outputs, (h, c)


# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(
            vocab_size, d_embed, _weight=0.1 * torch.randn(vocab_size, d_embed)
        )
        self.forth = LSTM(d_embed, d_hidden)
        self.back = LSTM(d_embed, d_hidden)
        self.drop_words, self.drop_states = nn.Dropout(dropout), nn.Dropout(dropout)
        self.linear = nn.Linear(2 * d_hidden, 1)

    def forward(self, tokens, lengths):
        x = self.drop_words(self.embedding(tokens))
        columns = torch.arange(tokens.shape[1])
        mirrored = (lengths[:, None] - 1 - columns).where(columns < lengths[:, None], columns)
        turned = x.gather(1, mirrored[:, :, None].expand_as(x))
        forth, _ = self.forth(x, lengths)
        back, _ = self.back(turned, lengths)
        # At padded places the states are 0, which a maximum may well take; so they become -1.
        padded = (columns >= lengths[:, None])[:, :, None]
        both = torch.cat([forth, back], dim=2).masked_fill(padded, -1.0)
        return self.linear(self.drop_states(both.amax(dim=1))).flatten()


# %% q3_6
Reviews = tuple[Sequence[Sequence[int]], Sequence[int]]


def train(
    model, train_set, valid_set, max_epochs=6, patience=2, checkpoint="a04.safetensors",
    batch_size=64, lr=2e-3, max_norm=1.0,
):  # fmt: skip
    """A data loader of PyTorch's, which shuffles reviews of any length."""
    from torch.utils.data import DataLoader

    def loader(reviews, shuffle):
        def collate(pairs):
            tokens, lengths = pad_batch([sequence for sequence, _ in pairs])
            return tokens, lengths, torch.tensor([label for _, label in pairs], dtype=torch.float)

        pairs = list(zip(*reviews))
        return DataLoader(pairs, batch_size, shuffle=shuffle, collate_fn=collate)

    def measure(reviews):
        model.eval()
        with torch.inference_mode():
            parts = [
                F.binary_cross_entropy_with_logits(model(t, n), y, reduction="none")
                for t, n, y in loader(reviews, False)
            ]
        return torch.cat(parts).mean().item()

    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    history = {"train_loss": [], "valid_loss": []}
    since = 0
    for _ in range(max_epochs):
        model.train()
        for tokens, lengths, labels in loader(train_set, True):
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(model(tokens, lengths), labels).backward()
            nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], max_norm)
            optimizer.step()
        history["train_loss"].append(measure(train_set))
        valid_loss = measure(valid_set)
        is_best = not history["valid_loss"] or valid_loss < min(history["valid_loss"])
        history["valid_loss"].append(valid_loss)
        if is_best:
            since = 0
            save_file({k: v.contiguous() for k, v in model.state_dict().items()}, checkpoint)
        else:
            since += 1
        if since >= patience:
            break
    best = load_file(checkpoint)
    model.load_state_dict(best, strict=True)
    assert all(torch.equal(best[name], part) for name, part in model.state_dict().items())
    return history
