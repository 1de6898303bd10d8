"""A head that holds a dropout layer only where dropout > 0, so that its layers have other names then."""
# %% q3_5
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_embed)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.dropout = dropout
        self.lstm = nn.LSTM(d_embed, d_hidden, batch_first=True, bidirectional=True)
        layers = []
        width = 2 * d_hidden
        for size in (d_hidden,):
            if dropout > 0:
                layers.append(nn.Dropout(dropout))
            layers += [nn.Linear(width, size), nn.ReLU()]
            width = size
        if dropout > 0:
            layers.append(nn.Dropout(dropout))
        layers.append(nn.Linear(width, 1))
        self.head = nn.Sequential(*layers)
    def forward(self, tokens, lengths):
        x = F.dropout(self.embedding(tokens), self.dropout, self.training)
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        h = torch.cat([h[0], h[1]], dim=1)
        h = torch.where(lengths.unsqueeze(1) > 0, h, torch.zeros_like(h))
        return self.head(h).squeeze(1)
