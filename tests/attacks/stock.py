"""The same task as a plain otter bundle, graded by otter's own means: for comparison.

``python -m tests.attacks.stock`` grades one hand-in inside a disposable machine.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from contextlib import chdir
from functools import cache
from pathlib import Path

import nbformat

from tests.attacks.catalogue import ATTACKS
from tests.attacks.host import host
from tests.attacks.model import Attack, Stage, harmless
from tests.attacks.ways import Outcome, otter_run, start_otter
from tests.sandbox.conformance.outer import ROOT, command, environment
from tests.sandbox.conformance.run import loopback_up

SECONDS = 40
"""Stock otter has no limit of time: what takes longer would never end."""
MEMORY = 6 * 2**30
"""Nor one of memory. This one is there for the sake of the machine on which this runs."""

TESTS = """
OK_FORMAT = False
from otter.test_files import test_case

name = "q2_1"
points = 3

def standardised_twice_over(values):
    return (values - values.mean(0)) / values.std(0, correction=0)

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
    expected = standardised_twice_over(values)
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
        Path(name, "requirements.txt").touch()
        with chdir(name):
            generate(
                tests_dir=str(tests),
                output_path=str(target),
                no_config=True,
                lang="python",
                requirements="requirements.txt",
                no_environment=True,
            )


@cache
def _stock_bundle() -> str:
    with tempfile.TemporaryDirectory() as name:
        write_stock_bundle(Path(name, "stock.zip"))
        return Path(name, "stock.zip").read_bytes().hex()


def on_a_disposable_machine(stage: Stage, attack: Attack) -> tuple[Outcome | None, list[str]]:
    """Grade one hand-in there: its outcome, and what happened to that machine."""
    given = {
        "attack": attack.name,
        "bundle": _stock_bundle(),
        "stage": [stage.name, nbformat.writes(stage.template), stage.question, stage.function],
    }
    done = subprocess.run(
        command("bubblewrap-root", ["-m", "tests.attacks.stock"]),
        cwd=ROOT,
        env=environment(),
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=4 * SECONDS,
    )
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise RuntimeError(f"{attack.name}: the machine failed: {done.stderr[-2000:]}")
    outcome, effects = json.loads(lines[-1])
    return outcome and Outcome(outcome[0], outcome[1], tuple(outcome[2])), effects


def main() -> None:
    """Grade the hand-in that standard input describes; print what came of it as JSON."""
    given = json.load(sys.stdin)
    name, template, question, function = given["stage"]
    stage = Stage(name, nbformat.reads(template, nbformat.NO_CONVERT), question, function)
    [attack] = [it for it in (*ATTACKS, harmless(stage)) if it.name == given["attack"]]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    loopback_up()
    folder = Path(tempfile.mkdtemp())
    (folder / "stock.zip").write_bytes(bytes.fromhex(given["bundle"]))
    with host(folder) as there:
        path = attack.write(stage, folder, there.places)
        outcome = otter_run(start_otter, folder / "stock.zip", path, folder / "out", SECONDS)
        effects = there.effects()
    shown = outcome and [outcome.points, outcome.read, outcome.alive]
    print(json.dumps([shown, effects]), flush=True)
    # Whatever lives on there ends with this, the machine's first process.
    os._exit(0)


if __name__ == "__main__":
    main()
