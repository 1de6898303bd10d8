"""Every wall keeps every promise that it declares, case by case."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from functools import cache

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
NEEDS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("bwrap", "unshare", "setpriv"))),
    reason="needs root and bwrap, unshare and setpriv, to make a disposable machine",
)
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


@cache
def tried(backend: str, long: bool) -> tuple[Lines, str]:
    """What the cases of a backend came to, all tried in one run, and what the run said of faults.

    Not a fixture: pytest makes one anew for each test where another argument varies, too.
    """
    arguments = ["-m", "tests.sandbox.conformance.run", backend, *chosen(backend, long)]
    here = backend == "bubblewrap-root"
    done = subprocess.run(
        [sys.executable, *arguments] if here else command(backend, arguments),
        cwd=ROOT,
        env=None if here else environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {str(line["case"]): line for line in found}, done.stderr[-3000:]


def parameters(backend: str, long: bool) -> list[object]:
    """Backend and case."""
    mark = [pytest.mark.long] if long else []
    return [
        pytest.param(backend, id, id=f"{backend}-{id}", marks=mark) for id in chosen(backend, long)
    ]


def holds(backend: str, case: str, long: bool) -> None:
    """The case ran to its end, and nothing got through."""
    lines, faults = tried(backend, long)
    assert case in lines, faults
    assert lines[case]["fault"] == ""
    assert lines[case]["broken"] == []


@NEEDS_ROOT
@pytest.mark.parametrize(("backend", "case"), parameters("bubblewrap-root", long=False))
def test_nothing_gets_through(backend: str, case: str) -> None:
    holds(backend, case, long=False)


@NEEDS_ROOT
@pytest.mark.parametrize(
    ("backend", "case"), [it for backend in BACKENDS for it in parameters(backend, long=True)]
)
def test_nothing_gets_through_on_any_backend(backend: str, case: str) -> None:
    holds(backend, case, long=True)


def test_every_promise_has_cases_and_no_two_share_a_name() -> None:
    assert {case.promise for case in CASES} == {"honest", *map(str, range(1, 12))}
    assert len({case.id for case in CASES}) == len(CASES)
