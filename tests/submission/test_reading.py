from __future__ import annotations

import codecs
import hashlib
import json
import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from autograder.errors import UnreadableSubmission
from autograder.submission import Caps, Submission, find_submissions, read_submission

from .conftest import TEMPLATE, notebook

Read = Callable[..., Submission]


def test_cells_keep_order_kind_source_and_tags(read: Read) -> None:
    submission = read(notebook(TEMPLATE))
    assert [(c.kind, c.source, c.tags) for c in submission.cells] == TEMPLATE
    assert [c.index for c in submission.cells] == list(range(len(TEMPLATE)))
    assert submission.notebook_name == "a.ipynb"


def test_hash_is_that_of_the_file(read: Read, tmp_path: Path) -> None:
    submission = read(notebook(TEMPLATE))
    content = (tmp_path / "a.ipynb").read_bytes()
    assert submission.content_hash == hashlib.sha256(content).hexdigest()


def test_source_may_be_one_string(read: Read) -> None:
    book = notebook([("code", "x = 1\ny = 2", ())])
    book["cells"][0]["source"] = "x = 1\ny = 2"
    assert read(book).cells[0].source == "x = 1\ny = 2"


def test_a_notebook_written_by_nbformat_3_is_read(read: Read) -> None:
    old = nbformat.v3.new_notebook(
        worksheets=[
            nbformat.v3.new_worksheet(
                cells=[
                    nbformat.v3.new_heading_cell("Title", level=1),
                    nbformat.v3.new_code_cell("x = 1"),
                    nbformat.v3.new_text_cell("markdown", source="text"),
                ]
            )
        ]
    )
    cells = read(nbformat.v3.writes_json(old)).cells
    assert [(c.kind, c.source) for c in cells] == [
        ("markdown", "Title"),
        ("code", "x = 1"),
        ("markdown", "text"),
    ]


def test_an_answer_in_a_raw_cell_is_kept_as_markdown(read: Read) -> None:
    book = notebook([("markdown", "my answer", ("q1_1",))])
    book["cells"][0]["cell_type"] = "raw"
    assert read(book).cells[0].kind == "markdown"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_unicode_encodings_are_recognised(read: Read, encoding: str) -> None:
    text = json.dumps(notebook([("markdown", "größer – 漢字 🙂", ())]), ensure_ascii=False)
    assert read(text.encode(encoding)).cells[0].source == "größer – 漢字 🙂"


def test_lone_surrogates_are_replaced(read: Read) -> None:
    book = notebook([("code", "PLACE", ("q1_1",))])
    text = json.dumps(book).replace("PLACE", "a\\ud800b").replace("q1_1", "t\\udfff")
    cell = read(text).cells[0]
    assert cell.source == "a\ufffdb"
    assert cell.tags == ("t\ufffd",)


def test_fifty_megabytes_of_output_are_read_past(read: Read) -> None:
    book = notebook([("code", "print(x)", ("q3_2",)), ("markdown", "after", ())])
    lines = [f'{{"a": [{number}, "\\"}}]"]}}\n' for number in range(1_000_000)]
    book["cells"][0]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": lines},
        {"output_type": "display_data", "data": {"image/png": "A" * 25_000_000}},
    ]
    text = json.dumps(book)
    assert len(text) > 50_000_000
    started = time.monotonic()
    submission = read(text)
    assert time.monotonic() - started < 20
    assert [c.source for c in submission.cells] == ["print(x)", "after"]


def test_outputs_of_a_plotting_library_may_hold_nan(read: Read) -> None:
    book = notebook([("code", "plot()", ())], widgets={"x": float("nan")}, y=float("inf"))
    book["cells"][0]["outputs"] = [{"data": {"application/json": [float("nan")]}}]
    assert read(book).cells[0].source == "plot()"


def test_tags_of_a_wrong_form_mark_nothing(read: Read) -> None:
    book = notebook([("code", "1", ()), ("code", "2", ())])
    book["cells"][0]["metadata"] = {"tags": ["q1_1", 7, None, ["q1_2"], "x" * 1000]}
    book["cells"][1]["metadata"] = ["q1_1"]
    assert [c.tags for c in read(book).cells] == [("q1_1",), ()]


def of_cells(cells: str) -> str:
    return f'{{"nbformat": 4, "metadata": {{}}, "cells": {cells}}}'


UNREADABLE = {
    "nothing": (b"", "is empty"),
    "spaces": (b" \n\t ", "is empty"),
    "zeros": (b"\0" * 1000, "is empty"),
    "prose": (b"Dear teacher, here is my homework.", "not JSON"),
    "a page": (b"<!DOCTYPE html><html></html>", "not JSON"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not UTF-8"),
    "half": (json.dumps(notebook(TEMPLATE)).encode()[:500], "not JSON"),
    "latin-1": (of_cells('[{"cell_type":"code","source":"ä"}]').encode("latin-1"), "not UTF-8"),
    "wrong utf-16": (codecs.BOM_UTF16_LE + b'{\0"\0\xd8', "UTF-16"),
    "a list": (b"[1, 2]", "no list of cells"),
    "a number": (b"17", "no list of cells"),
    "other json": (b'{"name": "package", "version": "1"}', "no list of cells"),
    "cells a dict": (of_cells("{}").encode(), "no list of cells"),
    "no cells": (of_cells("[]").encode(), "notebook is empty"),
    "blank cells": (of_cells('[{"cell_type":"code","source":" "}]').encode(), "notebook is empty"),
    "a cell a number": (of_cells("[1]").encode(), "not an object"),
    "a strange kind": (of_cells('[{"cell_type":"magic","source":""}]').encode(), "neither code"),
    "kind a list": (of_cells('[{"cell_type":[],"source":""}]').encode(), "neither code"),
    "source a number": (of_cells('[{"cell_type":"code","source":1}]').encode(), "not text"),
    "source mixed": (of_cells('[{"cell_type":"code","source":["a",1]}]').encode(), "not text"),
    "double key": (
        of_cells('[{"cell_type":"code","source":"a","source":"b"}]').encode(),
        "'source' stands twice",
    ),
    "double cells": (b'{"cells": [], "cells": []}', "'cells' stands twice"),
    "deep lists": (b'{"cells":' + b"[" * 1_000_000, "levels deep"),
    "deep objects": (b'{"a":' * 1_000_000, "levels deep"),
    "deep outputs": (b'{"cells":[{"outputs":' + b"[" * 1_000_000, "levels deep"),
    "many values": (b'{"cells":[' + b"{}," * 1_000_000, "values"),
    "many cells": (of_cells("[" + ",".join(["{}"] * 6000) + "]").encode(), "cells"),
    "endless string": (b'{"cells": "' + b"\\" * 5_000_001, "not JSON"),
    "many quotes": (b'{"cells": ' + b'\\"' * 5_000_000, "not JSON"),
    "large source": (of_cells(json.dumps("x" * 30_000_000)).encode(), "larger than 24 MB"),
    "a large number": (of_cells("1" * 1_000_000).encode(), "no list of cells"),
    "a bad escape": (b'{"cells": "\\u12"}', "not JSON"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_notebook_is_refused_quickly_and_in_little_memory(read: Read, case: str) -> None:
    content, reason = UNREADABLE[case]
    started = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableSubmission, match=reason) as caught:
            read(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.where.startswith("a.ipynb")
    assert caught.value.remedy
    assert time.monotonic() - started < 30
    assert peak < 200 * 2**20


def test_the_faulty_cell_is_named(read: Read) -> None:
    book = notebook(TEMPLATE)
    book["cells"][3]["source"] = 5
    with pytest.raises(UnreadableSubmission) as caught:
        read(book)
    assert caught.value.where == "a.ipynb, cell 4"


def test_a_file_over_the_cap_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    with path.open("wb") as file:
        file.truncate(3 * 2**30)  # sparse: reading it whole would take 3 GB of memory
    with pytest.raises(UnreadableSubmission, match="larger than 100 MB"):
        read_submission(path)
    path.write_bytes(b"x" * 11)
    with pytest.raises(UnreadableSubmission, match="larger than"):
        read_submission(path, Caps(file_bytes=10))


def test_pipes_links_folders_and_missing_files_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "real.ipynb").write_text(json.dumps(notebook(TEMPLATE)))
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "real.ipynb")
    for name in ("pipe", "folder", "link", "missing"):
        with pytest.raises(UnreadableSubmission):
            read_submission(tmp_path / f"{name}.ipynb")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UnreadableSubmission, match="not a notebook"):
        read_submission(tmp_path / "notes.txt")


def test_submissions_are_found_at_any_depth_and_sorted(tmp_path: Path) -> None:
    for name in ("b.ipynb", "a/x/c.zip", "a/z.PY", "a/.hidden.ipynb", ".git/d.ipynb", "e.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    for folder in ("a/.ipynb_checkpoints", "__MACOSX"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "b.ipynb").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "b.ipynb")
    os.mkfifo(tmp_path / "pipe.ipynb")
    found = [path.relative_to(tmp_path).as_posix() for path in find_submissions(tmp_path)]
    assert found == ["a/x/c.zip", "a/z.PY", "b.ipynb"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSubmission, match="can't be listed"):
        find_submissions(tmp_path / "nowhere")
