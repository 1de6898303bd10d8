"""With its own defences taken away, and no other, a case gets through: so it tests something.

Each runs in a disposable machine of its own. Where a case names no defence, or says why the kernel
denies it even then, that is checked as well.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.sandbox.conformance.cases import CASES
from tests.sandbox.conformance.model import Case
from tests.sandbox.conformance.outer import ROOT, command, environment

pytestmark = pytest.mark.slow

CONTROLLED = [case for case in CASES if case.defences and "bubblewrap" in case.only]
SAMPLE = {
    "1-abstract-socket-of-the-host",
    "2-the-folder-of-hidden-checks-and-labels",
    "3-endless-empty-files",
    "4-trace-another-process",
    "5-open-files-without-end",
    "6-a-new-user-namespace",
    "7-answers-in-advance",
    "8-a-file-in-tmp",
    "9-a-formula",
    "11-said-in-a-message",
}
"""One a promise, but the tenth: its defence is that there are two processes."""


def control(case: Case) -> dict[str, object]:
    """The line of the case, tried without its defences."""
    arguments = ["-m", "tests.sandbox.conformance.run", "control", case.id]
    done = subprocess.run(
        command("control", arguments),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done.stderr[-3000:]
    found: dict[str, object] = json.loads(lines[0])
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a disposable machine")
@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.id, marks=() if case.id in SAMPLE else pytest.mark.long)
        for case in CONTROLLED
    ],
)
def test_a_case_gets_through_without_its_defences(case: Case) -> None:
    line = control(case)
    assert line["fault"] == ""
    assert bool(line["broken"]) != bool(case.kernel), line
