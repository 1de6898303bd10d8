"""`autograder prove`: every solution of a master against its checks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.assignment import load_master
from autograder.authoring.products import ensure_built, find_master, products
from autograder.authoring.prove import SEEDS, Wishes, prove
from autograder.report.proof_json import proof_json
from autograder.report.proof_page import proof_html
from autograder.report.proof_table import proof_table
from autograder.sandbox.choice import choose_wall
from autograder.sandbox.wishes import WALLS

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("name")
@click.option("--json", "json_file", type=FILE, help="Write the matrix there, for scripts.")
@click.option("--page", "page_file", type=FILE, help="Write the matrix there, as a page.")
@click.option("--jobs", default=os.cpu_count() or 1, type=click.IntRange(1), show_default=True)
@click.option(
    "--seeds",
    default=SEEDS,
    type=click.IntRange(1),
    show_default=True,
    help="How often the checks' inputs are drawn.",
)
@click.option("--only", multiple=True, metavar="SOLUTION", help="Try this one; may be repeated.")
@click.option("--anew", is_flag=True, help="Take nothing over from earlier proofs.")
@click.option("--wall", "wish", default="auto", type=click.Choice(WALLS), show_default=True)
def command(
    name: str,
    json_file: Path | None,
    page_file: Path | None,
    jobs: int,
    seeds: int,
    only: tuple[str, ...],
    anew: bool,
    wish: str,
) -> None:
    """Prove the checks of the assignment NAME with the solutions in its `mutants/`.

    Every wrong solution must lose points at its question and, with stand-ins, nowhere else; the
    reference and every other right one must have full points, whatever inputs are drawn; nothing
    may leak. Ends with 1 where that is not so.

    What an earlier proof graded is graded again only where something has changed that it hangs on:
    the solution, the checks of a question or of one that it needs, the data, this program.
    """
    console = Console()
    root = Path.cwd()
    kit = ensure_built(name, root)
    master = load_master(find_master(name, root))
    with _progress(console) as progress:
        task = progress.add_task("reading", total=None)

        def tell(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)
            # Where no bar can be drawn, as in a log, a line now and then shows that it goes on.
            if not console.is_terminal and (done == total or done % 10 == 0):
                console.print(f"{what}: {done} of {total}")

        proof = prove(
            master,
            kit,
            products(master.name, root),
            Wishes(jobs, seeds, only, anew),
            cache=root / ".cache",
            wall=choose_wall(wish),
            tell=tell,
        )
    console.print(proof_table(proof))
    if json_file:
        json_file.write_text(proof_json(proof), encoding="utf-8")
    if page_file:
        page_file.write_text(proof_html(proof), encoding="utf-8")
        console.print(f"Page: {page_file}")
    sys.exit(0 if proof.holds else 1)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
