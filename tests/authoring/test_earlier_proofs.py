"""What of an earlier proof still holds: which verdicts hang on what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autograder.assignment.kit import Kit
from autograder.authoring.earlier_proofs import (
    Found,
    keep,
    keys_of,
    known_of,
    nothing_new,
    read_found,
    with_known,
)
from autograder.authoring.entries import Entry, Sort
from autograder.judge.session import Redraw
from autograder.results import (
    Ending,
    Evidence,
    Failure,
    Fault,
    QuestionResult,
    Redrawn,
    SubmissionResult,
)

from .conftest import Built

IDS = ("q1_1", "q1_2", "q1_3", "q1_4", "q2_1", "q2_2")
REDRAW = Redraw((2, 3), caught_at="q2_2")
RIGHT = Entry("right", Sort.RIGHT, "In another way.", {"q2_1": "a = 1", "q2_2": "b = 2"})
WRONG = Entry(
    "wrong",
    Sort.WRONG,
    "Of no use.",
    {"q2_1": "a = 1", "q2_2": "b = 3"},
    expected="q2_2",
    edited="q2_2",
)


def keys(
    kit: Kit, entry: Entry = RIGHT, model: bytes = b"", redraw: Redraw = REDRAW
) -> dict[str, str]:
    return keys_of(kit, "bubblewrap", entry, model, redraw)


def result(note: str, evidence: Evidence | None = None) -> SubmissionResult:
    questions = tuple(
        QuestionResult(id, "code", Ending.GRADED, 1.0, 1.0, 0.0, note=note) for id in IDS
    )
    graded = SubmissionResult("a.zip", "1", "N", Ending.GRADED, "none", questions)
    return replace(graded, evidence=evidence)


def evidence(*questions: str) -> Evidence:
    return Evidence(
        tuple(Failure(id, "test_a", Fault.VALUE, False) for id in questions),
        tuple(Redrawn(id, "test_a", (2, 3), ()) for id in questions),
    )


def differing(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {id for id in one if one[id] != other[id]}


def with_other_hash(kit: Kit, question: str) -> Kit:
    return replace(kit, question_hashes={**kit.question_hashes, question: "other"})


def test_verdicts_hang_on_their_own_question_and_on_what_it_needs(mini: Built) -> None:
    now = keys(mini.kit)
    assert set(now) == set(IDS)
    assert differing(now, keys(with_other_hash(mini.kit, "q2_2"))) == {"q2_2"}
    assert differing(now, keys(with_other_hash(mini.kit, "q2_1"))) == {"q2_1", "q2_2"}
    assert differing(now, keys(with_other_hash(mini.kit, "q1_2"))) == {"q1_2"}


@pytest.mark.parametrize(
    "change",
    [
        {"kit": "build"},
        {"entry": replace(RIGHT, code={**RIGHT.code, "q2_2": "b = 4"})},
        {"model": b"other"},
        {"redraw": Redraw((2, 4), caught_at="q2_2")},
        {"redraw": Redraw((2, 3), steady=("q2_2",))},
    ],
)
def test_all_verdicts_hang_on_what_is_shared(mini: Built, change: dict[str, object]) -> None:
    kit = replace(mini.kit, build_hash="other") if "kit" in change else mini.kit
    others = {name: value for name, value in change.items() if name != "kit"}
    assert differing(keys(mini.kit), keys(kit, **others)) == set(IDS)  # type: ignore[arg-type]


def test_all_verdicts_hang_on_the_library(mini: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    now = keys(mini.kit)
    monkeypatch.setattr(
        "autograder.authoring.earlier_proofs.versions", lambda: (("autograder", "other"),)
    )
    assert differing(now, keys(mini.kit)) == set(IDS)


def test_nothing_is_known_of_a_right_solution_that_was_never_tried(mini: Built) -> None:
    known = known_of(RIGHT, mini.kit.master.assignment, keys(mini.kit), None, None)
    assert not known.questions
    assert not known.is_all_of(mini.kit.master.assignment)


def test_reference_speaks_for_what_a_wrong_one_can_not_change(mini: Built) -> None:
    assignment, now = mini.kit.master.assignment, keys(mini.kit, WRONG)
    known = known_of(WRONG, assignment, now, None, result("reference", evidence("q2_1")))
    assert set(known.questions) == {*IDS} - {"q2_2"}
    assert known.evidence == evidence(), "the reference's evidence is not this one's"
    found = Found(now, result("earlier", evidence("q2_2")))
    all_known = known_of(WRONG, assignment, now, found, result("reference"))
    assert all_known.is_all_of(assignment)
    assert {id: it.note for id, it in all_known.questions.items()} == {
        **dict.fromkeys(IDS, "reference"),
        "q2_2": "earlier",
    }
    row = nothing_new(found, all_known)
    assert [it.note for it in row.questions] == ["reference"] * 5 + ["earlier"]
    assert row.evidence == evidence("q2_2")


def test_what_is_graded_now_is_completed_by_what_was_known(mini: Built) -> None:
    assignment, now = mini.kit.master.assignment, keys(mini.kit)
    found = Found(keys(with_other_hash(mini.kit, "q2_2")), result("old", evidence("q2_1", "q2_2")))
    known = known_of(RIGHT, assignment, now, found, None)
    assert set(known.questions) == {*IDS} - {"q2_2"}
    row = with_known(result("new", evidence("q2_2")), known)
    assert [it.note for it in row.questions] == ["old"] * 5 + ["new"]
    assert row.evidence == evidence("q2_1", "q2_2")


def test_found_comes_back_from_its_file(mini: Built, tmp_path: Path) -> None:
    now = keys(mini.kit)
    assert read_found(tmp_path, RIGHT, now) is None
    found = Found(now, result("as it was", evidence("q2_1")))
    keep(tmp_path / "proved", RIGHT, found)
    assert read_found(tmp_path / "proved", RIGHT, now) == found
    assert read_found(tmp_path / "proved", WRONG, now) is None


def test_file_of_another_version_is_not_read(mini: Built, tmp_path: Path) -> None:
    (tmp_path / "right.json").write_text('{"keys": {"q2_1": "old"}, "result": "in another form"}')
    assert read_found(tmp_path, RIGHT, keys(mini.kit)) is None
