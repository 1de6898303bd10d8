"""Pretrained-like frozen embedding (requires_grad False) under a trained projection of size d_embed."""

# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size: int, d_embed: int = 64, d_hidden: int = 64, dropout: float = 0.5) -> None:
        super().__init__()
        self.embed = nn.Embedding.from_pretrained(torch.randn(vocab_size, d_embed) * 0.1, freeze=True)
        self.lstm = nn.LSTM(d_embed, d_hidden, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(d_hidden, 1)

    def forward(self, tokens, lengths):
        y, _ = self.lstm(self.drop(self.embed(tokens)))
        y = F.pad(y, (0, 0, 1, 0))
        return self.out(self.drop(y[torch.arange(len(y)), lengths])).squeeze(1)
