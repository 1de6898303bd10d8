"""What every worker imports, imported once before they are forked."""

import pytest
import torch

# torch loads it, and SymPy with it, at the first attention with a mask: half a second, in every
# fork whose checks compare with `torch.nn.MultiheadAttention`.
import torch.fx.experimental.symbolic_shapes

from autograder.grading import pipeline, worker

__all__ = ["pipeline", "pytest", "torch", "worker"]
