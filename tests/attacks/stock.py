"""The same task as a plain otter bundle, graded by otter's own means: for comparison."""

from __future__ import annotations

import os
import tempfile
from contextlib import chdir
from pathlib import Path

TESTS = """
OK_FORMAT = False
from otter.test_files import test_case

name = "q2_1"
points = 3

@test_case(points=1)
def test_example(env):
    import torch
    got = env["standardise"](torch.tensor([[1.0, 10.0], [3.0, 30.0]]))
    expected = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
    assert got.shape == expected.shape and torch.allclose(got, expected)

@test_case(points=2, hidden=True)
def test_random(env):
    import torch
    values = 7.25 * torch.randn(40, 3, generator=torch.Generator().manual_seed(1)) + 100.5
    expected = (values - values.mean(0)) / values.std(0, correction=0)
    got = env["standardise"](values.clone())
    assert got.shape == expected.shape and torch.allclose(got, expected, atol=1e-4)
"""


def write_stock_bundle(target: Path) -> None:
    """Write the zip with otter's own tool."""
    from otter.generate import main as generate

    with tempfile.TemporaryDirectory() as name:
        tests = Path(name) / "tests"
        tests.mkdir()
        (tests / "q2_1.py").write_text(TESTS)
        with chdir(name):
            generate(
                tests_dir=str(tests),
                output_path=str(target),
                no_config=True,
                lang="python",
                requirements=os.devnull,
                no_environment=True,
            )
