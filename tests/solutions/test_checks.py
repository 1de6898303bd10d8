"""The checks of every assignment: right solutions pass, wrong ones are caught at their question."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from autograder.authoring.mutants import (
    RightSolution,
    WrongSolution,
    right_answers,
    wrong_answers,
)
from tests.solutions.a04_subject import A04
from tests.solutions.a07_subject import A07
from tests.solutions.bench import blank_answers, run_check
from tests.solutions.subject import SOLUTIONS, Subject

SUBJECTS = [A04, A07]

each_subject = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
each_question = pytest.mark.parametrize(
    ("subject", "question"),
    [pytest.param(it, id, id=f"{it.name}-{id}") for it in SUBJECTS for id in it.code],
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some wrong solutions write files where they stand."""
    monkeypatch.chdir(tmp_path)


def test_every_assignment_is_tested() -> None:
    masters = {path.parent.name for path in SOLUTIONS.glob("*/assignment.yml")}
    assert masters == {subject.name for subject in SUBJECTS}


@each_subject
def test_points_of_the_checks_add_up_to_each_questions_points(subject: Subject) -> None:
    points: Counter[str] = Counter()
    for check in subject.checks:
        points[check.question] += check.points
    assert points == {id: subject.master.assignment.question(id).auto for id in subject.code}


@each_question
def test_most_points_hang_on_hidden_checks(subject: Subject, question: str) -> None:
    mine = [check for check in subject.checks if check.question == question]
    hidden = sum(check.points for check in mine if check.hidden)
    assert hidden > sum(check.points for check in mine) / 2


@each_subject
def test_every_check_has_a_title_of_its_own_and_every_hidden_one_a_hint(subject: Subject) -> None:
    titles = Counter((check.question, check.title) for check in subject.checks)
    assert max(titles.values()) == 1
    assert all(check.title and "\n" not in check.title for check in subject.checks)
    assert all(check.hint for check in subject.checks if check.hidden)


@pytest.mark.parametrize(
    ("subject", "question"),
    [
        pytest.param(
            *(it, id),
            id=f"{it.name}-{id}",
            marks=pytest.mark.slow if id == it.training else (),
        )
        for it in SUBJECTS
        for id in it.code
    ],
)
def test_reference_passes(subject: Subject, question: str) -> None:
    assert subject.failures(subject.reference, subject.checks_of(question)) == {}


@each_subject
def test_blank_template_earns_nothing(subject: Subject) -> None:
    names = subject.names(blank_answers(subject.master))
    outcomes = [run_check(check, names) for check in subject.behaviour]
    assert [out.check.name for out in outcomes if out.points] == []


@each_question
def test_answer_that_looks_at_nothing_earns_nothing(subject: Subject, question: str) -> None:
    names = subject.names(subject.reference | {question: subject.constant[question]})
    outcomes = [run_check(check, names) for check in subject.checks_of(question)]
    assert [out.check.name for out in outcomes if out.points] == []


@each_subject
def test_the_quick_wrong_solutions_exist(subject: Subject) -> None:
    assert subject.quick <= {wrong.name for wrong in subject.wrong}


@pytest.mark.parametrize(
    ("subject", "wrong"),
    [
        pytest.param(
            *(it, wrong),
            id=f"{it.name}-{wrong.name}",
            marks=() if wrong.name in it.quick else pytest.mark.slow,
        )
        for it in SUBJECTS
        for wrong in it.wrong
    ],
)
def test_wrong_solution_is_caught_at_its_question(subject: Subject, wrong: WrongSolution) -> None:
    names = subject.names(wrong_answers(wrong, subject.reference))
    # Hidden checks decide: what a public one catches, a hidden one catches as well.
    hidden = [check for check in subject.checks_of(wrong.expected) if check.hidden]
    assert any(not run_check(check, names).passed for check in hidden)


@pytest.mark.long
@each_subject
def test_every_check_catches_something(subject: Subject) -> None:
    idle = {check.name for check in subject.behaviour}
    for wrong in subject.wrong:
        answers = wrong_answers(wrong, subject.reference)
        found = subject.failures(answers, subject.checks_of(wrong.expected))
        assert found, wrong.name
        idle -= found.keys()
    assert idle == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("subject", "right"),
    [
        pytest.param(it, right, id=f"{it.name}-{right.name}")
        for it in SUBJECTS
        for right in it.right + it.outsiders
    ],
)
def test_right_solution_passes(subject: Subject, right: RightSolution) -> None:
    assert subject.failures(right_answers(right, subject.reference), subject.behaviour) == {}


@pytest.mark.long
@pytest.mark.parametrize(
    ("subject", "name"),
    [
        pytest.param(it, name, id=f"{it.name}-{name}")
        for it in SUBJECTS
        for name in ("reference", *(right.name for right in it.right + it.outsiders))
    ],
)
def test_right_solution_passes_whatever_the_seed(subject: Subject, name: str) -> None:
    others = {
        it.name: right_answers(it, subject.reference) for it in subject.right + subject.outsiders
    }
    answers = others.get(name, subject.reference)
    hidden = [check for check in subject.behaviour if check.hidden]
    for seed in range(200):
        # Training takes long; every tenth seed has to do.
        checks = [c for c in hidden if c.question != subject.training or seed % 10 == 0]
        assert subject.failures(answers, tuple(checks), seed) == {}, seed


class Judge(torch.nn.Module):
    """Good if word 5 is there more often than word 6; wrong on as many reviews as it is told.

    Takes a mask, or lengths.
    """

    def __init__(self, share_right: float) -> None:
        super().__init__()
        self.share_right = share_right

    def forward(self, tokens: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        mask = mask_of(tokens, real)
        logits = ((tokens == 5) & mask).sum(1) - ((tokens == 6) & mask).sum(1)
        # The third id of a review is spread evenly over 0 to 99 and decides who is misjudged.
        return torch.where(tokens[:, 2] - 100 < 100 * self.share_right, logits, -logits).float()


def mask_of(tokens: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    return real if real.dim() == 2 else torch.arange(tokens.shape[1]) < real[:, None]


@pytest.fixture
def hidden_reviews(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    labels = np.arange(1000) % 2
    # The word that decides stands everywhere, so that it survives when some words are left out.
    reviews = [
        np.array([1, 7, 100 + number // 2 % 100] + [5 if label else 6] * int(rng.integers(9, 200)))
        for number, label in enumerate(labels)
    ]
    np.savez(
        tmp_path / "reviews.npz",
        tokens=np.concatenate(reviews).astype(np.int32),
        offsets=np.cumsum([0, *map(len, reviews)]),
        labels=labels.astype(np.int8),
    )
    return tmp_path


@pytest.mark.parametrize(
    ("subject", "share", "points"),
    [
        pytest.param(it, share, points, id=f"{it.name}-{share}")
        for it in SUBJECTS
        for share, points in it.accuracy
    ],
)
def test_accuracy_earns_points_in_steps(
    subject: Subject, share: float, points: float, hidden_reviews: Path
) -> None:
    model = {"model": Judge(share)}
    outcome = run_check(subject.accuracy_check, model, hidden_files=hidden_reviews)
    assert outcome.error is None
    assert outcome.points == points
    assert f"{share:.1%}" in outcome.message
    assert ("next step" in outcome.message) == (points < subject.accuracy_check.points)


@each_subject
def test_accuracy_above_all_that_was_measured_is_flagged(
    subject: Subject, hidden_reviews: Path
) -> None:
    model = {"model": Judge(0.99)}
    outcome = run_check(subject.accuracy_check, model, hidden_files=hidden_reviews)
    assert outcome.points == subject.accuracy_check.points
    assert any("above all measured runs" in flag for flag in outcome.flags)


@each_subject
def test_accuracy_that_does_not_survive_a_few_missing_words_is_flagged(
    subject: Subject, hidden_reviews: Path
) -> None:
    class Memory(Judge):
        """Knows whole reviews by heart, and takes every other one for a bad one."""

        reviews: ClassVar[set[tuple[int, ...]]] = set()

        def forward(self, tokens: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
            rows = zip(tokens, mask_of(tokens, real), strict=True)
            known = torch.tensor([tuple(row[kept].tolist()) in self.reviews for row, kept in rows])
            return torch.where(known, super().forward(tokens, real), -1.0)

    with np.load(hidden_reviews / "reviews.npz") as file:
        parts = np.split(file["tokens"], file["offsets"][1:-1])
    Memory.reviews = {tuple(part[:128].tolist()) for part in parts}
    model = {"model": Memory(0.8)}
    outcome = run_check(subject.accuracy_check, model, hidden_files=hidden_reviews)
    assert any("words left out" in flag for flag in outcome.flags)


@each_subject
def test_nan_logits_earn_nothing(subject: Subject, hidden_reviews: Path) -> None:
    class Broken(Judge):
        def forward(self, tokens: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
            return torch.full((len(tokens),), math.nan)

    model = {"model": Broken(1)}
    assert not run_check(subject.accuracy_check, model, hidden_files=hidden_reviews).points
