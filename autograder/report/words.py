"""What students are told of an ending, in friendly words."""

from __future__ import annotations

from autograder.results import Ending

OF_A_QUESTION = {
    Ending.TIMED_OUT: "Your code for this question ran longer than it may, and was stopped. Look "
    "for a loop that never ends, or for work that is done again and again.",
    Ending.OUT_OF_MEMORY: "Your code for this question asked for more memory than it may use. Look "
    "for a tensor that is larger than you meant, or for a list that keeps growing.",
    Ending.CRASHED: "Python itself ended while your code for this question ran: through exit(), or "
    "through a fault in a library that was called in an unusual way. Nothing after that point of "
    "this question could be checked.",
    Ending.TOO_MUCH_OUTPUT: "Your code for this question printed more than it may, and was "
    "stopped. Print less, above all inside of loops.",
    Ending.UNREADABLE: "We could not read your answer to this question.",
    Ending.GRADER_ERROR: "Something went wrong on our side while this question was graded. That is "
    "not your fault and costs you nothing: your instructor knows, and it will be graded again.",
}
OF_A_SUBMISSION = OF_A_QUESTION | {
    Ending.TIMED_OUT: "Your notebook as a whole ran longer than it may, and was stopped. What was "
    "graded until then counts.",
    Ending.OUT_OF_MEMORY: "Your notebook as a whole asked for more memory than it may use. What "
    "was graded until then counts.",
    Ending.CRASHED: "Python itself ended while your notebook ran: through exit(), or through a "
    "fault in a library. What was graded until then counts.",
    Ending.TOO_MUCH_OUTPUT: "Your notebook as a whole printed more than it may, and was stopped. "
    "What was graded until then counts.",
    Ending.UNREADABLE: "Nothing in it has been graded yet. This is what went wrong:",
    Ending.GRADER_ERROR: "Something went wrong on our side, and your hand-in is not graded yet. "
    "That is not your fault and costs you nothing: your instructor knows, and it will be graded "
    "again.",
}
WHAT_TO_DO_WHEN_UNREADABLE = (
    "Open your notebook in Jupyter. If it does not open there, go back to the last version that "
    "did, or start again from the assignment's template.",
    "Make sure that it is the notebook of this assignment, and that your name and student number "
    "stand in the cell that asks for them.",
    "Choose Kernel, Restart Kernel and Run All Cells; then save.",
    "Hand in the .ipynb file itself, or the .zip file that the last cell of the notebook makes. "
    "Not a PDF, not a link, not a screenshot.",
)
STATUS = {
    Ending.GRADED: "graded",
    Ending.TIMED_OUT: "ran too long",
    Ending.OUT_OF_MEMORY: "ran out of memory",
    Ending.CRASHED: "crashed",
    Ending.TOO_MUCH_OUTPUT: "printed too much",
    Ending.UNREADABLE: "not readable",
    Ending.GRADER_ERROR: "not graded: our fault",
}
"""An ending in a word or two."""


def late(days: float | None) -> str:
    """How late a hand-in came, as a sentence; empty where it came in time or nobody knows."""
    if days is None or days <= 0:
        return ""
    if days < 1:
        return "Handed in less than a day late."
    shown = f"{days:.1f}".removesuffix(".0")
    return f"Handed in {shown} {'day' if shown == '1' else 'days'} late."
