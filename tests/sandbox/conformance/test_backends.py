"""Every wall keeps every promise that it declares, case by case."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.container import Container
from tests.sandbox.conformance.cases import CASES
from tests.sandbox.conformance.outer import ROOT, command, environment

pytestmark = pytest.mark.slow

BACKENDS = {
    "bubblewrap-root": Bubblewrap.promises,
    "bubblewrap-user": Bubblewrap.promises,
    "container": Container.promises,
}
Lines = dict[str, dict[str, object]]


def promised(backend: str) -> list[str]:
    """The cases over the promises that a backend declares."""
    wall = backend.split("-")[0]
    return [case.id for case in CASES if wall in case.only and _declared(case.promise, backend)]


def _declared(promise: str, backend: str) -> bool:
    return any(it.rstrip("abc") == promise for it in BACKENDS[backend])


@pytest.fixture(scope="module")
def lines(request: pytest.FixtureRequest) -> Lines:
    backend: str = request.param
    if os.geteuid() != 0:
        pytest.skip("needs root, to make a disposable machine and to be another user in it")
    for program in ("bwrap", "unshare", "setpriv"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    arguments = ["-m", "tests.sandbox.conformance.run", backend, *promised(backend)]
    here = backend == "bubblewrap-root"
    done = subprocess.run(
        [sys.executable, *arguments] if here else command(backend, arguments),
        cwd=ROOT,
        env=None if here else environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(promised(backend)), done.stderr[-3000:]
    return {str(line["case"]): line for line in found}


@pytest.mark.parametrize(
    ("lines", "case"),
    [
        pytest.param(backend, id, id=f"{backend}-{id}")
        for backend in BACKENDS
        for id in promised(backend)
    ],
    indirect=["lines"],
)
def test_nothing_gets_through(lines: Lines, case: str) -> None:
    assert lines[case]["fault"] == ""
    assert lines[case]["broken"] == []


def test_every_promise_has_cases_and_no_two_share_a_name() -> None:
    assert {case.promise for case in CASES} == {str(number) for number in range(1, 12)}
    assert len({case.id for case in CASES}) == len(CASES)
