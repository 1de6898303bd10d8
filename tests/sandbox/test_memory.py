"""Looking at processes whose names student code has chosen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox.channel import _parent_of
from autograder.sandbox.container import processes_of
from autograder.sandbox.memory import look_at, proportional, unnamed

MB = 2**20
NAMED = """
import ctypes, mmap, os, sys
name, mb = os.fsencode(sys.argv[1]), 50
ctypes.CDLL(None).prctl(15, name, 0, 0, 0)
with open(name + b"file", "w+b") as file:
    file.write(b"x" * 4096)
    file.flush()
    mapped = mmap.mmap(file.fileno(), 4096)
    shared = mmap.mmap(-1, mb * 2**20)
    shared.write(b"x" * mb * 2**20)
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(
    params=[b"\xff\xfe", b"\x1cVmPTE:", b"\xc2\x85Uid:", b"a)\n1 S", b"\r\x0b\x0cx"],
    ids=["no text", "a field", "another field", "an end", "line ends"],
)
def process(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """A process, and a file that it has mapped, with an odd name; it holds 50 MB."""
    arguments = [sys.executable, "-c", NAMED, os.fsdecode(request.param)]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, cwd=tmp_path) as running:
        assert running.stdout
        assert running.stdout.readline() == b"ready\n"
        yield running.pid
        running.kill()


def test_no_name_hides_what_a_process_holds(process: int) -> None:
    assert look_at([process]).resident > 50 * MB
    assert look_at([process]).tables > 0
    assert proportional(process) > 50 * MB
    assert 50 * MB <= unnamed([process]) < 51 * MB


def test_no_name_hides_whose_a_process_is(process: int) -> None:
    assert _parent_of(process) == os.getpid()
    assert process in processes_of(os.getuid())
