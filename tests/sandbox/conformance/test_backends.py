"""Every wall keeps every promise that it declares, case by case."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict

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
    return promise == "honest" or any(it.rstrip("abc") == promise for it in BACKENDS[backend])


SLOW = {
    "5-processes-without-end",
    "5-memory-of-many-processes",
    "5-memory-of-processes-that-a-thread-started",
    "5-memory-behind-a-name-that-is-no-text",
    "5-memory-in-the-buffers-of-sockets",
    "5-wall-time-asleep-and-deaf-to-signals",
    "5-output-as-a-picture",
    "7-a-frame-that-never-ends",
    "7-no-answer-at-all",
    "7-descriptors-with-an-answer",
    "7-another-thing-for-a-connection",
    "9-endless-text",
    "9-one-endless-line-of-accents",
}
"""Cases that take seconds each; the normal suite leaves them out."""
SAMPLE = 2
"""Cases of each promise in the normal suite."""


def chosen(backend: str, long: bool) -> list[str]:
    """All cases of a backend; for the normal suite the first quick ones of each promise."""
    if long:
        return promised(backend)
    quick: dict[str, list[str]] = defaultdict(list)
    for id in promised(backend):
        if id not in SLOW:
            quick[id.split("-")[0]].append(id)
    return [id for ids in quick.values() for id in ids[:SAMPLE]]


@pytest.fixture(scope="module")
def lines(request: pytest.FixtureRequest) -> Lines:
    backend, long = request.param
    if os.geteuid() != 0:
        pytest.skip("needs root, to make a disposable machine and to be another user in it")
    for program in ("bwrap", "unshare", "setpriv"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    arguments = ["-m", "tests.sandbox.conformance.run", backend, *chosen(backend, long)]
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
    assert len(found) == len(chosen(backend, long)), done.stderr[-3000:]
    return {str(line["case"]): line for line in found}


def parameters(backend: str, long: bool) -> list[object]:
    """Backend and case; the cases of one backend follow each other, and share one run."""
    mark = [pytest.mark.long] if long else []
    return [
        pytest.param((backend, long), id, id=f"{backend}-{id}", marks=mark)
        for id in chosen(backend, long)
    ]


def holds(lines: Lines, case: str) -> None:
    """The case ran to its end, and nothing got through."""
    assert lines[case]["fault"] == ""
    assert lines[case]["broken"] == []


@pytest.mark.parametrize(
    ("lines", "case"), parameters("bubblewrap-root", long=False), indirect=["lines"]
)
def test_nothing_gets_through(lines: Lines, case: str) -> None:
    holds(lines, case)


@pytest.mark.parametrize(
    ("lines", "case"),
    [it for backend in BACKENDS for it in parameters(backend, long=True)],
    indirect=["lines"],
)
def test_nothing_gets_through_on_any_backend(lines: Lines, case: str) -> None:
    holds(lines, case)


def test_every_promise_has_cases_and_no_two_share_a_name() -> None:
    assert {case.promise for case in CASES} == {"honest", *map(str, range(1, 12))}
    assert len({case.id for case in CASES}) == len(CASES)
