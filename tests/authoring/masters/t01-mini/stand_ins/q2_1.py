import torch


def standardise(values):
    return torch.nn.functional.batch_norm(values, None, None, training=True, eps=1e-12)
