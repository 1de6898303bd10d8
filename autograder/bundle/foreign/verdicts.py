"""What the tests say of a state of the notebook: a claim from the sandbox, taken with caps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from autograder.bundle.foreign.model import OtterBundle, OtterCase, OtterTest
from autograder.errors import SandboxFault
from autograder.results import Ending, Verdict
from autograder.sandbox.channel import Channel, TimedOut
from autograder.sandbox.guest.wire import WireError
from autograder.sandbox.server import Sandbox

MAX_MESSAGE = 20_000
"""Characters of a message that are kept."""
HEADS = ("✅ Test case passed", "❌ Test case failed\n")
"""What otter writes above its messages; a feedback page has signs of its own."""

_BETWEEN = "*" * 70 + "\n"
_NEXT_EXAMPLE = re.compile(r"^Trying:\n", re.MULTILINE)
_PLACE = re.compile(r"\A(?:File .*, )?[Ll]ine \d+, in .*\n")
_DOCTESTS_OWN = re.compile(
    r'^ +File "[^"\n]*doctest\.py", line .*\n +exec\(.*\n(?: +[~^]+\n)?', re.MULTILINE
)


@dataclass(frozen=True)
class Claim:
    """What came back for one test."""

    outcomes: tuple[tuple[bool, str], ...] = ()
    """For each case: whether it passed, and otter's message. Empty where nothing came back."""
    ending: Ending = Ending.GRADED
    note: str = ""
    seconds: float = 0.0
    """Time that the tests took."""

    def of(self, test: OtterTest) -> tuple[list[bool], list[str]]:
        """Outcomes and messages, one for each case of the test."""
        outcomes = self.outcomes or ((False, ""),) * len(test.cases)
        return [passed for passed, _ in outcomes], [message for _, message in outcomes]


NOTHING_RUN = Claim(note="The notebook did not get as far as this question.")
STATE_GONE = Claim(ending=Ending.CRASHED, note="The state to be tested is gone.")


def run_test(process: Channel, test: OtterTest, bundle: OtterBundle, sandbox: Sandbox) -> Claim:
    """Run a test in a process that holds the state to be tested, and end that."""
    return _run(process, test, bundle, None, sandbox)


def run_cases(
    state: Channel, test: OtterTest, bundle: OtterBundle, sandbox: Sandbox, whole: Claim
) -> Claim:
    """Run each case of a test in a fork of its own, so that only one that ends it is lost.

    ``whole`` is what came of them all together.
    """
    parts: list[Claim] = []
    for number in range(len(test.cases)):
        try:
            process = state.fork()
        except SandboxFault:
            parts.append(STATE_GONE)
            continue
        parts.append(_run(process, test, bundle, number, sandbox))
    outcomes = tuple(part.outcomes[0] if part.outcomes else (False, part.note) for part in parts)
    seconds = whole.seconds + sum(part.seconds for part in parts)
    return Claim(outcomes, whole.ending, whole.note, seconds)


def _run(
    process: Channel, test: OtterTest, bundle: OtterBundle, case: int | None, sandbox: Sandbox
) -> Claim:
    files = {**bundle.material, f"{test.stem}.py": bundle.test_files[f"{test.stem}.py"]}
    cases = None if case is None else [case]
    process.student_seconds = 0.0
    try:
        said = process.ask(["otter", "test", files, test.stem, cases])
    except TimedOut as error:
        note = f"The tests were stopped after {error.seconds:g} seconds."
        return Claim(ending=Ending.TIMED_OUT, note=note, seconds=process.student_seconds)
    except (SandboxFault, WireError):
        memory = sandbox.took_memory()
        ending = Ending.OUT_OF_MEMORY if memory else Ending.CRASHED
        note = "The tests ended the whole Python process" + (" for its memory." if memory else ".")
        return Claim(ending=ending, note=note, seconds=process.student_seconds)
    finally:
        process.kill()
    outcomes = _outcomes(said, len(test.cases) if cases is None else 1)
    if outcomes is None:
        return Claim(ending=Ending.CRASHED, note="The tests were answered in an odd way.")
    return Claim(outcomes, seconds=process.student_seconds)


def _outcomes(said: Any, count: int) -> tuple[tuple[bool, str], ...] | None:
    """The outcomes, if they are of the agreed form."""
    if type(said) is not list or len(said) != count:
        return None
    for it in said:
        if type(it) is not list or [type(part) for part in it] != [bool, str]:
            return None
    return tuple((passed, message[:MAX_MESSAGE]) for passed, message in said)


def verdicts(test: OtterTest, claim: Claim, show_hidden: bool) -> tuple[Verdict, ...]:
    """The cases as the store keeps them. Points are lost as a whole where the test says so."""
    passed, messages = claim.of(test)
    nothing = test.all_or_nothing and not all(passed)
    listed: list[Verdict] = []
    for case, outcome, message in zip(test.cases, passed, messages, strict=True):
        secret = case.hidden and not show_hidden
        number = len(listed) + 1
        listed.append(
            Verdict(
                name=case.name,
                title=f"Hidden test {number}" if secret else case.name,
                points=float(case.points) if outcome and not nothing else 0.0,
                max_points=float(case.points),
                passed=outcome,
                hidden=case.hidden,
                message="" if secret else _message(case, outcome, message),
            )
        )
    return tuple(listed)


def _message(case: OtterCase, passed: bool, message: str) -> str:
    own = case.success_message if passed else case.failure_message
    for head in HEADS:
        message = message.removeprefix(head)
    return "\n\n".join(part for part in (own, readable(message).strip()) if part)


def readable(message: str) -> str:
    """A doctest's report without the examples that passed, and without doctest's own frames."""
    failures = message.split(_BETWEEN)[1:]
    if not failures:
        return message
    parts = [_PLACE.sub("", _NEXT_EXAMPLE.split(failure)[0]) for failure in failures]
    return "\n".join(_DOCTESTS_OWN.sub("", part) for part in parts)
