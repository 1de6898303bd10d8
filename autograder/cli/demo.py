"""`autograder demo`: the whole way once, from a master to feedback pages."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.rule import Rule

from autograder.assignment import load_master
from autograder.authoring.products import ensure_built, find_master
from autograder.authoring.sample import make_sample
from autograder.cli.whole_class import grade_and_report
from autograder.results import Ending
from autograder.sandbox.choice import choose_wall
from autograder.sandbox.wishes import WALLS

EXPECTED_UNREADABLE = 2
"""The sample class has two files that are no hand-ins of this assignment."""


@click.command()
@click.option("--name", default="a07-attention", show_default=True, help="The assignment.")
@click.option(
    "--out",
    default=Path("demo"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the class and its grades go; an earlier demo there is replaced.",
)
@click.option("--wall", "wish", default="auto", type=click.Choice(WALLS), show_default=True)
def command(name: str, out: Path, wish: str) -> None:
    """Build an assignment, make a small class, grade it, and say where the pages are."""
    started = time.monotonic()
    console = Console()
    root = Path.cwd()
    for part in ("class", "grades"):
        shutil.rmtree(out / part, ignore_errors=True)
    console.print(Rule(f"autograder build {name}", align="left"))
    kit = ensure_built(name, root)
    console.print(f"Release in assignments/{name}, bundle dist/{name}-autograder.zip")
    console.print(Rule(f"autograder sample {name} --out {out / 'class'}", align="left"))
    with console.status("Training the reference's model, where it is not at hand (up to a minute)"):
        master = load_master(find_master(name, root))
        cache = root / ".cache" / "trained"
        paths = make_sample(master, kit, out / "class", cache, choose_wall(wish))
    console.print(f"{len(paths)} hand-ins: right, partly right, blank, late and broken ones")
    console.print(
        Rule(f"autograder grade {name} {out / 'class'} --out {out / 'grades'}", align="left")
    )
    run = grade_and_report(kit, out / "class", out / "grades", os.cpu_count() or 1, wish, url=None)
    endings = list(run.endings.values())
    console.print(f"The whole way took {time.monotonic() - started:.0f} seconds.")
    as_meant = endings.count(Ending.UNREADABLE) == EXPECTED_UNREADABLE
    sys.exit(0 if as_meant and Ending.GRADER_ERROR not in endings else 1)
