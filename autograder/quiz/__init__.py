"""Quiz items: what their answers look like, and what these earn."""

from autograder.quiz.items import form_problem, variables
from autograder.quiz.scoring import score_item

__all__ = ["form_problem", "score_item", "variables"]
