"""What an instructor writes: the models of a master's YAML files, and loading them."""

from autograder.assignment.loading import Master, load_master
from autograder.assignment.models import (
    Assignment,
    Kind,
    Limits,
    Question,
    Rubric,
    RubricItem,
    Training,
)

__all__ = [
    "Assignment",
    "Kind",
    "Limits",
    "Master",
    "Question",
    "Rubric",
    "RubricItem",
    "Training",
    "load_master",
]
