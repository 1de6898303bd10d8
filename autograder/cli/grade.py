"""`autograder grade`: a class of hand-ins becomes a gradebook and a feedback page for each."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from autograder.assignment.kit import Kit
from autograder.authoring.products import ensure_built
from autograder.grading.lateness import read_hand_in_times
from autograder.grading.local import grade_class
from autograder.grading.run import grade_folder, not_graded
from autograder.grading.worker import HandIn, KitJob
from autograder.report import summary_table, up_to_date_views
from autograder.results import Ending, SubmissionResult
from autograder.sandbox.choice import WALLS, choose_wall
from autograder.store import open_store
from autograder.submission import find_submissions


@click.command()
@click.argument("name")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--jobs", default=os.cpu_count() or 1, type=click.IntRange(1), show_default=True)
@click.option("--wall", "wish", default="auto", type=click.Choice(WALLS), show_default=True)
@click.option("--store", "url", help="Database URL in place of OUT/grades.sqlite.")
def command(name: str, folder: Path, out: Path, jobs: int, wish: str, url: str | None) -> None:
    """Grade all hand-ins below FOLDER for the assignment NAME.

    Writes the gradebook, results and feedback pages to OUT. What was graded before, and has not
    changed, is not graded again.
    """
    kit = ensure_built(name, Path.cwd())
    endings = grade_and_report(kit, folder, out, jobs, wish, url)
    sys.exit(1 if not_graded(endings) else 0)


def grade_and_report(
    kit: Kit, folder: Path, out: Path, jobs: int, wish: str, url: str | None
) -> dict[str, Ending]:
    """Grade a folder with progress on the terminal, write all views, print the table."""
    console = Console()
    wall = choose_wall(wish)
    if wall.name == "none":
        console.print("[yellow]No wall:[/] student code runs with all your rights.")
    paths = find_submissions(folder)
    if not paths:
        raise click.UsageError(
            f"{folder} holds no notebook (.ipynb), export (.zip) or script (.py)."
        )
    times = read_hand_in_times(folder, kit.master.assignment.deadline)
    out.mkdir(parents=True, exist_ok=True)
    endings: Counter[str] = Counter()
    with open_store(out, url, create=True) as store, _progress(console) as progress:
        task = progress.add_task("grading", total=len(paths), endings="")

        def tell(ending: Ending, known: bool) -> None:
            endings["known" if known else ending.value] += 1
            counts = ", ".join(f"{count} {ending}" for ending, count in endings.items())
            progress.update(task, advance=1, endings=counts)

        def grade(waiting: Sequence[HandIn]) -> Iterator[SubmissionResult]:
            return grade_class(KitJob(kit), waiting, wall, jobs)

        found = grade_folder(kit, folder, paths, times, store, grade, tell)
        progress.stop()
        console.print(summary_table(up_to_date_views(store, out)))
    console.print(f"Gradebook: {out / 'gradebook.csv'}")
    console.print(f"Overview:  {out / 'index.html'}, feedback pages in {out / 'feedback'}")
    return found


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[endings]}"),
        console=console,
    )
