"""Six layers of nn.LSTM, the last state by packing."""
# %% q3_5
class LSTMClassifier(nn.Module):
    LAYERS = 6
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, d_embed)
        nn.init.normal_(self.emb.weight, std=0.1)
        self.lstm = nn.LSTM(d_embed, d_hidden, num_layers=self.LAYERS, dropout=dropout, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(d_hidden, 1)
    def forward(self, tokens, lengths):
        p = nn.utils.rnn.pack_padded_sequence(self.drop(self.emb(tokens)), lengths.clamp(min=1), batch_first=True, enforce_sorted=False)
        return self.fc(self.drop(self.lstm(p)[1][0][-1])).squeeze(1) * (lengths > 0)
