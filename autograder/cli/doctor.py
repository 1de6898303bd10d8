"""`autograder doctor`: which promises the wall of this machine keeps."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from autograder.errors import WallError
from autograder.sandbox.choice import choose_wall
from autograder.sandbox.container import Container
from autograder.sandbox.promises import PROMISES
from autograder.sandbox.trials import Holding, try_promises
from autograder.sandbox.wishes import WALLS

TRIED = (*WALLS, "container")


@click.command()
@click.option("--wall", "wish", default="auto", type=click.Choice(TRIED), show_default=True)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path))
def command(wish: str, file: Path | None) -> None:
    """Try on this machine what student code can and cannot do.

    Each promise that the wall makes is tried by code that attempts to break it.
    """
    console = Console()
    try:
        wall = Container(()) if wish == "container" else choose_wall(wish)
        name, holdings = wall.name, try_promises(wall)
    except WallError as error:
        name = "none stands"
        holdings = [
            Holding(promise, False, error.what) for promise in PROMISES if promise.id.isdigit()
        ]
    console.print(_table(name, holdings))
    if file:
        file.write_text(json.dumps(as_json(name, holdings), indent=2) + "\n")
    sys.exit(0 if all(holding.holds for holding in holdings) else 1)


def as_json(wall: str, holdings: list[Holding]) -> dict[str, object]:
    """The wall and its promises as `doctor --json` writes them."""
    return {
        "wall": wall,
        "promises": [
            {
                "id": holding.promise.id,
                "title": f"Student code cannot {holding.promise.title}.",
                "holds": holding.holds,
                "how": holding.kept_by if holding.holds else holding.said,
                "remedy": "" if holding.holds else holding.promise.remedy,
            }
            for holding in holdings
        ],
    }


def _table(wall: str, holdings: list[Holding]) -> Table:
    table = Table(title=f"Wall: {wall}", title_justify="left", show_lines=False)
    table.add_column("")
    table.add_column("Student code cannot …")
    table.add_column("because")
    for holding in holdings:
        promise = holding.promise
        if holding.holds:
            table.add_row("[green]holds[/]", promise.title, holding.kept_by)
        else:
            table.add_row("[red]broken[/]", promise.title, f"{holding.said}. {promise.remedy}")
    return table
