"""``python -m tests.fuzz wire|intake|checkpoint [-runs=N ...]``, with libFuzzer's options.

libFuzzer ends with another status than 0 on any exception, on an input that takes longer than
``-timeout`` seconds, and beyond ``-rss_limit_mb``; the input is then written to a file.
"""

from __future__ import annotations

import contextlib
import json
import logging
import struct
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import atheris
import numpy as np
import safetensors.torch
import torch

with atheris.instrument_imports(
    include=[
        "autograder.sandbox.guest.wire",
        "autograder.submission",
        "autograder.checks.training",
        "autograder.grading.notes",
        "autograder.judge.student",
        "safetensors",
    ]
):
    from autograder.checks.training import read_safetensors
    from autograder.errors import UnreadableSubmission
    from autograder.grading.checkpoint import read_checkpoint
    from autograder.grading.notes import note_of
    from autograder.judge.student import Student, StudentError
    from autograder.sandbox.execution import Trouble, ending_of_error
    from autograder.sandbox.guest import wire
    from autograder.submission import (
        answers_by_question,
        belongs,
        check_points,
        read_submission,
        restore_tags,
        split_cell,
    )

from tests.submission.conftest import IDS, TEMPLATE, cells_of, notebook, zipped

BOUNDS = ("-timeout=20", "-rss_limit_mb=2500", "-print_final_stats=1", "-verbosity=0")
GIVEN = cells_of(TEMPLATE)
ENDINGS = (".ipynb", ".zip", ".py")


class Answers:
    """A student's side that has one answer to all."""

    def __init__(self, frame: bytes) -> None:
        self._frame = frame

    def exchange(self, request: bytes) -> bytes:
        return self._frame

    def ship(self, function: Callable[..., object]) -> list[object]:
        return ["define", "", ""]


def decode(data: bytes) -> None:
    """What comes out of a frame goes into one again, or it was refused.

    As an answer to a check, and as what a cell raised, it may be anything.
    """
    try:
        value = wire.decode(data, lambda number: None)
    except wire.WireError:
        return
    with contextlib.suppress(wire.WireError):
        # Nested handles became None: all else crosses again.
        wire.encode(value, lambda item: 0)
    with contextlib.suppress(wire.WireError, StudentError):
        _ = Student(Answers(data)).name
    for error in (value, value[1] if type(value) is list and len(value) == 2 else None):
        if type(error) is dict:
            note_of(Trouble(1, "q1", ending_of_error(error), error), {1: "x"}, 100)


def frames() -> Iterator[bytes]:
    """Frames of every kind to begin with."""
    for value in (
        ["ok", {"a": (1, 2.5, None), b"b": {True, 3 + 1j}, "c": frozenset({2**80})}],
        ["ok", np.arange(6, dtype="float32").reshape(2, 3)],
        ["ok", torch.ones(2, 2, dtype=torch.bool)],
        ["ok", torch.ones(3, dtype=torch.bfloat16)],
        ["error", {"type": "ValueError", "lines": [[1, 2, "f", "x"]]}],
    ):
        yield wire.encode(value, lambda item: 0)
    yield b"h" + struct.pack("<q", 3)


def reader(folder: Path) -> Callable[[bytes], None]:
    """Reads a hand-in whose first byte chooses the ending of its name, and finds its answers."""

    def read(data: bytes) -> None:
        if not data:
            return
        path = folder / f"fuzz{ENDINGS[data[0] % len(ENDINGS)]}"
        path.write_bytes(data[1:])
        try:
            handed_in = read_submission(path)
        except UnreadableSubmission:
            return
        belongs(handed_in, GIVEN, IDS)
        restored = handed_in.with_cells(restore_tags(handed_in.cells, GIVEN))
        answers_by_question(restored, IDS, GIVEN)
        for point in check_points(restored, IDS):
            if point.cell is not None and point.end_line is not None:
                split_cell(restored.cells[point.cell].source, point.end_line)

    return read


def hand_ins() -> Iterator[bytes]:
    """One hand-in of each kind to begin with."""
    book = json.dumps(notebook(TEMPLATE)).encode()
    yield b"\0" + book
    yield b"\1" + zipped({"a.ipynb": book, "a07.safetensors": b"\2" + bytes(7) + b"{}"})
    yield b"\2" + b'# %% [markdown]\n# text\n\n# %% tags=["q3_2"]\nx = 1\n'


def load(data: bytes) -> None:
    """What comes out of a checkpoint can be sent to the sandbox, or it was refused.

    Up to a zero byte the input is a header. Its length is put before it: no fuzzer guesses that.
    """
    header, _, numbers = data.partition(b"\0")
    content = len(header).to_bytes(8, "little") + header + numbers
    with contextlib.suppress(AssertionError):
        read_safetensors(content)
    try:
        tensors = read_checkpoint(content, "fuzz.safetensors", 1)
    except UnreadableSubmission:
        return
    sent = wire.encode(tensors, lambda item: 0)
    with contextlib.suppress(wire.WireError):
        # The judge's side may refuse more than it sends: that is then the hand-in's fault.
        wire.decode(sent, lambda number: None)


def checkpoints() -> Iterator[bytes]:
    """Checkpoints to begin with."""
    tensors = {"weight": torch.ones(2, 3), "count": torch.tensor(3), "mask": torch.ones(2) > 0}
    for content in (
        safetensors.torch.save(tensors),
        safetensors.torch.save({"half": torch.ones(1).bfloat16()}, {"note": "x"}),
    ):
        size = int.from_bytes(content[:8], "little")
        yield content[8 : 8 + size] + b"\0" + content[8 + size :]


TARGETS: dict[str, tuple[Callable[[Path], Callable[[bytes], None]], Callable[[], Iterator[bytes]]]]
TARGETS = {
    "wire": (lambda folder: decode, frames),
    "intake": (reader, hand_ins),
    "checkpoint": (lambda folder: load, checkpoints),
}


def main() -> None:
    """Fuzz the target that the first argument names."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    name, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        corpus = folder / "corpus"
        corpus.mkdir()
        target, seeds = TARGETS[name]
        for number, seed in enumerate(seeds()):
            (corpus / str(number)).write_bytes(seed)
        prefix = f"-artifact_prefix={Path.cwd()}/"
        atheris.Setup([sys.argv[0], *BOUNDS, prefix, *options, str(corpus)], target(folder))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
