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

pytestmark = pytest.mark.long

CONTROLLED = [
    pytest.param(wall, case, id=f"{wall}-{case.id}")
    for wall in ("bubblewrap", "container")
    for case in CASES
    if case.defences_of(wall)
]


def control(wall: str, case: Case) -> dict[str, object]:
    """What the case comes to without its defences."""
    backend = f"control-{wall}"
    done = subprocess.run(
        command(backend, ["-m", "tests.sandbox.conformance.run", backend, case.id]),
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
@pytest.mark.parametrize(("wall", "case"), CONTROLLED)
def test_a_case_gets_through_without_its_defences(wall: str, case: Case) -> None:
    line = control(wall, case)
    assert line["fault"] == ""
    assert bool(line["broken"]) != bool(case.kernel), line
