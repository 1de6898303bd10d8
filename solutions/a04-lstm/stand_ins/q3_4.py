"""An LSTM over a padded batch, on torch.nn.LSTM and packed batches."""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class LSTM(torch.nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.library = torch.nn.LSTM(input_size, hidden_size, batch_first=True)

    def forward(self, x, lengths):
        # The library packs no review of length 0: it reads one word, and what it says is left out.
        packed = pack_padded_sequence(
            x, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False
        )
        outputs, (h, c) = self.library(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
        read = (lengths > 0).unsqueeze(1)
        return outputs * read.unsqueeze(2), (h[0] * read, c[0] * read)
