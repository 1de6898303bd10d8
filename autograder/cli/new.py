"""`autograder new`: the beginning of an assignment."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from autograder.authoring.new import write_skeleton

FILES = {
    "assignment.yml": "questions, points, deadline, limits",
    "notebook.md": "what students read, with your solution",
    "quiz.yml": "items with a fixed answer",
    "rubrics.yml": "what a person marks",
    "checks/": "one pytest file for each code question",
    "stand_ins/": "for those who failed what a later question needs",
    "mutants/": "right and wrong solutions that prove the checks",
}


@click.command("new")
@click.argument("name")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder with solutions/; by default the current one.",
)
def command(name: str, root: Path) -> None:
    """Write a small assignment NAME to begin with: solutions/NAME.

    It has one question of each sort, with comments, and it builds, grades and proves as it is.
    """
    folder = write_skeleton(name, root, datetime.now().astimezone())
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"{folder} is yours to change:\n")
    for file, what in FILES.items():
        console.print(f"  {file:15} {what}")
    console.print(
        f"\nNext: autograder build {name}, then autograder prove {name}. docs/author.md goes on."
    )
