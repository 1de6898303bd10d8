"""`autograder grade`: a class of hand-ins becomes a gradebook and a feedback page for each."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from autograder.grading.fork_server import start_importing
from autograder.sandbox.wishes import WALLS


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
    # The processes that grade import much. They begin before we import what the client needs; only
    # where a class was graded before, it may turn out that there is nothing for them to do.
    begins = not scheduler and not (out / "grades.sqlite").is_file()
    if bundle is not None:
        if scheduler:
            raise click.UsageError("--scheduler grades an assignment NAME, not a --bundle.")
        if begins:
            start_importing(["autograder.bundle.foreign.warm"])
        from autograder.cli.bundle import grade_bundle

        sys.exit(grade_bundle(bundle, folder, out, jobs, wish, url, cell_seconds, compare_otter))
    if compare_otter:
        raise click.UsageError("--compare-otter needs a --bundle.")
    if begins:
        start_importing(["autograder.grading.warm"])
    from autograder.authoring.products import ensure_built
    from autograder.cli.whole_class import grade_and_report
    from autograder.grading.run import not_graded

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
