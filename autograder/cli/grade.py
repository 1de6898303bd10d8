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
from autograder.grading.job import HandIn, Job, KitJob
from autograder.grading.lateness import read_hand_in_times
from autograder.grading.local import grade_class
from autograder.grading.run import ClassRun, grade_folder, not_graded
from autograder.report import summary_table, up_to_date_views
from autograder.results import Ending, SubmissionResult
from autograder.sandbox.choice import WALLS, choose_wall
from autograder.store import open_store
from autograder.submission import find_submissions


@click.command()
@click.argument("places", nargs=-1, metavar="[NAME] DIR")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--jobs", default=os.cpu_count() or 1, type=click.IntRange(1), show_default=True)
@click.option("--wall", "wish", default="auto", type=click.Choice(WALLS), show_default=True)
@click.option("--store", "url", help="Database URL in place of OUT/grades.sqlite.")
@click.option(
    "--bundle",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Grade with this otter bundle, in place of an assignment NAME.",
)
@click.option(
    "--cell-seconds",
    default=120.0,
    type=click.FloatRange(min=0, min_open=True),
    show_default=True,
    help="With --bundle: how long a cell, or the tests of a question, may take.",
)
@click.option(
    "--compare-otter",
    is_flag=True,
    help="With --bundle: run stock `otter run`, too, and show both scores. Its student code runs "
    "with all your rights.",
)
def command(
    places: tuple[str, ...],
    out: Path,
    jobs: int,
    wish: str,
    url: str | None,
    bundle: Path | None,
    cell_seconds: float,
    compare_otter: bool,
) -> None:
    """Grade all hand-ins below DIR for the assignment NAME.

    Writes the gradebook, results and feedback pages to OUT. What was graded before, and has not
    changed, is not graded again. With --bundle, DIR alone is named.
    """
    name, folder = _name_and_folder(places, bundle)
    if bundle is not None:
        # Otter takes a second to import: only those who need it should wait.
        from autograder.cli.bundle import grade_bundle

        sys.exit(grade_bundle(bundle, folder, out, jobs, wish, url, cell_seconds, compare_otter))
    if compare_otter:
        raise click.UsageError("--compare-otter needs a --bundle.")
    kit = ensure_built(name, Path.cwd())
    run = grade_and_report(kit, folder, out, jobs, wish, url)
    sys.exit(1 if not_graded(run.endings) else 0)


def _name_and_folder(places: tuple[str, ...], bundle: Path | None) -> tuple[str, Path]:
    if len(places) != (2 if bundle is None else 1):
        wanted = "NAME and DIR" if bundle is None else "DIR alone beside --bundle"
        raise click.UsageError(f"Name {wanted}.")
    folder = Path(places[-1])
    if not folder.is_dir():
        raise click.UsageError(f"There is no folder {folder}.")
    return places[0], folder


def grade_and_report(
    kit: Kit, folder: Path, out: Path, jobs: int, wish: str, url: str | None
) -> ClassRun:
    """Grade a folder for one of our own assignments; see `run_job`."""
    return run_job(KitJob(kit), folder, out, jobs, wish, url)


def run_job(job: Job, folder: Path, out: Path, jobs: int, wish: str, url: str | None) -> ClassRun:
    """Grade a folder with progress on the terminal, write all views, print the table."""
    console = Console()
    wall = choose_wall(wish)
    if wall.name == "none":
        console.print("[yellow]No wall:[/] student code runs with all your rights.")
    paths = hand_ins_of(folder)
    times = read_hand_in_times(folder, job.assignment.deadline)
    out.mkdir(parents=True, exist_ok=True)
    endings: Counter[str] = Counter()
    with open_store(out, url, create=True) as store, progress_bar(console) as progress:
        task = progress.add_task("grading", total=len(paths), endings="")

        def tell(ending: Ending, known: bool) -> None:
            endings["known" if known else ending.value] += 1
            counts = ", ".join(f"{count} {ending}" for ending, count in endings.items())
            progress.update(task, advance=1, endings=counts)

        def grade(waiting: Sequence[HandIn]) -> Iterator[SubmissionResult]:
            return grade_class(job, waiting, wall, jobs)

        found = grade_folder(job, folder, paths, times, store, grade, tell)
        progress.stop()
        console.print(summary_table(up_to_date_views(store, out)))
    console.print(f"Gradebook: {out / 'gradebook.csv'}")
    console.print(f"Overview:  {out / 'index.html'}, feedback pages in {out / 'feedback'}")
    return found


def hand_ins_of(folder: Path) -> list[Path]:
    """What can be graded below a folder. Raises UsageError where there is nothing."""
    paths = find_submissions(folder)
    if not paths:
        raise click.UsageError(
            f"{folder} holds no notebook (.ipynb), export (.zip) or script (.py)."
        )
    return paths


def progress_bar(console: Console) -> Progress:
    """A bar with counts by ending and a time estimate."""
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
