"""The classifier, on torch.nn.LSTM."""

import torch
from torch.nn.utils.rnn import pack_padded_sequence


class LSTMClassifier(torch.nn.Module):
    def __init__(self, vocab_size, d_embed=64, d_hidden=64, dropout=0.5):
        super().__init__()
        self.words = torch.nn.Embedding(vocab_size, d_embed)
        self.lstm = torch.nn.LSTM(d_embed, d_hidden, batch_first=True)
        self.dropout = torch.nn.Dropout(dropout)
        self.logit = torch.nn.Linear(d_hidden, 1)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(
            self.dropout(self.words(tokens)),
            lengths.clamp(min=1).cpu(),
            batch_first=True,
            enforce_sorted=False,
        )
        _, (h, _) = self.lstm(packed)
        summary = h[0] * (lengths > 0).unsqueeze(1)
        return self.logit(self.dropout(summary)).squeeze(1)
