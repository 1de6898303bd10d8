"""With its own defences taken away, and no other, a case gets through: so it tests something.

All of a wall are tried in one disposable machine. Where a case says why the kernel denies it even
then, that is tested as well.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache

import pytest

from tests.sandbox.conformance.cases import CASES
from tests.sandbox.conformance.model import Case
from tests.sandbox.conformance.outer import ROOT, command, environment

pytestmark = pytest.mark.long

WALLS = ("bubblewrap", "container")
CONTROLLED = {wall: [case for case in CASES if case.defences_of(wall)] for wall in WALLS}
Lines = dict[str, dict[str, object]]


@cache
def tried(wall: str) -> tuple[Lines, str]:
    """What the cases of a wall came to without their defences, and what the run said of faults."""
    backend, ids = f"control-{wall}", [case.id for case in CONTROLLED[wall]]
    done = subprocess.run(
        command(backend, ["-m", "tests.sandbox.conformance.run", backend, *ids]),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {str(line["case"]): line for line in found}, done.stderr[-3000:]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a disposable machine")
@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
@pytest.mark.parametrize(
    ("wall", "case"),
    [
        pytest.param(wall, case, id=f"{wall}-{case.id}")
        for wall in WALLS
        for case in CONTROLLED[wall]
    ],
)
def test_a_case_gets_through_without_its_defences(wall: str, case: Case) -> None:
    lines, faults = tried(wall)
    assert case.id in lines, faults
    assert lines[case.id]["fault"] == ""
    assert bool(lines[case.id]["broken"]) != bool(case.kernel), lines[case.id]
