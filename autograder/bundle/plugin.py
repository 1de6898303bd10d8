"""The plugin through which stock otter grades with this package.

All of it runs in otter's parent process, before otter starts a kernel. The submission is graded
behind our wall; otter then executes an empty notebook in an empty folder, so that nothing of the
student's ever enters its processes, and our scores take the place of its own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from otter.plugins import AbstractOtterPlugin

from autograder.assignment.kit import Kit, load_kit
from autograder.bundle.handed_in import hand_in, remove_what_was_handed_in
from autograder.bundle.otter_results import fill_in, report_of
from autograder.bundle.writing import unpack
from autograder.errors import BundleError
from autograder.grading.pipeline import grade_one
from autograder.results import Ending, SubmissionResult
from autograder.sandbox.bare import remove_folder
from autograder.sandbox.choice import choose_wall
from autograder.submission.text import one_line, readable

WALL_VARIABLE = "AUTOGRADER_WALL"
"""`none` grades without a wall; anything else names one."""

ATTEMPTS = 2
"""A fault of ours is tried once more: the machine may have been short of something."""


class AutograderPlugin(AbstractOtterPlugin):  # type: ignore[misc]  # otter has no types
    """Grades with our pipeline in place of otter's."""

    submission_path: str
    plugin_config: dict[str, Any]

    def __init__(
        self, submission_path: str, submission_metadata: object, plugin_config: dict[str, Any]
    ) -> None:
        super().__init__(submission_path, submission_metadata, plugin_config)
        self._in_container = False
        self._result: SubmissionResult | None = None
        self._empty: Path | None = None

    def before_grading(self, config: Any) -> None:
        """Note where we are, and remove the log that otter would unpickle."""
        self._in_container = not config.otter_run
        log = Path(self.submission_path).parent / ".OTTER_LOG"
        if log.is_dir() and not log.is_symlink():
            remove_folder(log)
        else:
            log.unlink(missing_ok=True)

    def before_execution(self, submission: object) -> nbformat.NotebookNode:
        """Grade what was handed in, and give otter an empty notebook to execute.

        Raises AutograderError where the fault is ours or the machine's: otter then stops without
        a result, which no one can take for a zero.
        """
        path = Path(self.submission_path)
        with tempfile.TemporaryDirectory(prefix="autograder-") as name:
            private = Path(name)
            kit = self._kit(private / "kit")
            self._result = self._grade(kit, hand_in(path, private), private)
        remove_what_was_handed_in(path)
        # The kernel starts where we are, and Python imports from there first.
        self._empty = Path(tempfile.mkdtemp(prefix="autograder-empty-"))
        os.chdir(self._empty)
        notebook: nbformat.NotebookNode = nbformat.v4.new_notebook()
        return notebook

    def after_grading(self, results: Any) -> None:
        """Put our scores in the place of otter's."""
        if self._result is None:
            raise BundleError("otter graded something that was not handed to us")
        fill_in(results, self._result)
        if self._empty is not None:
            os.chdir(Path(self.submission_path).parent)
            shutil.rmtree(self._empty, ignore_errors=True)

    def generate_report(self) -> str:
        """What the instructor reads in otter's output."""
        return report_of(self._result) if self._result else ""

    def _kit(self, folder: Path) -> Kit:
        unpack(self.plugin_config["kit"], folder)
        return load_kit(folder)

    def _grade(self, kit: Kit, path: Path, private: Path) -> SubmissionResult:
        closed = [private, *self._folders_of_otter()] if self._in_container else []
        wall = choose_wall(os.environ.get(WALL_VARIABLE, "auto"), closed)
        for _ in range(ATTEMPTS):
            result = grade_one(kit, path, Path(self.submission_path).name, wall)
            if result.status != Ending.GRADER_ERROR:
                return result
        faults = [
            f"{question.id}: {question.note}"
            for question in result.questions
            if question.status == Ending.GRADER_ERROR
        ]
        told = [f"{flag.question}: {flag.text}" for flag in result.flags]
        raise BundleError(
            readable(f"the grader failed: {'; '.join([*faults, *told]) or result.note}"),
            where=one_line(Path(self.submission_path).name, 200),
            remedy="No score is written. Mend the fault and grade this submission again.",
        )

    def _folders_of_otter(self) -> Iterator[Path]:
        """What student code must not read in a container: the bundle and what otter makes."""
        root = Path(self.submission_path).parent.parent
        for name in ("source", "submission", "results"):
            if (root / name).exists():
                yield root / name
