"""The assignment in a student's hands: JupyterLab in a browser, a wrong answer, a right one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.conftest import Notebook

pytestmark = pytest.mark.slow

WRONG = '''\
def pad_batch(
    sequences: Sequence[Sequence[int]], max_len: int, pad_id: int = 0
) -> tuple[Tensor, Tensor]:
    """Put reviews of different lengths into one tensor."""
    length = min(max_len, max(len(sequence) for sequence in sequences))
    tokens = torch.full((len(sequences), length), pad_id)
    mask = torch.zeros(len(sequences), length, dtype=torch.bool)
    for row, sequence in enumerate(sequences):
        kept = torch.tensor(sequence[-length:], dtype=torch.long)
        tokens[row, : len(kept)] = kept
        mask[row, : len(kept)] = True
    return tokens, mask'''
RIGHT = WRONG.replace("sequence[-length:]", "sequence[:length]")


@pytest.fixture
def picture(notebook: Notebook, tmp_path: Path):
    """Takes a picture of the page, for the guides where AUTOGRADER_PICTURES names their folder."""
    folder = Path(os.environ.get("AUTOGRADER_PICTURES") or tmp_path)

    def take(name: str) -> None:
        notebook.cell("def pad_batch").evaluate("cell => cell.scrollIntoView({block: 'start'})")
        notebook.page.keyboard.press("Escape")
        path = folder / name
        notebook.page.screenshot(path=path)
        assert path.stat().st_size < 300_000

    return take


def test_a_check_shows_what_is_wrong_and_then_that_it_is_right(notebook: Notebook, picture):
    notebook.run("otter.Notebook")
    notebook.run("import math")

    blank = notebook.run('grader.check("q3_1")')
    assert "failed" in blank

    notebook.write("def pad_batch", WRONG)
    notebook.run("def pad_batch")
    wrong = notebook.run('grader.check("q3_1")')
    assert "A review longer than max_len keeps its first tokens" in wrong
    assert "[1, 5, 6, 7, 8]" in wrong, "the counterexample's input"
    picture("jupyter-wrong.png")

    notebook.write("def pad_batch", RIGHT)
    notebook.run("def pad_batch")
    right = notebook.run('grader.check("q3_1")')
    assert "passed" in right
    assert "failed" not in right
    picture("jupyter-right.png")
