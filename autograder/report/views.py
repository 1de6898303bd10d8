"""All that people open, made anew from the store: the store alone is the truth."""

from __future__ import annotations

from pathlib import Path

from autograder.report.feedback import feedback_html
from autograder.report.files import write_whole
from autograder.report.gradebook import gradebook_csv, gradebook_row
from autograder.report.names import file_name
from autograder.report.overview import Overview
from autograder.report.results_json import results_json
from autograder.store import Store, score_submission


def write_views(store: Store, out: Path) -> None:
    """Write ``gradebook.csv``, ``results/``, ``feedback/`` and ``index.html`` below ``out``.

    Each file is replaced as a whole. A file whose content is the same is left alone, so that a
    folder that is synchronised or published changes only where grades did.
    """
    assignment = store.assignment()
    rows: list[list[str]] = []
    overview = Overview(assignment)
    for record in store.submissions():
        score = score_submission(assignment, record)
        path = record.submission
        write_whole(out / "results" / file_name(path, "json"), results_json(record, score))
        write_whole(out / "feedback" / file_name(path, "html"), feedback_html(assignment, record))
        rows.append(gradebook_row(assignment, record, score))
        overview.add(record, score)
    write_whole(out / "gradebook.csv", gradebook_csv(assignment, rows))
    write_whole(out / "index.html", overview.html())
