"""What every worker imports, imported once before they are forked."""

import pytest
import torch

from autograder.grading import worker

__all__ = ["pytest", "torch", "worker"]
