"""Grading a class with progress on the terminal, and writing all that people open."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Callable
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
from autograder.cli.interrupts import lasting_interrupts
from autograder.errors import ClusterError
from autograder.grading.job import Job, KitJob, TravellingJob
from autograder.grading.lateness import read_hand_in_times
from autograder.grading.local import grade_class
from autograder.grading.run import ClassRun, Grader, grade_folder
from autograder.report import summary_table, up_to_date_views
from autograder.results import Ending
from autograder.sandbox.choice import choose_wall
from autograder.store import open_store
from autograder.submission import find_submissions


def grade_and_report(
    kit: Kit,
    folder: Path,
    out: Path,
    jobs: int,
    wish: str,
    url: str | None,
    scheduler: str | None = None,
) -> ClassRun:
    """Grade a folder for one of our own assignments, here or on a cluster; see `run_job`."""
    job = KitJob(kit)
    place = here(job, jobs, wish) if scheduler is None else on_cluster(job, scheduler, wish)
    return run_job(job, folder, out, wish, url, place)


TellWorkers = Callable[[int], None]
Place = Callable[[TellWorkers], Grader]
"""Where a class is graded; it may tell how many workers are at it."""


def here(job: Job, jobs: int, wish: str) -> Place:
    """On this machine. The wall is chosen once there is something to grade."""
    return lambda tell: lambda waiting: grade_class(job, waiting, choose_wall(wish), jobs)


def on_cluster(job: TravellingJob, address: str, wish: str) -> Place:
    """On a Dask cluster: there each machine chooses its own wall. Raises ClusterError."""
    if importlib.util.find_spec("distributed") is None:
        raise ClusterError(
            "grading on a cluster needs Dask, which is not installed",
            remedy="Run `pip install distributed`, here and on every machine of the cluster.",
        )
    # Here, not above: grading on one machine does without Dask.
    from autograder.grading.cluster import grade_on_cluster

    return lambda tell: lambda waiting: grade_on_cluster(job, waiting, address, wish, tell)


def run_job(
    job: Job, folder: Path, out: Path, wish: str, url: str | None, place: Place
) -> ClassRun:
    """Grade a folder with progress on the terminal, write all views, print the table."""
    console = Console()
    if wish == "none":
        console.print("[yellow]No wall:[/] student code runs with all your rights.")
    paths = hand_ins_of(folder)
    times = read_hand_in_times(folder, job.assignment.deadline)
    endings: Counter[str] = Counter()
    progress = progress_bar(console)
    task = progress.add_task("grading", total=len(paths), endings="")

    def tell_workers(workers: int) -> None:
        where = f"{workers} worker{'s' if workers != 1 else ''}" if workers else "no worker yet"
        progress.update(task, description=f"grading ({where})")

    def tell(ending: Ending, known: bool) -> None:
        endings["known" if known else ending.value] += 1
        counts = ", ".join(f"{count} {ending}" for ending, count in endings.items())
        progress.update(task, advance=1, endings=counts)
        require_no_interrupt()

    out.mkdir(parents=True, exist_ok=True)
    with (
        lasting_interrupts() as require_no_interrupt,
        open_store(out, url, create=True) as store,
        progress,
    ):
        found = grade_folder(job, folder, paths, times, store, place(tell_workers), tell)
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
