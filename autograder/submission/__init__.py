"""Hand-ins, read safely and never run: cells, files, whose they are, and answers by question."""

from autograder.submission.answers import answers_by_question
from autograder.submission.belonging import belongs, looks_like, require_assignment
from autograder.submission.checkpoints import CheckPoint, check_points, split_cell
from autograder.submission.files import find_submissions
from autograder.submission.model import Caps, Cell, LeftOut, Submission
from autograder.submission.reading import read_submission
from autograder.submission.tags import restore_tags

__all__ = [
    "Caps",
    "Cell",
    "CheckPoint",
    "LeftOut",
    "Submission",
    "answers_by_question",
    "belongs",
    "check_points",
    "find_submissions",
    "looks_like",
    "read_submission",
    "require_assignment",
    "restore_tags",
    "split_cell",
]
