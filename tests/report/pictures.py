"""Makes the pictures of feedback in the docs: ``python -m tests.report.pictures``.

Five wrong solutions of `a07-attention` are graded as hand-ins, and the question at which each is
caught is photographed on its feedback page. Done by hand where hints or pages have changed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console

from autograder.assignment import load_master
from autograder.authoring.entries import Sort, entries_of
from autograder.authoring.master import make_notebooks
from autograder.authoring.products import ensure_built, find_master
from autograder.authoring.proof_hand_ins import checkpoints_of, hand_in
from autograder.cli.whole_class import grade_and_report
from autograder.sandbox.choice import choose_wall
from tests.chromium import chromium

ROOT = Path(__file__).parents[2]
NAME = "a07-attention"
PICTURES = {
    "mask_after_softmax": "feedback-mask-after-softmax",
    "heads_merged_without_transpose": "feedback-heads-mixed",
    "positions_from_one": "feedback-positions-from-one",
    "mean_counts_padding": "feedback-mean-counts-padding",
    "cropped_before_attention": "feedback-cropped-too-early",
}
"""The names of wrong solutions, and of their pictures."""
WIDTH = 820
"""Of the window, in pixels: a page's column fits, with a margin."""


def main() -> None:
    """Grade the five, and write docs/images/feedback-*.png."""
    console = Console()
    kit = ensure_built(NAME, ROOT)
    master = load_master(find_master(NAME, ROOT))
    notebooks = make_notebooks(master)
    entries = entries_of(master, notebooks, ("reference", *PICTURES))
    cache = ROOT / ".cache" / "trained"
    wall = choose_wall("auto")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "class"
        folder.mkdir()
        checkpoints = checkpoints_of(
            kit, notebooks, entries, cache, wall, 1, lambda *told: console.print(*told)
        )
        wrong = [entry for entry in entries if entry.sort is not Sort.REFERENCE]
        for entry in wrong:
            hand_in(entry, master, notebooks, checkpoints, folder)
        grade_and_report(kit, folder, Path(name) / "out", 1, "auto", None)
        with chromium() as browser:
            page = browser.new_page(viewport={"width": WIDTH, "height": 1200})
            for entry in wrong:
                [shown] = (Path(name) / "out" / "feedback").glob(f"{entry.name}*.html")
                page.goto(shown.as_uri())
                picture = ROOT / "docs" / "images" / f"{PICTURES[entry.name]}.png"
                page.locator(f"#{entry.expected}").screenshot(path=picture)
                console.print(f"{entry.name}: {picture.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
