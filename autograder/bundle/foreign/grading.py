"""One submission of somebody else's bundle, from hand-in to result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.assignment.models import Rubrics
from autograder.bundle.foreign.assignment import BundleAssignment, question_ids
from autograder.bundle.foreign.cells import AT_THE_END, statements_of, steps_of
from autograder.bundle.foreign.hand_in import ForeignHandIn, read_hand_in
from autograder.bundle.foreign.model import OtterBundle, OtterTest
from autograder.bundle.foreign.reading import read_files
from autograder.bundle.foreign.sandboxed import NO_FILES, putting
from autograder.bundle.foreign.verdicts import (
    NOTHING_RUN,
    STATE_GONE,
    Claim,
    run_cases,
    run_test,
    verdicts,
)
from autograder.errors import SandboxFault, UnreadableSubmission
from autograder.grading.clock import Clock
from autograder.grading.job import Grade
from autograder.grading.notes import note_of
from autograder.results import Ending, QuestionResult, SubmissionResult, worst
from autograder.sandbox.channel import Channel
from autograder.sandbox.execution import Execution, Opening, Step, run_notebook
from autograder.sandbox.server import Sandbox, WarmServer
from autograder.sandbox.trials import require_promises
from autograder.sandbox.wall import Furniture, Wall
from autograder.submission.text import one_line


@dataclass
class _Grading:
    """What has been found out about one submission so far."""

    claims: dict[str, Claim] = field(default_factory=dict)
    """By the test's stem."""
    notes: dict[str, list[str]] = field(default_factory=dict)
    """By the test's stem; the empty one for what no question below a cell is to blame for."""
    endings: dict[str, list[Ending]] = field(default_factory=dict)
    out_of_time: bool = False
    judged: bool = False
    """Whether there was any state of the notebook to judge."""
    student_seconds: float = 0.0
    timings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class BundleJob:
    """A bundle, ready to grade a class with."""

    bundle: OtterBundle
    tests: tuple[OtterTest, ...]
    assignment: BundleAssignment
    build_hash: str
    imports: tuple[str, ...]
    """What is imported before notebooks are forked."""

    @property
    def rubrics(self) -> Rubrics:
        """None: nothing in a bundle is marked by a person."""
        return Rubrics()

    @property
    def preload(self) -> tuple[str, ...]:
        """This module, and otter."""
        return ("autograder.bundle.foreign.warm",)

    @property
    def question_hashes(self) -> Mapping[str, str]:
        """Nothing of a bundle belongs to one question alone."""
        return dict.fromkeys(question_ids(self.tests), "")

    def warm(self, wall: Wall, work: Callable[[Grade], None]) -> None:
        """Start the server; nothing else has to be ready."""
        with WarmServer(wall, Furniture(NO_FILES, self.imports)) as server:
            require_promises(server)
            work(lambda it: self.grade(it.path, it.submission, server))

    def grade(self, path: Path, submission: str, server: WarmServer) -> SubmissionResult:
        """Grade one hand-in. What is wrong with the hand-in stands in the result."""
        wall = server.wall
        started = time.monotonic()
        try:
            hand_in = read_hand_in(path)
            self._require_this_assignment(hand_in)
        except UnreadableSubmission as error:
            return SubmissionResult(
                submission=submission,
                student_id="",
                name="",
                status=Ending.UNREADABLE,
                wall=wall.name,
                questions=self._not_graded(),
                note=f"{error.what[:1].upper()}{error.what[1:]}. {error.remedy}".strip(),
                build_hash=self.build_hash,
                seconds=time.monotonic() - started,
            )
        grading = _Grading()
        clock = Clock(grading.timings)
        with Sandbox(server, self.assignment.limits) as sandbox:
            clock.lap("start")
            self._run_and_test(hand_in, sandbox, grading, clock)
            clock.lap("tests")
        clock.lap("end")
        questions = self._questions(grading)
        return SubmissionResult(
            submission=submission,
            student_id=hand_in.student_id,
            name=hand_in.name,
            status=_status(questions, grading),
            wall=wall.name,
            questions=questions,
            note="\n\n".join(grading.notes.get(AT_THE_END, [])),
            content_hash=hand_in.content_hash,
            build_hash=self.build_hash,
            seconds=time.monotonic() - started,
            student_seconds=grading.student_seconds,
            peak_memory_mb=sandbox.peak_memory / 2**20,
            timings=grading.timings,
        )

    def _require_this_assignment(self, hand_in: ForeignHandIn) -> None:
        wanted, got = self.bundle.assignment_name, hand_in.assignment_name
        if not wanted or got is None or got == wanted:
            return
        says = f"of {one_line(got, 80)!r}" if got else "of no assignment"
        raise UnreadableSubmission(
            f"this notebook says that it is {says}, not of {wanted!r}",
            where=hand_in.file_name,
            remedy="Hand in the notebook that was given out for this assignment.",
        )

    def _run_and_test(
        self, hand_in: ForeignHandIn, sandbox: Sandbox, grading: _Grading, clock: Clock
    ) -> None:
        limits = self.assignment.limits
        files = beside(hand_in, read_files(self.bundle))
        stems = [test.stem for test in self.tests]
        opening = Opening((*putting(files), ["otter", "attend", stems]), frozenset(stems))

        def run(steps: Sequence[Step]) -> Execution:
            output = int(limits.output_mb * 2**20)
            found = run_notebook(sandbox, steps, {}, output, limits.submission_seconds, opening)
            grading.student_seconds += found.student_seconds
            for snapshot in found.snapshots.values():
                snapshot.request_seconds = limits.check_seconds
            return found

        steps = steps_of(hand_in, self.bundle, limits)
        execution = run(steps)
        if hand_in.script and any(not it.error for it in execution.troubles.values()):
            pieces = statements_of(hand_in, self.bundle, limits)
            if pieces:
                for snapshot in execution.snapshots.values():
                    snapshot.kill()
                steps, execution = pieces, run(pieces)
        clock.lap("notebook")
        self._note_troubles(hand_in, execution, grading)
        grading.judged = bool(execution.snapshots)
        grading.out_of_time = execution.out_of_time
        self._test(execution, sandbox, grading)
        lost = [
            test
            for test in self.tests
            if len(test.cases) > 1
            and test.stem in grading.claims
            and grading.claims[test.stem].ending != Ending.GRADED
        ]
        if lost:
            # The states went with the processes that the tests ended; the notebook makes them anew.
            self._test_by_case(lost, run(steps), sandbox, grading)
        grading.student_seconds += sum(claim.seconds for claim in grading.claims.values())

    def _test(self, execution: Execution, sandbox: Sandbox, grading: _Grading) -> None:
        """Run each test in the snapshot that was taken for it, or in a fork of the last one."""
        for test in self.tests:
            try:
                process = execution.snapshots.get(test.stem) or _fork_of_the_end(execution)
            except SandboxFault:
                grading.claims[test.stem] = STATE_GONE
                continue
            if process is not None:
                grading.claims[test.stem] = run_test(process, test, self.bundle, sandbox)

    def _test_by_case(
        self,
        tests: Sequence[OtterTest],
        execution: Execution,
        sandbox: Sandbox,
        grading: _Grading,
    ) -> None:
        """Run each case by itself, where all together ended the process or took too long."""
        for test in tests:
            state = _state_for(test, execution)
            if state is None:
                continue
            whole = grading.claims[test.stem]
            grading.claims[test.stem] = run_cases(state, test, self.bundle, sandbox, whole)

    def _note_troubles(
        self, hand_in: ForeignHandIn, execution: Execution, grading: _Grading
    ) -> None:
        sources = {cell.number: cell.source for cell in hand_in.cells}
        for trouble in execution.troubles.values():
            note = note_of(trouble, sources, self.assignment.limits.memory_mb)
            notes = grading.notes.setdefault(trouble.question, [])
            if note not in notes:
                notes.append(note)
            grading.endings.setdefault(trouble.question, []).append(trouble.ending)

    def _questions(self, grading: _Grading) -> tuple[QuestionResult, ...]:
        return tuple(
            self._question(id, test, grading)
            for id, test in zip(question_ids(self.tests), self.tests, strict=True)
        )

    def _question(self, id: str, test: OtterTest, grading: _Grading) -> QuestionResult:
        claim = grading.claims.get(test.stem)
        endings = [*grading.endings.get(test.stem, [])]
        if claim is None:
            claim = NOTHING_RUN
            endings.append(Ending.TIMED_OUT if grading.out_of_time else Ending.CRASHED)
        elif claim.ending != Ending.GRADED:
            endings.append(claim.ending)
        scored = test.scored(*claim.of(test))
        notes = list(grading.notes.get(test.stem, []))
        if claim.note:
            notes.append(claim.note)
        ending = worst(endings)
        return QuestionResult(
            id=id,
            kind="code",
            status=Ending.GRADED if scored.passed_all and test.cases else ending,
            auto_score=float(scored.score),
            auto_max=test.possible,
            manual_max=0.0,
            checks=verdicts(test, claim, self.bundle.show_hidden),
            note="\n\n".join(notes),
        )

    def _not_graded(self) -> tuple[QuestionResult, ...]:
        return tuple(
            QuestionResult(id, "code", Ending.UNREADABLE, 0.0, test.possible, 0.0)
            for id, test in zip(question_ids(self.tests), self.tests, strict=True)
        )


def _state_for(test: OtterTest, execution: Execution) -> Channel | None:
    return execution.snapshots.get(test.stem) or execution.snapshots.get(AT_THE_END)


def _fork_of_the_end(execution: Execution) -> Channel | None:
    at_the_end = execution.snapshots.get(AT_THE_END)
    return at_the_end and at_the_end.fork()


def beside(hand_in: ForeignHandIn, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What stands beside the notebook, as otter lays it out.

    A file of the bundle replaces one of the hand-in; a folder of the bundle is left out where the
    hand-in has one of that name. The tests come later, and never from the hand-in.
    """
    own = {name: data for name, data in hand_in.files.items() if not name.startswith("tests/")}
    folders = {name.split("/")[0] for name in own if "/" in name}
    theirs = {
        name: data
        for name, data in files.items()
        if "/" not in name or name.split("/")[0] not in folders
    }
    notebook = {hand_in.file_name: hand_in.content}
    return {"__init__.py": b"", **notebook, **own, **theirs}


def _status(questions: tuple[QuestionResult, ...], grading: _Grading) -> Ending:
    if grading.judged or not questions:
        return Ending.GRADED
    ending = worst(question.status for question in questions)
    return Ending.CRASHED if ending == Ending.GRADED else ending
