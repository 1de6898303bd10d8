"""What the wall costs a submission: the same notebook in rooms with and without it, in turns.

``python benchmarks/wall.py [ROUNDS]`` prints medians in milliseconds. A round opens a room, runs
four small cells, asks for a value at the check point, and ends the room.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from autograder.assignment.models import Limits
from autograder.sandbox.bare import Bare
from autograder.sandbox.choice import choose_wall
from autograder.sandbox.execution import Step, run_notebook
from autograder.sandbox.server import Sandbox, WarmServer
from autograder.sandbox.wall import Furniture

CELLS = (
    "import torch",
    "x = torch.ones(64, 64)",
    "def product(a):\n    return a @ a",
    "y = float(product(x)[0, 0])",
)


def submission(server: WarmServer) -> tuple[float, float, float]:
    """Milliseconds to open a room, to run and ask, and to end it."""
    limits = Limits()
    steps = [Step(number, cell, "", 10) for number, cell in enumerate(CELLS[:-1], start=1)]
    steps.append(Step(len(CELLS), CELLS[-1], "q", 10, ("q",)))
    times = [time.perf_counter()]
    sandbox = Sandbox(server, limits)
    times.append(time.perf_counter())
    done = run_notebook(sandbox, steps, {}, 2**20, 60)
    child = done.snapshots["q"].fork()
    value = child.ask(["get", "y"])
    if value != 64.0:
        raise SystemExit(f"the notebook computed {value}")
    child.kill()
    times.append(time.perf_counter())
    sandbox.close()
    times.append(time.perf_counter())
    opened, ran, ended = (1000 * (b - a) for a, b in pairwise(times))
    return opened, ran, ended


def main(rounds: int) -> None:
    """Alternate, so that whatever else the machine does weighs on both alike."""
    with tempfile.TemporaryDirectory() as name:
        furniture = Furniture(Path(name))
        walls = {"without": Bare(), "with": choose_wall("auto")}
        with (
            WarmServer(walls["without"], furniture) as without,
            WarmServer(walls["with"], furniture) as behind,
        ):
            servers = {"without": without, "with": behind}
            for server in servers.values():
                server.ready()
                submission(server)
            times: dict[str, list[tuple[float, float, float]]] = {"without": [], "with": []}
            for _ in range(rounds):
                for wall, server in servers.items():
                    times[wall].append(submission(server))
    print(f"| wall | open | cells and a check | end | in all ({rounds} rounds, median ms) |")
    print("|---|---|---|---|---|")
    totals = {}
    for wall, measured in times.items():
        parts = [statistics.median(part) for part in zip(*measured, strict=True)]
        totals[wall] = statistics.median(sum(each) for each in measured)
        cells = " | ".join(f"{part:.1f}" for part in parts)
        print(f"| {wall} ({walls[wall].name}) | {cells} | {totals[wall]:.1f} |")
    differences = [sum(a) - sum(b) for a, b in zip(times["with"], times["without"], strict=True)]
    print(f"\nThe wall costs {statistics.median(differences):.1f} ms a submission.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
