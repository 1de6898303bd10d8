"""Whether the points of a master's checks are those that its questions promise."""

from __future__ import annotations

from autograder.assignment.loading import Master
from autograder.authoring.public_tests import read_check_files
from autograder.errors import AssignmentError


def refuse_wrong_sums(master: Master) -> None:
    """Compare each question's automatic points with the sum of its checks'.

    A quiz item brings the points of its question. Raises AssignmentError for the first question
    where they differ: grading would have to refuse it for every hand-in.
    """
    checks = [check for file in read_check_files(master) for check in file.checks]
    for question in master.assignment.questions:
        own = [check.points for check in checks if check.question == question.id]
        possible = sum(own) + (question.auto if question.id in master.quiz.items else 0)
        if abs(possible - question.auto) > 1e-6:
            raise AssignmentError(
                f"the checks of {question.id} are worth {possible:g} points, but it has "
                f"{question.auto:g} automatic ones",
                where=f"checks/test_{question.id}.py",
                remedy="Make the marks `points` add up, or change `auto` in assignment.yml.",
            )
