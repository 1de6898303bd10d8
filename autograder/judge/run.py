"""Running one check: the fixtures that it may ask for, and the verdict that it comes to."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from _pytest.runner import runtestprotocol

from autograder.errors import SandboxFault
from autograder.judge.bounds import Bounds, TookTooLong
from autograder.judge.case import Case, Outcome, QuestionCase
from autograder.judge.marks import MARKS, hint_of, is_hidden, points_of, title_of
from autograder.judge.redraws import redraw
from autograder.judge.rounds import judge_in_rounds
from autograder.judge.student import Student
from autograder.judge.verdicts import MAX_REASON, Reason, fault_of, reason_of
from autograder.results import Ending, Evidence, Failure, Fault, Flag, Verdict
from autograder.sandbox.channel import Channel, Ended
from autograder.sandbox.deadline import longest


@dataclass
class _Attempt:
    """One run of one check."""

    item: pytest.Item
    case: QuestionCase
    hidden: bool
    stand_ins: tuple[str, ...]
    seed: int
    kept: bool
    """Whether its process serves further attempts."""
    channel: Channel | None = None
    used_files: bool = False
    """Whether it asked for what came with the notebook."""
    error: BaseException | None = None
    awarded: tuple[float, str] | None = None


class CheckRun:
    """A pytest plugin: the collected checks, the fixtures, and judging cases with them."""

    def __init__(self, hidden_files: Path, work: Callable[[CheckRun], None]) -> None:
        """Once the checks are collected, ``work`` is called with this."""
        self._hidden_files = hidden_files
        self._work = work
        self._items: list[pytest.Item] = []
        self._case: Case | None = None
        self._attempt: _Attempt | None = None
        self._kept: Channel | None = None
        self._flags: list[Flag] = []
        self._failures: list[Failure] = []
        self._student_seconds = 0.0
        self._bounds: Bounds
        self.collection_errors: list[str] = []
        self.raised: BaseException | None = None
        """What ``work`` raised."""

    def judge(self, case: Case) -> Outcome:
        """Run all checks on one submission."""
        self._case = case
        self._flags = []
        self._failures = []
        self._student_seconds = 0.0
        self._bounds = Bounds(case.limits.memory_mb, case.limits.submission_seconds)
        judgements = judge_in_rounds(case, self._items, self.run)
        evidence = None
        if case.redraw is not None:
            failures = tuple(self._failures)
            evidence = Evidence(
                failures, redraw(case, self._items, judgements, self.run, self.repeat)
            )
        return Outcome(judgements, self._flags, self._student_seconds, evidence)

    # What checks may ask for.

    @pytest.fixture
    def student(self) -> Student:
        """The student's notebook at the check point, in a process that is thrown away."""
        attempt = self._now
        if attempt.case.snapshot is None:
            raise Ended
        channel = self._kept if attempt.kept else None
        is_new = channel is None
        if channel is None:
            channel = attempt.case.snapshot.fork()
        attempt.channel = channel
        channel.limit_all(self._judged.limits.check_seconds)
        if is_new:
            for source in attempt.stand_ins:
                channel.ask(["bind", source])
        return Student(channel)

    @pytest.fixture
    def seed(self) -> int:
        """A number that depends on the instructor's seed and on the check, and on nothing else."""
        text = f"{self._now.seed}:{self._now.item.name}:{self._now.case.id}"
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
    def stand_in(self) -> bool:
        """Whether this is the second try, with stand-ins for what the question needs."""
        return bool(self._now.stand_ins)

    @pytest.fixture
    def hidden_files(self) -> Path:
        """The folder of hidden data."""
        return self._hidden_files

    @pytest.fixture
    def handed_in(self) -> Mapping[str, bytes]:
        """The files that came with the notebook, by name."""
        self._now.used_files = True
        return self._judged.handed_in

    @pytest.fixture
    def award(self) -> Callable[..., None]:
        """Give some of the check's points: ``award(points, message)``.

        What is not finite is worth nothing: it may come of a student's own numbers, and no sum
        with it would be a score.
        """
        attempt = self._now

        def award(points: float, message: str = "") -> None:
            worth = float(points)
            attempt.awarded = (worth if math.isfinite(worth) else 0.0, str(message)[:MAX_REASON])

        return award

    @pytest.fixture
    def flag(self) -> Callable[[str], None]:
        """Tell the instructor something, without any effect on the score."""
        question = self._now.case.id
        return lambda text: self._flags.append(Flag(question, str(text)[:500]))

    @property
    def _now(self) -> _Attempt:
        if self._attempt is None:
            raise RuntimeError("a fixture was asked for outside of a check")
        return self._attempt

    @property
    def _judged(self) -> Case:
        if self._case is None:
            raise RuntimeError("no submission is before the judge")
        return self._case

    # pytest's hooks.

    def pytest_configure(self, config: pytest.Config) -> None:
        for line in MARKS:
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
            self._items = session.items
            try:
                self._work(self)
            # pytest would make an internal error of it.
            except BaseException as error:  # noqa: BLE001
                self.raised = error
        return True

    def run(
        self,
        item: pytest.Item,
        question: QuestionCase,
        stand_in: bool,
        shown: bool,
        seed: int | None = None,
        kept: bool = False,
    ) -> tuple[Verdict, Ending]:
        """Run one check of one question; its verdict, and how it ended.

        Where it is not ``shown``, nothing that student code says goes into the verdict. Another
        ``seed`` than the case's own draws other inputs. With ``kept`` the student's process is the
        one of the last such run.
        """
        hidden = is_hidden(item)
        stand_ins = question.stand_ins if stand_in else ()
        drawn_from = self._judged.seed if seed is None else seed
        attempt = _Attempt(item, question, hidden, stand_ins, drawn_from, kept)
        self._attempt = attempt
        started = time.monotonic()
        try:
            with self._bounds.around(longest(self._judged.limits.check_seconds)):
                runtestprotocol(item, log=False, nextitem=None)
        # It came while pytest was at its own work.
        except TookTooLong as error:
            attempt.error = attempt.error or error
        seconds = time.monotonic() - started
        self._attempt = None
        asked = attempt.used_files or (
            attempt.channel is not None and attempt.channel.exchanges > 0
        )
        if attempt.channel is not None and kept:
            self._kept = attempt.channel
        elif attempt.channel is not None:
            self._student_seconds += attempt.channel.student_seconds
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
            if not passed:
                self._failures.append(Failure(question.id, item.name, Fault.STEP, stand_in))
            return replace(verdict, points=points, passed=passed, message=text), Ending.GRADED
        self._failures.append(Failure(question.id, item.name, fault_of(attempt.error), stand_in))
        reason = self._reason(attempt, hidden or not shown, asked)
        if reason.for_instructor:
            self._flags.append(Flag(question.id, f"{item.name}: {reason.for_instructor}"))
        failed = replace(verdict, points=0.0, passed=False, message=reason.text)
        return failed, reason.ending

    def repeat(
        self, item: pytest.Item, question: QuestionCase, stand_in: bool, seeds: Sequence[int]
    ) -> Iterator[bool]:
        """Whether the check passes with each of these seeds, all in one process of the student's.

        A new process costs more than most checks. A seed that fails in the common one is tried in
        one of its own, as ever, and that decides.
        """
        try:
            for seed in seeds:
                verdict, _ = self.run(item, question, stand_in, False, seed, kept=True)
                if not verdict.passed:
                    self._let_go()
                    verdict, _ = self.run(item, question, stand_in, False, seed)
                yield verdict.passed
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if self._kept is not None:
            self._kept.kill()
            self._kept = None

    def _reason(self, attempt: _Attempt, hidden: bool, asked: bool) -> Reason:
        error, case = attempt.error, self._judged
        if error is None:
            raise RuntimeError("a check that did not fail has no reason")
        if isinstance(error, SandboxFault) and attempt.case.snapshot is None:
            return Reason("Your notebook did not come to this question: see the note above.")
        return reason_of(error, hidden, case.cells, asked, case.limits.check_seconds)
