"""What a student is told of a failed check, and what they are not."""

from __future__ import annotations

import pytest

from autograder.errors import SandboxFault
from autograder.judge.lines import own_line
from autograder.judge.student import StudentError
from autograder.judge.verdicts import MAX_REASON, reason_of
from autograder.results import Ending
from autograder.sandbox.channel import Ended, TimedOut

CELLS = {5: "def double(x):\n    raise ValueError(x)\n"}
RAISED = {
    "type": "ValueError",
    "public": "ValueError",
    "missing": False,
    "message": "the input was 31337",
    "lines": [[5, 2, "double", "print('31337')"]],
}


def told(error: BaseException, hidden: bool, asked: bool = True) -> str:
    return reason_of(error, hidden, CELLS, asked, seconds=4).text


def test_of_a_public_check_the_student_sees_their_own_message() -> None:
    assert told(StudentError(RAISED), hidden=False) == (
        "Your code raised ValueError: the input was 31337\nin cell 5, line 2: raise ValueError(x)"
    )


def test_of_a_hidden_check_no_text_that_student_code_made_is_shown() -> None:
    text = told(StudentError(RAISED), hidden=True)
    assert text == "Your code raised a ValueError.\nin cell 5, line 2: raise ValueError(x)"
    assert "31337" not in text


@pytest.mark.parametrize("name", ["Input31337", "torch.nn.31337Error", "x" * 5000, "SystemExit "])
def test_a_type_that_is_not_of_python_or_torch_is_not_named(name: str) -> None:
    text = told(StudentError({**RAISED, "public": name, "type": name}), hidden=True)
    assert text.startswith("Your code raised an exception.")


@pytest.mark.parametrize(
    "lines", [None, "text", [[5, "2", "f", ""]], [[5, 99, "f", ""]], [[-1, 0, "f", ""]], [[5, 2]]]
)
def test_lines_that_are_not_of_the_hand_in_are_dropped(lines: object) -> None:
    text = told(StudentError({**RAISED, "lines": lines}), hidden=True)
    assert text == "Your code raised a ValueError."


@pytest.mark.parametrize("error", [SandboxFault("no fork came"), Ended(), TimedOut(4)])
@pytest.mark.parametrize("asked", [True, False])
def test_what_the_students_side_breaks_is_never_a_fault_of_ours(
    error: SandboxFault, asked: bool
) -> None:
    reason = reason_of(error, True, CELLS, asked, seconds=4)
    assert not reason.ours
    assert reason.ending in (Ending.CRASHED, Ending.TIMED_OUT)


def test_the_deepest_line_of_the_students_own_code_is_named() -> None:
    assert own_line([(5, 1, "f", ""), (5, 2, "g", ""), (7, 1, "h", "")], CELLS) == (
        "in cell 5, line 2: raise ValueError(x)"
    )


def test_the_reason_of_a_public_check_is_its_message_and_of_a_hidden_one_nothing() -> None:
    error = AssertionError("expected 4, got 31337")
    assert told(error, hidden=False) == "expected 4, got 31337"
    assert told(error, hidden=True) == ""
    assert len(told(AssertionError("x" * 10**6), hidden=False)) == MAX_REASON


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (TimedOut(4), Ending.TIMED_OUT),
        (Ended(), Ending.CRASHED),
        (StudentError({**RAISED, "public": "MemoryError"}), Ending.OUT_OF_MEMORY),
        (StudentError(RAISED), Ending.GRADED),
    ],
)
def test_limits_and_deaths_are_told_apart(error: BaseException, ending: Ending) -> None:
    reason = reason_of(error, True, CELLS, True, seconds=4)
    assert (reason.ending, reason.ours) == (ending, False)


@pytest.mark.parametrize(
    ("error", "asked", "ours"),
    [
        (TypeError("before the student was asked"), False, True),
        (NameError("a misspelt name in the check"), True, True),
        (FileNotFoundError("hidden file"), True, True),
        (AttributeError("'NoneType' has no attribute 'shape'"), True, False),
        (RuntimeError("shapes do not fit"), True, False),
        (MemoryError("7 TiB for a sum"), True, False),
        (MemoryError("before the student was asked"), False, True),
    ],
)
def test_a_fault_of_the_check_itself_is_ours(error: BaseException, asked: bool, ours: bool) -> None:
    reason = reason_of(error, True, CELLS, asked, seconds=4)
    assert reason.ours == ours
    assert reason.ending == (Ending.GRADER_ERROR if ours else Ending.GRADED)
    assert str(error) in reason.for_instructor
    assert str(error) not in reason.text
