"""With its own defences taken away, and no other, a case gets through: so it tests something.

All of a wall are tried in one disposable machine. Where a case says why the kernel denies it even
then, that is tested as well.
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

WALLS = ("bubblewrap", "container")
CONTROLLED = {wall: [case for case in CASES if case.defences_of(wall)] for wall in WALLS}
Lines = dict[str, dict[str, object]]


@pytest.fixture(scope="module")
def lines(request: pytest.FixtureRequest) -> Lines:
    """What the cases of a wall come to, each without its defences."""
    backend, ids = f"control-{request.param}", [case.id for case in CONTROLLED[request.param]]
    done = subprocess.run(
        command(backend, ["-m", "tests.sandbox.conformance.run", backend, *ids]),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(ids), done.stderr[-3000:]
    return {str(line["case"]): line for line in found}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a disposable machine")
@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
@pytest.mark.parametrize(
    ("lines", "case"),
    [
        pytest.param(wall, case, id=f"{wall}-{case.id}")
        for wall in WALLS
        for case in CONTROLLED[wall]
    ],
    indirect=["lines"],
)
def test_a_case_gets_through_without_its_defences(lines: Lines, case: Case) -> None:
    line = lines[case.id]
    assert line["fault"] == ""
    assert bool(line["broken"]) != bool(case.kernel), line
