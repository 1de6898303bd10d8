"""Runs a public check inside a student's notebook and puts its reason into plain words.

Copied into every release as `course_checks/public.py`: otter's test files call it. It imports only
what a student has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from course_checks.student import Handle, Student, StudentError, in_process


class CheckFailed(Exception):
    """Why a check failed, for the student."""

    def __init__(self, reason: str) -> None:
        # otter puts the text into HTML as it is, where `<model>` would vanish as an unknown tag.
        super().__init__(re.sub(r"<(?=[A-Za-z/!?])", "‹", reason))


def run(check: Callable[[Student], None], env: dict[str, Any]) -> None:
    """Run one check on the names of the student's notebook. Raises CheckFailed with its reason."""
    try:
        check(in_process(env))
    except AssertionError as error:
        reason = str(error).strip() or "This does not hold for your answer yet."
    except StudentError as error:
        if error.missing:
            reason = f"{error.message}."
        else:
            message = f": {error.message}" if error.message else ""
            reason = f"Your code raised {error.type_name}{message}"
    # A check trips over whatever a wrong answer hands it, so anything may come here.
    except Exception as error:  # noqa: BLE001
        reason = (
            "The check could not work with what your code returned. Is it of the type and shape "
            f"that the task asks for? ({type(error).__name__}: {error})"
        )
    else:
        return
    raise CheckFailed(reason)


def filled_in_matching(
    student: Student, variable: str, keys: Sequence[str], options: Sequence[str]
) -> None:
    """Demand a dictionary that gives each key one of the options. Raises AssertionError."""
    answer = getattr(student, variable)
    assert isinstance(answer, dict), f"`{variable}` should be a dictionary."
    missing = [key for key in keys if _is_blank(answer.get(key))]
    assert not missing, f"`{variable}` has no answer yet for {_listed(missing)}."
    for key in keys:
        assert answer[key] in options, (
            f"`{variable}[{key!r}]` is {answer[key]!r}; it should be {_listed(options, ' or ')}."
        )


def filled_in_choice(student: Student, variable: str, options: Sequence[str]) -> None:
    """Demand one of the options. Raises AssertionError."""
    answer = getattr(student, variable)
    assert not _is_blank(answer), f"`{variable}` has no answer yet."
    assert answer in list(options), (
        f"`{variable}` is {answer!r}; it should be {_listed(options, ' or ')}."
    )


def filled_in_number(student: Student, variable: str) -> None:
    """Demand a number. Raises AssertionError."""
    answer = getattr(student, variable)
    assert not _is_blank(answer), f"`{variable}` has no answer yet."
    is_number = isinstance(answer, (int, float)) and not isinstance(answer, bool)
    assert is_number, f"`{variable}` should be a number, but is {answer!r}."


def _is_blank(answer: object) -> bool:
    # An Ellipsis, otter's usual blank, is not plain data and so arrives as a handle.
    return answer is None or isinstance(answer, Handle)


def _listed(items: Sequence[str], last: str = " and ") -> str:
    quoted = [repr(item) for item in items]
    return last.join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
