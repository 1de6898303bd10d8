"""Bound in place of a wrong `softmax` while 2.2 is judged: who failed 2.1 can still earn it."""

import torch


def softmax(scores):
    return torch.softmax(scores, dim=-1)
