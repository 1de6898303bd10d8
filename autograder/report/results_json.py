"""results/….json: everything that grading and markers say of one submission, for scripts."""

from __future__ import annotations

import json
from typing import Any

from autograder.report.clean import ANSWER_LIMIT, line, text
from autograder.report.numbers import exact
from autograder.results import Verdict
from autograder.store import Mark, QuestionScore, SubmissionRecord, SubmissionScore


def results_json(record: SubmissionRecord, score: SubmissionScore) -> str:
    """The whole file. It holds flags and hidden messages: it is for instructors."""
    result = record.result
    content = {
        "submission": line(result.submission, 1000),
        "student_id": line(result.student_id),
        "name": line(result.name),
        "status": result.status,
        "wall": result.wall,
        "score": exact(score.score),
        "unmarked": exact(score.unmarked),
        "max_score": exact(score.max_score),
        "late_days": exact(result.late_days),
        "note": text(result.note),
        "flags": [{"question": flag.question, "text": text(flag.text)} for flag in result.flags],
        "questions": [_question(question) for question in score.questions],
        "content_hash": result.content_hash,
        "build_hash": result.build_hash,
        "seconds": round(result.seconds, 3),
        "student_seconds": round(result.student_seconds, 3),
        "peak_memory_mb": round(result.peak_memory_mb, 1),
        "timings": {name: round(seconds, 4) for name, seconds in result.timings.items()},
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _question(score: QuestionScore) -> dict[str, Any]:
    result = score.result
    return {
        "id": result.id,
        "kind": result.kind,
        "status": result.status,
        "score": exact(score.score),
        "max_score": exact(score.max_score),
        "auto_score": exact(score.auto_score),
        "auto_max": exact(result.auto_max),
        "manual_score": exact(score.manual_score),
        "manual_max": exact(result.manual_max),
        "checks": [_check(verdict) for verdict in result.checks],
        "marks": [_mark(mark) for mark in score.marks],
        "answer": text(result.answer, ANSWER_LIMIT),
        "note": text(result.note),
    }


def _check(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": line(verdict.name),
        "title": line(verdict.title, 500),
        "points": exact(verdict.points),
        "max_points": exact(verdict.max_points),
        "passed": verdict.passed,
        "hidden": verdict.hidden,
        "message": text(verdict.message),
        "hint": text(verdict.hint),
        "seconds": round(verdict.seconds, 4),
        "stand_in": verdict.stand_in,
    }


def _mark(mark: Mark) -> dict[str, Any]:
    return {
        "item": mark.item,
        "points": exact(mark.points),
        "comment": text(mark.comment),
        "marker": line(mark.marker),
        "at": mark.at.isoformat(),
    }
