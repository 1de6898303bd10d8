"""Notebooks and exports as students hand them in, and the template that they started from."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.submission import Cell, Submission, read_submission

PLACEHOLDER = "_Type your answer here, replacing this text._"
Source = tuple[str, str, tuple[str, ...]]

TEMPLATE: list[Source] = [
    ("markdown", "# Deep Learning · Assignment 7: Attention", ()),
    ("markdown", "**Name:** \n\n**Student number:** ", ("student",)),
    ("code", 'import otter\ngrader = otter.Notebook("a07-attention.ipynb")', ()),
    ("markdown", "### 1.1 Why attention?\nWhat does a fixed-length context lose?", ()),
    ("markdown", PLACEHOLDER, ("q1_1",)),
    ("markdown", "### 1.4 Soft or hard?\nWhich of the two does the Transformer use?", ()),
    ("code", "q1_4 = None", ("q1_4",)),
    ("markdown", "Give your reason.", ()),
    ("markdown", PLACEHOLDER, ("q1_4",)),
    ("code", 'grader.check("q1_4")', ()),
    ("markdown", "### 3.2 Scaled dot-product attention\nWrite the function.", ()),
    ("code", "def attention(query, key, value):\n    raise NotImplementedError", ("q3_2",)),
    ("code", 'grader.check("q3_2")', ()),
    ("markdown", "### 3.6 Training\nWrite `train`, then run the next cell.", ()),
    ("code", "def train(model):\n    ...", ("q3_6",)),
    ("code", "model = train(None)", ("q3_6", "training")),
    ("code", 'grader.check("q3_6")', ()),
]
IDS = ["q1_1", "q1_4", "q3_2", "q3_6"]


def notebook(cells: list[Source], **metadata: Any) -> dict[str, Any]:
    return {
        "nbformat": 4,
        "nbformat_minor": 4,
        "metadata": metadata,
        "cells": [
            {
                "cell_type": kind,
                "source": source.splitlines(keepends=True),
                "metadata": {"tags": list(tags)} if tags else {},
                **({"outputs": [], "execution_count": None} if kind == "code" else {}),
            }
            for kind, source, tags in cells
        ],
    }


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def cells_of(sources: list[Source]) -> tuple[Cell, ...]:
    return tuple(Cell(i, kind, text, tags) for i, (kind, text, tags) in enumerate(sources))


def submission_of(sources: list[Source]) -> Submission:
    return Submission(cells_of(sources), "", "")


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Submission]:
    """Write bytes, text or a notebook's dictionary to a file of that name, and read it."""

    def write_and_read(content: bytes | str | dict[str, Any], name: str = "a.ipynb") -> Submission:
        if isinstance(content, dict):
            content = json.dumps(content)
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_submission(path)

    return write_and_read
