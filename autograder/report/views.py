"""All that people open, made anew from the store: the store alone is the truth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from autograder.report.files import write_whole
from autograder.report.names import file_name
from autograder.report.summary import Summary, SummaryRow, summary_of, summary_row
from autograder.results import Ending
from autograder.store import Store, score_submission

STAMP = ".views.json"
"""Says of which state of the store the views are, and sums them up."""


def up_to_date_views(store: Store, out: Path) -> Summary:
    """Write the views below ``out`` where they are not those of the store as it is now."""
    return _of_this_state(store, out) or write_views(store, out)


def write_views(store: Store, out: Path) -> Summary:
    """Write ``gradebook.csv``, ``results/``, ``feedback/`` and ``index.html`` below ``out``.

    Each file is replaced as a whole. A file whose content is the same is left alone, so that a
    folder that is synchronised or published changes only where grades did.
    """
    # Templates take a while to load: a class that has not changed should not wait for them.
    from autograder.report.feedback import feedback_html
    from autograder.report.gradebook import gradebook_csv, gradebook_row
    from autograder.report.overview import Overview
    from autograder.report.results_json import results_json

    state = _state(store)
    assignment = store.assignment()
    rows: list[list[str]] = []
    short: list[SummaryRow] = []
    overview = Overview(assignment)
    for record in store.submissions():
        score = score_submission(assignment, record)
        path = record.submission
        write_whole(out / "results" / file_name(path, "json"), results_json(record, score))
        write_whole(out / "feedback" / file_name(path, "html"), feedback_html(assignment, record))
        rows.append(gradebook_row(assignment, record, score))
        short.append(summary_row(record, score))
        overview.add(record, score)
    write_whole(out / "gradebook.csv", gradebook_csv(assignment, rows))
    write_whole(out / "index.html", overview.html())
    summary = summary_of(assignment, short)
    write_whole(out / STAMP, json.dumps({"state": state, "summary": asdict(summary)}))
    return summary


def _of_this_state(store: Store, out: Path) -> Summary | None:
    try:
        stamp = json.loads((out / STAMP).read_text())
        if stamp["state"] != _state(store):
            return None
        rows = [
            SummaryRow(**{**row, "status": Ending(row["status"])})
            for row in stamp["summary"]["rows"]
        ]
        summary = Summary(stamp["summary"]["title"], stamp["summary"]["max_score"], tuple(rows))
    except (OSError, ValueError, KeyError, TypeError):
        # None yet, or not ours: then they are written.
        return None
    return summary if all(path.is_file() for path in _files(summary, out)) else None


def _files(summary: Summary, out: Path) -> Iterator[Path]:
    yield out / "gradebook.csv"
    yield out / "index.html"
    for row in summary.rows:
        yield out / "results" / file_name(row.submission, "json")
        yield out / "feedback" / file_name(row.submission, "html")


def _state(store: Store) -> str:
    """Of the store, and of the code that makes views of it."""
    digest = hashlib.sha256(store.revision().encode())
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.read_bytes())
    return digest.hexdigest()
