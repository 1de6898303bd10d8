"""`autograder grade --bundle`: a class graded with somebody else's otter bundle."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from autograder.bundle.foreign.comparing import Compared, compare, gradescope_results, summary
from autograder.bundle.foreign.grading import PRELOAD, BundleJob
from autograder.bundle.foreign.preparing import prepare
from autograder.bundle.foreign.reading import remarks
from autograder.cli.grade import hand_ins_of, here, progress_bar, run_job
from autograder.grading.local import start_importing
from autograder.grading.run import not_graded
from autograder.report.comparison import comparison_table
from autograder.report.files import write_whole
from autograder.report.names import file_name
from autograder.results import SubmissionResult
from autograder.sandbox.choice import choose_wall
from autograder.store import open_store

OTTER_START_SECONDS = 120.0
"""What `otter run` may take beyond one cell's time: it starts a kernel, and imports much."""


def grade_bundle(
    bundle: Path,
    folder: Path,
    out: Path,
    jobs: int,
    wish: str,
    url: str | None,
    cell_seconds: float,
    compare_otter: bool,
) -> int:
    """Grade a folder with a bundle, compare with otter where that is asked for; the exit status."""
    console = Console()
    # The fork server can import otter while the bundle is read.
    start_importing(PRELOAD)
    with console.status(f"Reading {bundle.name} ..."):
        job = prepare(bundle, hand_ins_of(folder), choose_wall(wish), cell_seconds)
    for sentence in remarks(job.bundle):
        console.print("[yellow]Note:[/] ", end="")
        console.print(sentence, markup=False, highlight=False)
    run = run_job(job, folder, out, wish, url, here(job, jobs, wish))
    with open_store(out, url) as store:
        wanted = [it for it in run.endings if compare_otter or it in run.fresh]
        results = [it.result for path in wanted if (it := store.submission(path))]
    for result in results:
        content = json.dumps(gradescope_results(job, result), ensure_ascii=False, indent=2)
        write_whole(out / "otter" / file_name(result.submission, "json"), content + "\n")
    console.print(f"Otter's form: {out / 'otter'}")
    status = 1 if not_graded(run.endings) else 0
    if compare_otter:
        limit = cell_seconds + OTTER_START_SECONDS
        compared = _compare(job, results, folder, out, limit, jobs, console)
        if any(it.different or it.total_differs for it in compared):
            status = 1
    return status


def _compare(
    job: BundleJob,
    results: list[SubmissionResult],
    folder: Path,
    out: Path,
    seconds: float,
    jobs: int,
    console: Console,
) -> list[Compared]:
    with progress_bar(console) as progress:
        task = progress.add_task("otter run", total=len(results), endings="")
        compared = compare(
            job, results, folder, seconds, jobs, lambda it: progress.update(task, advance=1)
        )
    write_whole(out / "comparison.json", json.dumps(summary(compared), indent=2) + "\n")
    console.print(comparison_table(compared))
    console.print(f"Comparison: {out / 'comparison.json'}")
    return compared
