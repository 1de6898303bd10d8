from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jupytext
import nbformat
import pytest

from autograder.errors import UnreadableSubmission
from autograder.submission import Submission

from .conftest import TEMPLATE, notebook

Read = Callable[..., Submission]


def test_jupytext_percent_scripts_keep_cells_and_tags(read: Read) -> None:
    given = json.dumps(notebook([*TEMPLATE, ("code", "%matplotlib inline\n!ls", ())]))
    book = nbformat.reads(given, as_version=4)
    cells = read(jupytext.writes(book, fmt="py:percent"), "a.py").cells
    expected = [*TEMPLATE, ("code", "%matplotlib inline\n!ls", ())]
    assert [(c.kind, c.source.strip(), c.tags) for c in cells] == [
        (kind, source.strip(), tags) for kind, source, tags in expected
    ]


def test_nbconvert_scripts_are_cut_at_their_marks(read: Read) -> None:
    text = (
        "#!/usr/bin/env python\n# coding: utf-8\n\n# In[1]:\n\n\nx = 1\n\n\n# In[ ]:\n\n\ny = 2\n"
    )
    assert [c.source for c in read(text, "a.py").cells[1:]] == ["x = 1", "y = 2"]


def test_a_script_without_marks_is_one_cell(read: Read) -> None:
    text = "import otter\n\ndef f():\n    pass\n\ngrader.check('q1_1')\n"
    submission = read(text, "a.py")
    assert [c.source for c in submission.cells] == [text.strip()]


def test_declared_latin_1_is_read_and_undeclared_is_refused(read: Read) -> None:
    declared = "# -*- coding: latin-1 -*-\nx = 'ä'\n".encode("latin-1")
    assert "ä" in read(declared, "a.py").cells[0].source
    with pytest.raises(UnreadableSubmission, match="UTF-8"):
        read("x = 'ä'\n".encode("latin-1"), "a.py")


def test_slow_and_strange_codecs_are_not_used(read: Read) -> None:
    for codec in ("punycode", "idna", "unicode_escape", "utf-7", "no-such"):
        assert read(f"# coding: {codec}\nx = 1".encode(), "a.py").cells[0].source.endswith("x = 1")


def test_empty_and_huge_scripts_are_refused(read: Read, tmp_path: Path) -> None:
    with pytest.raises(UnreadableSubmission, match="empty"):
        read("\n\n", "a.py")
    with pytest.raises(UnreadableSubmission, match="larger"):
        read("x = 1\n" * 500_000, "a.py")
    with pytest.raises(UnreadableSubmission, match="cells"):
        read("# %%\n1\n" * 6_000, "a.py")
