"""From marks to points."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.store import NewMark, Store, SubmissionScore, score_submission
from tests.report.classroom import ADA, BEN, BROKEN, OURS, store_of


def scored(store: Store, path: str) -> SubmissionScore:
    return score_submission(store.assignment(), store.submission(path))


def test_unmarked_points_wait_and_are_no_zeros(tmp_path: Path):
    with store_of(tmp_path, ADA) as store:
        score = scored(store, "ada.ipynb")

    assert (score.score, score.unmarked, score.max_score) == (16, 9, 31)
    assert score.question("q1_1").score is None
    assert score.question("q1_2").score == 2.5
    # One point is known of it, one waits: the question's score is not known.
    assert score.question("q1_4").score is None
    assert score.question("q1_4").known == 1


def test_an_answer_is_marked_when_every_item_is_decided(tmp_path: Path):
    with store_of(tmp_path, ADA) as store:
        store.add_marks([NewMark("ada.ipynb", "q1_1", "bottleneck", 1)])
        assert scored(store, "ada.ipynb").question("q1_1").score is None
        store.add_marks([NewMark("ada.ipynb", "q1_1", "access", 0)])
        score = scored(store, "ada.ipynb")

    assert score.question("q1_1").score == 1
    assert (score.score, score.unmarked) == (17, 7)


def test_a_comment_alone_decides_nothing(tmp_path: Path):
    with store_of(tmp_path, ADA) as store:
        store.add_marks([NewMark("ada.ipynb", "q1_4", "reason", None, "Unclear.")])
        assert scored(store, "ada.ipynb").question("q1_4").score is None


def test_a_mark_of_the_whole_answer_goes_before_its_items(tmp_path: Path):
    with store_of(tmp_path, ADA) as store:
        store.add_marks(
            [NewMark("ada.ipynb", "q1_1", item, 1) for item in ("bottleneck", "access")]
        )
        store.add_marks([NewMark("ada.ipynb", "q1_1", "*", 0.5)])
        assert scored(store, "ada.ipynb").question("q1_1").score == 0.5
        store.add_marks([NewMark("ada.ipynb", "q1_1", "*", None, withdrawn=True)])
        assert scored(store, "ada.ipynb").question("q1_1").score == 2


@pytest.mark.parametrize(
    ("given", "score"),
    [((2, 2, 2, 0), 6), ((2, 2, 2, -1), 5), ((0, 0, 0, -1), 0), ((9, 9, 9, 0), 6)],
)
def test_a_score_stays_between_nothing_and_all(
    tmp_path: Path, given: tuple[float, ...], score: float
):
    items = ("boxes", "sizes", "varying", "pixels")
    with store_of(tmp_path, ADA) as store:
        store.add_marks(
            [
                NewMark("ada.ipynb", "q2_1", item, points)
                for item, points in zip(items, given, strict=True)
            ]
        )
        assert scored(store, "ada.ipynb").question("q2_1").score == score


def test_a_fault_of_ours_is_never_a_zero(tmp_path: Path):
    with store_of(tmp_path, BEN, OURS) as store:
        assert scored(store, "dora.ipynb").score is None
        ben = scored(store, "ben.zip")

    assert ben.question("q3_3").score is None
    assert ben.question("q3_3").unmarked == 0
    # A crash is the student's own.
    assert ben.question("q3_6").score == 0


def test_nothing_is_known_of_what_could_not_be_read(tmp_path: Path):
    with store_of(tmp_path, BROKEN) as store:
        score = scored(store, "broken.ipynb")

    assert (score.score, score.unmarked, score.max_score) == (0, 0, 31)
    assert score.questions == ()
