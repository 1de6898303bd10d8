"""`autograder sample`: a small class of made-up hand-ins."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from autograder.assignment import load_master
from autograder.authoring.products import ensure_built, find_master
from autograder.authoring.sample import make_sample
from autograder.sandbox.choice import choose_wall
from autograder.sandbox.wishes import WALLS


@click.command()
@click.argument("name")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--wall", "wish", default="auto", type=click.Choice(WALLS), show_default=True)
def command(name: str, out: Path, wish: str) -> None:
    """Make a class of hand-ins for the assignment NAME from its solutions, right and wrong.

    The reference's model is trained once for it and kept in .cache/trained.
    """
    console = Console()
    root = Path.cwd()
    kit = ensure_built(name, root)
    master = load_master(find_master(name, root))
    with console.status("Training the reference's model, where it is not at hand (up to a minute)"):
        paths = make_sample(master, kit, out, root / ".cache" / "trained", choose_wall(wish))
    for path in paths:
        console.print(f"  {path.name}")
    console.print(f"{len(paths)} hand-ins in {out}; hand-in times in {out / 'handed_in.csv'}")
