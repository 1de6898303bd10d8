"""What every worker of a bundle imports, imported once before they are forked."""

from autograder.bundle.foreign import grading, otter_itself
from autograder.grading import worker

__all__ = ["grading", "otter_itself", "worker"]
