"""`autograder build`: from the instructor's master to what students and graders get."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from autograder.assignment.kit import Kit


@click.command("build")
@click.argument("name")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder with solutions/, assignments/ and dist/; by default the current one.",
)
def command(name: str, root: Path) -> None:
    """Make release, students' zip and otter bundle of the assignment NAME.

    NAME is a folder of solutions/, or a path. The build stops where students would get anything
    of the answers.
    """
    # Torch and otter need seconds to import: `--help` should not wait for them.
    from autograder.authoring.build import build
    from autograder.authoring.products import find_master, products

    console = Console()
    folder = find_master(name, root)
    with console.status(f"Building {folder.name} ..."):
        kit = build(folder, root)
    places = products(kit.master.name, root)
    console.print(f"\n[bold]{kit.master.assignment.title}[/bold]\n", highlight=False)
    console.print(summary(kit))
    console.print()
    for what, place in (
        ("release", places.release),
        ("students' zip", places.student_zip),
        ("otter bundle", places.bundle),
    ):
        size = f" ({place.stat().st_size / 2**20:.1f} MB)" if place.is_file() else ""
        console.print(f"  {what:14} {place}{size}", highlight=False, soft_wrap=True)
    console.print("\n  No answer, hidden check, label or seed was found in what students get.")


def summary(kit: Kit) -> Table:
    """The questions with automatic points, points that a person gives, and numbers of checks."""
    from autograder.authoring.public_tests import read_check_files

    checks = [check for file in read_check_files(kit.master) for check in file.checks]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True, min_width=5)
    table.add_column("question", no_wrap=True, overflow="ellipsis", max_width=36)
    for heading in ("automatic", "manual", "checks", "hidden"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=len(heading))
    for question in kit.master.assignment.questions:
        own = [check.hidden for check in checks if check.question == question.id]
        table.add_row(
            question.id,
            question.title,
            *(f"{number:g}" if number else "" for number in (question.auto, question.manual)),
            *(str(number) if number else "" for number in (own.count(False), own.count(True))),
        )
    questions = kit.master.assignment.questions
    hidden = [check.hidden for check in checks]
    table.add_row(
        "",
        "together",
        f"{sum(question.auto for question in questions):g}",
        f"{sum(question.manual for question in questions):g}",
        str(hidden.count(False)),
        str(hidden.count(True)),
        style="bold",
    )
    return table
