"""A batch and its mask, on torch.nn.utils.rnn.pad_sequence."""

import torch
from torch.nn.utils.rnn import pad_sequence


def pad_batch(sequences, max_len, pad_id=0):
    rows = [torch.tensor(list(sequence), dtype=torch.long)[:max_len] for sequence in sequences]
    tokens = pad_sequence(rows, batch_first=True, padding_value=pad_id)
    real = [torch.ones(len(row), dtype=torch.bool) for row in rows]
    return tokens, pad_sequence(real, batch_first=True, padding_value=False)
