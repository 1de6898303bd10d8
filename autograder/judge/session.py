"""The pytest run: every check of an assignment against the snapshots of one notebook.

Two rounds. In the first, public checks run, and what student code says then may be shown. In the
second, hidden checks run; from then on nothing that student code says is shown any more, since a
snapshot may have handed a hidden input to another one.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from _pytest.runner import runtestprotocol

from autograder.errors import AssignmentError, SandboxFault
from autograder.judge.student import Student
from autograder.judge.verdicts import Reason, reason_of
from autograder.results import Ending, Flag, Verdict
from autograder.sandbox.channel import Channel, Ended


@dataclass(frozen=True)
class QuestionCase:
    """What the judge has of one question."""

    id: str
    snapshot: Channel | None
    """The notebook at the question's check point; None where it was not reached."""
    stand_ins: tuple[str, ...] = ()
    """Sources that define public library code in place of what the question needs."""


@dataclass(frozen=True)
class Case:
    """One submission before the judge."""

    checks: Path
    questions: tuple[QuestionCase, ...]
    seed: int
    hidden_files: Path
    handed_in: Mapping[str, bytes]
    cells: Mapping[int, str]
    """The student's source by cell number."""
    check_seconds: float


@dataclass
class Judgement:
    """What the checks of one question say."""

    verdicts: list[Verdict] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)

    @property
    def points(self) -> float:
        """Points earned."""
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def full(self) -> bool:
        """Whether nothing is left to earn."""
        return all(verdict.passed for verdict in self.verdicts)


@dataclass
class Outcome:
    """What the judge says of one submission."""

    questions: dict[str, Judgement]
    flags: list[Flag]
    student_seconds: float


def judge(case: Case) -> Outcome:
    """Run all checks of a case. Raises AssignmentError where the checks can't be collected."""
    plugin = _Plugin(case)
    arguments = [
        str(case.checks),
        "--assert=plain",
        "--import-mode=importlib",
        "--capture=no",
        "-p no:cacheprovider",
        "-p no:terminal",
        "-p no:faulthandler",
        "-p no:warnings",
        f"--rootdir={case.checks}",
        f"--confcutdir={case.checks}",
        "-c/dev/null",
    ]
    status = pytest.main(arguments, plugins=[plugin])
    _forget_checks(case.checks)
    if plugin.collection_errors or status not in (
        pytest.ExitCode.OK,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    ):
        raise AssignmentError(
            f"the checks can't be run: {'; '.join(plugin.collection_errors) or status!r}",
            where=str(case.checks),
            remedy="Run pytest on that folder to see the fault.",
        )
    return Outcome(plugin.judgements, plugin.flags, plugin.student_seconds)


def _forget_checks(folder: Path) -> None:
    """Drop the check modules, lest another assignment's of the same name be taken for them."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(folder):
            del sys.modules[name]


@dataclass
class _Attempt:
    """One run of one check."""

    item: pytest.Item
    case: QuestionCase
    hidden: bool
    stand_ins: tuple[str, ...]
    channel: Channel | None = None
    error: BaseException | None = None
    awarded: tuple[float, str] | None = None


class _Plugin:
    def __init__(self, case: Case) -> None:
        self.case = case
        self.judgements: dict[str, Judgement] = {}
        self.flags: list[Flag] = []
        self.student_seconds = 0.0
        self.collection_errors: list[str] = []
        self._attempt: _Attempt | None = None

    # What checks may ask for.

    @pytest.fixture
    def student(self) -> Student:
        """The student's notebook at the check point, in a process that is thrown away."""
        attempt = self._now
        if attempt.case.snapshot is None:
            raise Ended
        channel = attempt.channel = attempt.case.snapshot.fork()
        channel.request_seconds = self.case.check_seconds
        channel.deadline = time.monotonic() + self.case.check_seconds
        for source in attempt.stand_ins:
            channel.ask(["bind", source])
        return Student(channel)

    @pytest.fixture
    def seed(self) -> int:
        """A number that depends on the instructor's seed and on the check, and on nothing else."""
        text = f"{self.case.seed}:{self._now.item.name}:{self._now.case.id}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1

    @pytest.fixture
    def generator(self, seed: int) -> torch.Generator:
        """A torch generator seeded with `seed`."""
        return torch.Generator().manual_seed(seed)

    @pytest.fixture
    def rng(self, seed: int) -> np.random.Generator:
        """A NumPy generator seeded with `seed`."""
        return np.random.default_rng(seed)

    @pytest.fixture
    def hidden_files(self) -> Path:
        """The folder of hidden data."""
        return self.case.hidden_files

    @pytest.fixture
    def handed_in(self) -> Mapping[str, bytes]:
        """The files that came with the notebook, by name."""
        return self.case.handed_in

    @pytest.fixture
    def award(self) -> Callable[..., None]:
        """Give some of the check's points: ``award(points, message)``."""
        attempt = self._now

        def award(points: float, message: str = "") -> None:
            attempt.awarded = (float(points), message)

        return award

    @pytest.fixture
    def flag(self) -> Callable[[str], None]:
        """Tell the instructor something, without any effect on the score."""
        question = self._now.case.id
        return lambda text: self.flags.append(Flag(question, str(text)[:500]))

    @property
    def _now(self) -> _Attempt:
        if self._attempt is None:
            raise RuntimeError("a fixture was asked for outside of a check")
        return self._attempt

    # pytest's hooks.

    def pytest_configure(self, config: pytest.Config) -> None:
        for line in (
            "question(id): the question that a check belongs to",
            "points(number): what it is worth",
            "hidden: decides, and is not shown to students",
            "hint(text): what a student is told where it fails",
        ):
            config.addinivalue_line("markers", line)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            last = str(report.longrepr).strip().splitlines()[-1:]
            self.collection_errors.append(f"{report.nodeid}: {''.join(last)}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        if call.excinfo is not None and self._now.error is None:
            self._now.error = call.excinfo.value
        return (yield)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if not self.collection_errors:
            self._judge_all(session.items)
        return True

    # The order of things.

    def _judge_all(self, items: list[pytest.Item]) -> None:
        checks: dict[str, list[pytest.Item]] = {}
        for item in items:
            mark = item.get_closest_marker("question")
            if mark is None:
                raise AssignmentError(
                    f"{item.name} belongs to no question",
                    where=str(item.path),
                    remedy='Write `pytestmark = pytest.mark.question("q1_1")` at its top.',
                )
            checks.setdefault(str(mark.args[0]), []).append(item)
        asked = [question for question in self.case.questions if question.id in checks]
        own: dict[str, dict[str, Verdict]] = {}
        helped: dict[str, dict[str, Verdict]] = {}
        endings: dict[tuple[str, bool], list[Ending]] = {}

        def run(question: QuestionCase, hidden: bool, stand_in: bool, shown: bool) -> None:
            verdicts = (helped if stand_in else own).setdefault(question.id, {})
            for item in checks[question.id]:
                if is_hidden(item) == hidden:
                    verdict, ending = self._run(item, question, stand_in, shown)
                    verdicts[item.name] = verdict
                    endings.setdefault((question.id, stand_in), []).append(ending)

        def full(question: QuestionCase) -> bool:
            return all(verdict.passed for verdict in own[question.id].values())

        for question in asked:
            run(question, hidden=False, stand_in=False, shown=True)
            if question.stand_ins and not full(question):
                run(question, hidden=False, stand_in=True, shown=True)
        for question in asked:
            run(question, hidden=True, stand_in=False, shown=False)
            if question.stand_ins and not full(question):
                if question.id not in helped:
                    run(question, hidden=False, stand_in=True, shown=False)
                run(question, hidden=True, stand_in=True, shown=False)
        for question in asked:
            names = [item.name for item in checks[question.id]]
            attempts = [
                Judgement(
                    [verdicts[question.id][name] for name in names],
                    endings.get((question.id, stand_in), []),
                )
                for verdicts, stand_in in ((own, False), (helped, True))
                if question.id in verdicts
            ]
            self.judgements[question.id] = max(attempts, key=lambda attempt: attempt.points)

    def _run(
        self, item: pytest.Item, question: QuestionCase, stand_in: bool, shown: bool
    ) -> tuple[Verdict, Ending]:
        hidden = is_hidden(item)
        attempt = _Attempt(item, question, hidden, question.stand_ins if stand_in else ())
        self._attempt = attempt
        started = time.monotonic()
        runtestprotocol(item, log=False, nextitem=None)
        seconds = time.monotonic() - started
        self._attempt = None
        asked = attempt.channel is not None and attempt.channel.exchanges > 0
        if attempt.channel is not None:
            self.student_seconds += attempt.channel.student_seconds
            attempt.channel.kill()
        worth = points_of(item)
        verdict = Verdict(
            name=item.name,
            title=title_of(item),
            points=worth,
            max_points=worth,
            passed=True,
            hidden=hidden,
            hint=hint_of(item),
            seconds=seconds,
            stand_in=stand_in,
        )
        if attempt.error is None and attempt.awarded is None:
            return verdict, Ending.GRADED
        if attempt.error is None and attempt.awarded is not None:
            points, message = attempt.awarded
            points = min(max(points, 0.0), worth)
            passed = points >= worth
            text = "" if passed else message
            return replace(verdict, points=points, passed=passed, message=text), Ending.GRADED
        reason = self._reason(attempt, hidden or not shown, asked)
        if reason.for_instructor:
            self.flags.append(Flag(question.id, f"{item.name}: {reason.for_instructor}"))
        failed = replace(verdict, points=0.0, passed=False, message=reason.text)
        return failed, reason.ending

    def _reason(self, attempt: _Attempt, hidden: bool, asked: bool) -> Reason:
        error = attempt.error
        if error is None:
            raise RuntimeError("a check that did not fail has no reason")
        if isinstance(error, SandboxFault) and attempt.case.snapshot is None:
            return Reason("Your notebook did not come to this question: see the note above.")
        return reason_of(error, hidden, self.case.cells, asked, self.case.check_seconds)


def is_hidden(item: pytest.Item) -> bool:
    """Whether the check is marked `hidden`."""
    return item.get_closest_marker("hidden") is not None


def points_of(item: pytest.Item) -> float:
    """What the check is worth: its mark `points`, or nothing."""
    mark = item.get_closest_marker("points")
    return float(mark.args[0]) if mark else 0.0


def hint_of(item: pytest.Item) -> str:
    """The instructor's hint: its mark `hint`, or nothing."""
    mark = item.get_closest_marker("hint")
    return str(mark.args[0]) if mark else ""


def title_of(item: pytest.Item) -> str:
    """The first paragraph of the check's docstring, on one line."""
    function: Any = getattr(item, "function", None)
    text = (getattr(function, "__doc__", None) or item.name).strip()
    return " ".join(text.split("\n\n")[0].split())
