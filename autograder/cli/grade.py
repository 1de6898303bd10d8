"""`autograder grade`: a class of hand-ins becomes a gradebook and a feedback page for each."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
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
from autograder.errors import ClusterError
from autograder.grading.lateness import read_hand_in_times
from autograder.grading.local import grade_class
from autograder.grading.run import GradeClass, grade_folder, not_graded
from autograder.report import summary_table, write_views
from autograder.results import SubmissionResult
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
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Grade on the Dask cluster of this scheduler, such as tcp://host:8786; its workers' "
    "threads take the place of --jobs.",
)
def command(
    name: str,
    folder: Path,
    out: Path,
    jobs: int,
    wish: str,
    url: str | None,
    scheduler: str | None,
) -> None:
    """Grade all hand-ins below FOLDER for the assignment NAME.

    Writes the gradebook, results and feedback pages to OUT. What was graded before, and has not
    changed, is not graded again.
    """
    kit = ensure_built(name, Path.cwd())
    results = grade_and_report(kit, folder, out, jobs, wish, url, scheduler)
    sys.exit(1 if not_graded(results) else 0)


def grade_and_report(
    kit: Kit,
    folder: Path,
    out: Path,
    jobs: int,
    wish: str,
    url: str | None,
    scheduler: str | None = None,
) -> list[SubmissionResult]:
    """Grade a folder with progress on the terminal, write all views, print the table."""
    console = Console()
    if wish == "none":
        console.print("[yellow]No wall:[/] student code runs with all your rights.")
    paths = find_submissions(folder)
    if not paths:
        raise click.UsageError(
            f"{folder} holds no notebook (.ipynb), export (.zip) or script (.py)."
        )
    times = read_hand_in_times(folder, kit.master.assignment.deadline)
    endings: Counter[str] = Counter()
    progress = _progress(console)
    task = progress.add_task("grading", total=len(paths), endings="")

    def tell_workers(workers: int) -> None:
        where = f"{workers} worker{'s' if workers != 1 else ''}" if workers else "no worker yet"
        progress.update(task, description=f"grading ({where})")

    grade = _grader(jobs, wish, scheduler, tell_workers)
    out.mkdir(parents=True, exist_ok=True)
    with open_store(out, url, create=True) as store, progress:

        def tell(result: SubmissionResult, known: bool) -> None:
            endings["known" if known else result.status.value] += 1
            counts = ", ".join(f"{count} {ending}" for ending, count in endings.items())
            progress.update(task, advance=1, endings=counts)

        results = grade_folder(kit, folder, paths, times, store, grade, tell)
        progress.stop()
        write_views(store, out)
        console.print(summary_table(store))
    console.print(f"Gradebook: {out / 'gradebook.csv'}")
    console.print(f"Overview:  {out / 'index.html'}, feedback pages in {out / 'feedback'}")
    return results


def _grader(
    jobs: int, wish: str, scheduler: str | None, tell_workers: Callable[[int], None]
) -> GradeClass:
    """Grading here, or on a cluster: there each machine chooses its own wall."""
    if scheduler is None:
        return partial(grade_class, wall=choose_wall(wish), jobs=jobs)
    if importlib.util.find_spec("distributed") is None:
        raise ClusterError(
            "grading on a cluster needs Dask, which is not installed",
            remedy="Run `pip install distributed`, here and on every machine of the cluster.",
        )
    # Here, not above: grading on one machine does without Dask.
    from autograder.grading.cluster import grade_on_cluster

    return partial(grade_on_cluster, address=scheduler, wish=wish, tell=tell_workers)


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
