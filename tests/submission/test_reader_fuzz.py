"""Whatever bytes come in, a Submission or an UnreadableSubmission comes out."""

from __future__ import annotations

import json
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.errors import UnreadableSubmission
from autograder.submission import (
    Submission,
    answers_by_question,
    belongs,
    check_points,
    read_submission,
    restore_tags,
    split_cell,
)
from autograder.submission.belonging import looks_like
from autograder.submission.who import who

from .conftest import IDS, TEMPLATE, cells_of, notebook, submission_of, zipped

BOOK = json.dumps(notebook(TEMPLATE)).encode()
ZIP = zipped({"a07.ipynb": BOOK, "a07.safetensors": b"\x02" + b"\0" * 7 + b"{}"})
SCRIPT = b"# %% [markdown]\n# text\n\n# %% tags=[\"q3_2\"]\nx = 1\ngrader.check('q3_2')\n"
GIVEN = cells_of(TEMPLATE)
SECONDS = 5.0

reader = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def survive(folder: Path, content: bytes, suffix: str) -> Submission | None:
    """Read ``content`` and put the result through everything that takes a submission."""
    path = folder / f"fuzz{suffix}"
    path.write_bytes(content)
    started = time.monotonic()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zipfile warns of double names
            submission: Submission | None = read_submission(path)
        complete = True
    except UnreadableSubmission as error:
        complete = bool(error.what and error.where and error.remedy)
        submission = None
    finally:
        assert time.monotonic() - started < SECONDS
    assert complete
    if submission is None:
        return None
    json.dumps([submission.name, submission.student_id]).encode("utf-8")
    restored = submission.with_cells(restore_tags(submission.cells, GIVEN))
    for text in answers_by_question(restored, IDS, GIVEN).values():
        text.encode("utf-8")
    belongs(submission, GIVEN, IDS)
    for point in check_points(restored, IDS):
        if point.cell is not None and point.end_line is not None:
            split_cell(restored.cells[point.cell].source, point.end_line)
    assert time.monotonic() - started < 2 * SECONDS
    return submission


@st.composite
def mutations(draw: st.DrawFn, original: bytes) -> bytes:
    """``original`` with a few pieces replaced, cut out or repeated."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(st.sampled_from(("replace", "cut", "repeat")))
        if piece == "replace":
            data[start:end] = draw(st.binary(max_size=40))
        elif piece == "cut":
            del data[start:end]
        else:
            data[start:start] = data[start:end] * draw(st.integers(1, 50))
    return bytes(data)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
cells = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw"]) | values,
        "source": st.text() | st.lists(st.text(max_size=20)) | values,
        "metadata": st.fixed_dictionaries({"tags": st.lists(st.sampled_from(IDS))}) | values,
        "outputs": values,
    },
)


@reader
@given(content=st.binary(max_size=400), suffix=st.sampled_from([".ipynb", ".zip", ".py"]))
def test_arbitrary_bytes(tmp_path: Path, content: bytes, suffix: str) -> None:
    survive(tmp_path, content, suffix)


@reader
@given(content=mutations(BOOK))
def test_mutated_notebooks(tmp_path: Path, content: bytes) -> None:
    survive(tmp_path, content, ".ipynb")


@reader
@given(content=mutations(ZIP))
def test_mutated_zips(tmp_path: Path, content: bytes) -> None:
    survive(tmp_path, content, ".zip")


@reader
@given(content=mutations(SCRIPT))
def test_mutated_scripts(tmp_path: Path, content: bytes) -> None:
    survive(tmp_path, content, ".py")


@reader
@given(listed=st.lists(cells, max_size=6) | values, rest=st.dictionaries(st.text(), values))
def test_json_of_nearly_the_right_form(tmp_path: Path, listed: Any, rest: dict[str, Any]) -> None:
    survive(tmp_path, json.dumps({**rest, "cells": listed}).encode(), ".ipynb")


@reader
@given(sources=st.lists(st.text(st.sampled_from("()[]{}'\"\\\n#%!?=:.@ \tfgx1"), max_size=60)))
def test_strange_code(tmp_path: Path, sources: list[str]) -> None:
    book = notebook([("code", f"{source}\ngrader.check('q3_2')", ()) for source in sources])
    survive(tmp_path, json.dumps(book).encode(), ".ipynb")


WORDS = (
    *("", "name", "**Name", "student number", "mat", "Type", "Type your answer here", "<!--"),
    *("<", "#", "%", "?", "x =", "def", "import", "otter.Notebook(", "grader.check(", "tags=["),
)
"""What is looked for, or its beginning."""
RUNS = " \n\t*_`([{\"'\\#%?!=<.-:a1"


@pytest.mark.parametrize("kind", ["markdown", "code"])
def test_a_long_run_of_any_character_is_read_in_a_moment(kind: str) -> None:
    """A pattern that tries all ways to cut a run takes the square of its length, or the cube."""
    sources = [f"{word}{run * 3_000}x" for word in WORDS for run in RUNS]
    submission = submission_of([(kind, source, ()) for source in sources])
    started = time.process_time()
    who(submission.cells)
    belongs(submission, GIVEN, IDS)
    looks_like(submission)
    restored = submission.with_cells(restore_tags(submission.cells, GIVEN))
    answers_by_question(restored, IDS, GIVEN)
    tagged = submission_of([(kind, source, ("q1_1",)) for source in sources])
    answers_by_question(tagged, IDS)
    check_points(restored, IDS)
    assert time.process_time() - started < 20


@pytest.mark.long
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=mutations(BOOK) | mutations(ZIP) | mutations(SCRIPT) | st.binary(max_size=2000),
    suffix=st.sampled_from([".ipynb", ".zip", ".py"]),
)
def test_ten_thousand_malformed_hand_ins(tmp_path: Path, content: bytes, suffix: str) -> None:
    survive(tmp_path, content, suffix)
