"""What every grading process imports, imported once before they are forked."""

import pytest
import torch

from autograder.grading import pipeline

__all__ = ["pipeline", "pytest", "torch"]
