"""`autograder grade`: a class of hand-ins becomes a gradebook and a feedback page for each."""

from __future__ import annotations

import importlib.util
import os
import sys
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
from autograder.authoring.products import ensure_built
from autograder.cli.interrupts import lasting_interrupts
from autograder.errors import ClusterError
from autograder.grading.job import Job, KitJob, TravellingJob
from autograder.grading.lateness import read_hand_in_times
from autograder.grading.local import grade_class, start_importing
from autograder.grading.run import ClassRun, Grader, grade_folder, not_graded
from autograder.report import summary_table, up_to_date_views
from autograder.results import Ending
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
    "--scheduler",
    metavar="ADDRESS",
    help="Grade on the Dask cluster of this scheduler, such as tcp://host:8786; its workers' "
    "threads take the place of --jobs.",
)
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
    scheduler: str | None,
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
        if scheduler:
            raise click.UsageError("--scheduler grades an assignment NAME, not a --bundle.")
        # The fork server imports otter while we import the rest, and read the bundle.
        start_importing(["autograder.bundle.foreign.warm"])
        from autograder.cli.bundle import grade_bundle

        sys.exit(grade_bundle(bundle, folder, out, jobs, wish, url, cell_seconds, compare_otter))
    if compare_otter:
        raise click.UsageError("--compare-otter needs a --bundle.")
    kit = ensure_built(name, Path.cwd())
    run = grade_and_report(kit, folder, out, jobs, wish, url, scheduler)
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
