"""Batches, on torch.nn.utils.rnn.pad_sequence and torch.utils.data.

Later questions ask for batches alone, not for reviews of one length in each.
"""

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import BatchSampler, RandomSampler, SequentialSampler


def pad_batch(sequences, pad_id=0):
    rows = [torch.tensor(list(sequence), dtype=torch.long) for sequence in sequences]
    tokens = pad_sequence(rows, batch_first=True, padding_value=pad_id)
    return tokens, torch.tensor([len(row) for row in rows])


def batches_by_length(lengths, batch_size, seed=None):
    places = range(len(lengths))
    order = SequentialSampler(places)
    if seed is not None:
        order = RandomSampler(places, generator=torch.Generator().manual_seed(seed))
    return list(BatchSampler(order, batch_size, drop_last=False))
