"""`autograder grade --bundle`: a class graded with somebody else's otter bundle."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from autograder.bundle.foreign.job import BundleJob
from autograder.bundle.foreign.preparing import prepare
from autograder.bundle.foreign.reading import remarks
from autograder.bundle.foreign.results_json import otters_form
from autograder.cli.whole_class import hand_ins_of, here, progress_bar, run_job
from autograder.grading.run import not_graded
from autograder.report.files import write_whole
from autograder.report.names import file_name
from autograder.results import SubmissionResult
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
    with console.status(f"Reading {bundle.name} ..."):
        job = prepare(bundle, hand_ins_of(folder), wish, cell_seconds)
    for sentence in remarks(job.bundle):
        console.print("[yellow]Note:[/] ", end="")
        console.print(sentence, markup=False, highlight=False)
    run = run_job(job, folder, out, wish, url, here(job, jobs, wish))
    if run.fresh:
        _write_otters_forms(job, run.fresh, out, url)
    console.print(f"Otter's form: {out / 'otter'}")
    status = 1 if not_graded(run.endings) else 0
    if compare_otter:
        with open_store(out, url) as store:
            results = [it.result for it in store.submissions() if it.submission in run.endings]
        limit = cell_seconds + OTTER_START_SECONDS
        if not _equal(job, results, folder, out, limit, jobs, console):
            status = 1
    return status


def _write_otters_forms(job: BundleJob, fresh: set[str], out: Path, url: str | None) -> None:
    with open_store(out, url) as store, otters_form(job) as form:
        for it in store.submissions():
            if it.submission in fresh:
                write_whole(out / "otter" / file_name(it.submission, "json"), form(it.result))


def _equal(
    job: BundleJob,
    results: list[SubmissionResult],
    folder: Path,
    out: Path,
    seconds: float,
    jobs: int,
    console: Console,
) -> bool:
    """Whether otter scores the same wherever it scores; tells and writes the comparison."""
    # Only those who compare should wait for what it takes.
    from autograder.bundle.foreign.comparing import compare, summary
    from autograder.report.comparison import comparison_table

    with progress_bar(console) as progress:
        task = progress.add_task("otter run", total=len(results), endings="")
        compared = compare(
            job, results, folder, seconds, jobs, lambda it: progress.update(task, advance=1)
        )
    write_whole(out / "comparison.json", json.dumps(summary(compared), indent=2) + "\n")
    console.print(comparison_table(compared))
    console.print(f"Comparison: {out / 'comparison.json'}")
    return not any(it.different or it.total_differs for it in compared)
