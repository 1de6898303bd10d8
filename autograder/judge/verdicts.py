"""From the exception that a check ended with to what the student is told.

Of a public check the student sees the reason. Of a hidden one only the exception's type, where it
is one of Python's or torch's, and the line of their own code: everything else is text that student
code could have made of a hidden input.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.checks.tensors import WrongForm
from autograder.errors import SandboxFault
from autograder.judge.bounds import TookTooLong
from autograder.judge.lines import own_line
from autograder.judge.student import StudentError
from autograder.results import Ending, Fault
from autograder.sandbox.channel import Ended, TimedOut
from autograder.sandbox.execution import ending_of_error

TORCH_ERRORS = frozenset({"torch.OutOfMemoryError", "torch.LinAlgError", "torch.AcceleratorError"})
"""By name: a class of the student's could call itself another, with a hidden input in its name."""

MAX_REASON = 4_000
"""Characters of a reason."""


@dataclass(frozen=True)
class Reason:
    """Why a check failed."""

    text: str
    ending: Ending = Ending.GRADED
    """Another ending where a limit was met or a process died."""
    ours: bool = False
    """Whether the fault is the grader's."""
    for_instructor: str = ""
    """What the instructor should look at."""


def reason_of(
    error: BaseException, hidden: bool, cells: Mapping[int, str], asked: bool, seconds: float
) -> Reason:
    """Why a check that ended with ``error`` failed.

    ``cells`` holds the student's source by cell number, ``asked`` says whether the check had
    already heard from the student's side, ``seconds`` is the check's time limit.
    """
    if isinstance(error, StudentError):
        ending = ending_of_error({"public": error.public_type, "message": error.message})
        return Reason(_student_error(error, hidden, cells), ending)
    if isinstance(error, TimedOut):
        return Reason(f"Your code did not come back within {seconds:g} seconds.", Ending.TIMED_OUT)
    if isinstance(error, Ended):
        return Reason("Your code ended the whole Python process.", Ending.CRASHED)
    if isinstance(error, SandboxFault):
        return Reason("Your code broke off the exchange with the check.", Ending.CRASHED)
    if isinstance(error, AssertionError):
        text = str(error).strip()[:MAX_REASON]
        return Reason("" if hidden else text)
    kind = type(error).__name__
    if not asked or isinstance(error, (OSError, ImportError, NameError, SystemExit)):
        return Reason(
            "The grader failed here. It is not your fault, and nothing was scored.",
            Ending.GRADER_ERROR,
            ours=True,
            for_instructor=f"{kind}: {str(error)[:500]}",
        )
    # Also where memory or time ran out: others get by with it, and what differs is what came back.
    return Reason(
        "The check could not work with what your code returned. Is it of the type and shape that "
        "the task asks for?",
        Ending.TIMED_OUT if isinstance(error, TookTooLong) else Ending.GRADED,
        for_instructor=f"the check itself raised {kind}: {str(error)[:300]}",
    )


def fault_of(error: BaseException | None) -> Fault:
    """In what way a check failed that ended with ``error``."""
    match error:
        case StudentError():
            return Fault.RAISED
        case SandboxFault():
            return Fault.ENDED
        case WrongForm():
            return Fault.FORM
        case AssertionError():
            return Fault.VALUE
    # The check could not work with what came back.
    return Fault.FORM


def _student_error(error: StudentError, hidden: bool, cells: Mapping[int, str]) -> str:
    if hidden:
        text = f"Your code raised {_public_type(error)}."
    elif error.missing:
        return error.message[:MAX_REASON] + "."
    else:
        message = f": {error.message}" if error.message else ""
        text = f"Your code raised {error.type_name}{message}"[:MAX_REASON]
    where = own_line(error.lines, cells)
    return f"{text}\n{where}" if where else text


def _public_type(error: StudentError) -> str:
    name = error.public_type
    if error.missing:
        return "NameError"
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, BaseException):
        return f"a {name}" if name[0] not in "AEIOU" else f"an {name}"
    if name in TORCH_ERRORS:
        return f"a {name}"
    return "an exception"
