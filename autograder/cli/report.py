"""`autograder report`: gradebook, results and feedback pages anew; marking sheets out and in."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from autograder.report.marks import read_marks, write_marking_sheet
from autograder.report.summary import summary_table
from autograder.report.tables import marks_table
from autograder.report.views import write_views
from autograder.store import Store, open_store

DEFAULT_SHEET = "marking-sheet.csv"


@click.command("report")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--marks",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read marks from a CSV file: submission, question, item, points, comment, marker.",
)
@click.option(
    "--marker", default="", metavar="NAME", help="Who marked, for rows of --marks that say no name."
)
@click.option(
    "--marking-sheet",
    is_flag=False,
    flag_value="",
    metavar="[FILE]",
    help=f"Write what waits for a marker as a blind CSV file, OUT/{DEFAULT_SHEET} by default.",
)
@click.option("--store", "url", metavar="URL", help="The database, where it is not in OUT.")
def command(
    out: Path, marks: Path | None, marker: str, marking_sheet: str | None, url: str | None
) -> None:
    """Make gradebook, results and feedback pages in OUT anew from its database.

    With --marks, a marker's decisions are read first, all of them or none.
    """
    console = Console()
    with open_store(out, url) as store:
        store.assignment()
        if marks is not None:
            _read(store, marks, marker, console)
        summary = write_views(store, out)
        if marks is None and marking_sheet is None:
            console.print(summary_table(summary))
        if marking_sheet is not None:
            _write_sheet(store, Path(marking_sheet or out / DEFAULT_SHEET), console)
    pages = "gradebook.csv, results/, feedback/ and index.html are up to date"
    console.print(Text(f"{out}: {pages}.", style="dim"), soft_wrap=True)


def _read(store: Store, path: Path, marker: str, console: Console) -> None:
    decisions = read_marks(store, path, marker)
    added = store.add_marks(decisions)
    console.print(marks_table(store, added))
    same = len(decisions) - len(added)
    known = f", {same} known already" if same else ""
    console.print(Text(f"{path}: {len(added)} marks taken{known}."), soft_wrap=True)


def _write_sheet(store: Store, path: Path, console: Console) -> None:
    sheet = write_marking_sheet(store, path)
    if not sheet.rows:
        console.print(Text(f"{path}: nothing waits for a marker."), soft_wrap=True)
        return
    console.print(
        Text(
            f"{path}: {sheet.answers} answers, {sheet.rows} decisions. Fill in points, comment "
            "and marker; then read it back with --marks."
        ),
        soft_wrap=True,
    )
