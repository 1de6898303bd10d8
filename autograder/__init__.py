"""A grader for courses that teach deep learning: quizzes, essays and PyTorch code."""

__version__ = "0.1.0"
