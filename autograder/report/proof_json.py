"""prove --json: the matrix for scripts."""

from __future__ import annotations

import json
from typing import Any

from autograder.authoring.entries import Sort
from autograder.authoring.proof import Proof, Row
from autograder.report.numbers import exact


def proof_json(proof: Proof) -> str:
    """The whole proof as JSON (docs/formats.md)."""
    record: dict[str, Any] = {
        "name": proof.name,
        "holds": proof.holds,
        "seeds": proof.seeds,
        "partial": proof.partial,
        "right": [_right(row) for row in proof.rows if not row.expected],
        "wrong": [_wrong(row) for row in proof.rows if row.expected],
        "leaks": [
            {"what": leak.what, "where": leak.where, "text": leak.text} for leak in proof.leaks
        ],
        "checks_that_catch_nothing": [
            {
                "question": check.question,
                "check": check.check,
                "hidden": check.hidden,
                "catches": check.catches,
            }
            for check in proof.idle
        ],
        "checks": [
            {
                "question": check.question,
                "check": check.check,
                "hidden": check.hidden,
                "catches": check.catches,
                "alone": check.alone,
            }
            for check in proof.checks
        ],
        "seconds": proof.seconds,
    }
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def _right(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "reference": row.sort is Sort.REFERENCE,
        "score": exact(row.score),
        "max_score": exact(row.max_score),
        **_both(row),
    }


def _wrong(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "expected": row.expected,
        "caught_by": {id: list(names) for id, names in row.caught_by.items()},
        "caught": row.caught,
        "blank": row.sort is Sort.BLANK,
        "missed_seeds": list(row.missed),
        **_both(row),
    }


def _both(row: Row) -> dict[str, Any]:
    return {
        "sentence": row.sentence,
        "lost": {id: exact(points) for id, points in row.lost.items()},
        "with_stand_ins": {id: list(names) for id, names in row.stand_ins.items()},
        "faults": list(row.faults),
        "remarks": list(row.remarks),
        "seconds": round(row.seconds, 2),
        "kept": row.kept,
    }
