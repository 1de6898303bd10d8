"""From a hand-in for somebody else's bundle to the steps that run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.assignment.models import Limits
from autograder.bundle.foreign.cells import statements_of
from autograder.bundle.foreign.hand_in import read_hand_in
from autograder.bundle.foreign.reading import read_bundle


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        ("x = 1\n\ny = (2 +\n  3)\nz = 4\n", ["x = 1", "y = (2 +\n  3)", "z = 4"]),
        ("x = [\n", []),
        # Each piece begins with the lines before it: of so many, that would be 20 GB.
        ("1\n" * 200_000, []),
    ],
)
def test_a_script_is_cut_where_that_takes_no_great_memory(
    bundle: Path, tmp_path: Path, source: str, pieces: list[str]
) -> None:
    path = tmp_path / "a.py"
    path.write_text(source)
    steps = statements_of(read_hand_in(path), read_bundle(bundle), Limits())
    # The last step is the end, where all that was not checked is judged.
    assert [step.source.strip() for step in steps[:-1]] == pieces
