"""The checks of a07-attention: right solutions pass, wrong ones are caught at their question."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from autograder.assignment import Kind, load_master
from autograder.authoring.mutants import read_right, read_wrong, right_answers, wrong_answers
from tests.solutions.bench import (
    Check,
    blank_answers,
    imports,
    names_of,
    read_checks,
    reference_answers,
    run_check,
)

MASTER = load_master(Path(__file__).parents[2] / "solutions" / "a07-attention")
CODE = tuple(q.id for q in MASTER.assignment.questions if q.kind == Kind.CODE)
PRELUDE = imports(MASTER)
REFERENCE = reference_answers(MASTER)
CHECKS = [check for check in read_checks(MASTER.checks) if check.question in CODE]
ACCURACY = next(check for check in CHECKS if check.name == "test_accuracy")
BEHAVIOUR = [check for check in CHECKS if check is not ACCURACY]
WRONG = read_wrong(MASTER)
RIGHT = read_right(MASTER)

QUICK = {
    "padding_in_front",
    "mask_from_ids",
    "softmax_over_queries",
    "no_scaling",
    "attention_mask_inverted",
    "masked_with_plus_infinity",
    "mask_after_softmax",
    "nan_where_all_is_masked",
    "nan_in_gradient",
    "heads_merged_without_transpose",
    "values_from_keys",
    "positions_from_one",
    "mean_counts_padding",
    "dropout_in_eval_mode",
    "layers_share_weights",
    "maps_of_other_weights",
    "mean_over_batches",
    "renormalised",
}
"""Wrong solutions that `make quick` tries, too."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some wrong solutions write files where they stand."""
    monkeypatch.chdir(tmp_path)


def checks_of(question: str) -> list[Check]:
    return [check for check in BEHAVIOUR if check.question == question]


def failures(answers: dict[str, str], checks: list[Check], seed: int = 0) -> dict[str, str]:
    names = names_of(PRELUDE, answers, CODE)
    outcomes = [run_check(check, names, seed) for check in checks]
    return {out.check.name: f"{out.error!r}" for out in outcomes if not out.passed}


def test_points_of_the_checks_add_up_to_each_questions_points() -> None:
    points: Counter[str] = Counter()
    for check in CHECKS:
        points[check.question] += check.points
    assert points == {id: MASTER.assignment.question(id).auto for id in CODE}


def test_most_points_hang_on_hidden_checks() -> None:
    for question in CODE:
        mine = [check for check in CHECKS if check.question == question]
        hidden = sum(check.points for check in mine if check.hidden)
        assert hidden > sum(check.points for check in mine) / 2


def test_every_check_has_a_title_of_its_own_and_every_hidden_one_a_hint() -> None:
    titles = Counter((check.question, check.title) for check in CHECKS)
    assert max(titles.values()) == 1
    assert all(check.title and "\n" not in check.title for check in CHECKS)
    assert all(check.hint for check in CHECKS if check.hidden)


@pytest.mark.parametrize(
    "question", [pytest.param(id, marks=pytest.mark.slow if id == "q3_6" else ()) for id in CODE]
)
def test_reference_passes(question: str) -> None:
    assert failures(REFERENCE, checks_of(question)) == {}


def test_blank_template_earns_nothing() -> None:
    names = names_of(PRELUDE, blank_answers(MASTER), CODE)
    outcomes = [run_check(check, names) for check in BEHAVIOUR]
    assert [out.check.name for out in outcomes if out.points] == []


CONSTANT = {
    "q3_1": """
def pad_batch(sequences, max_len, pad_id=0):
    shape = len(sequences), min(max_len, max(len(sequence) for sequence in sequences))
    return torch.zeros(shape, dtype=torch.long), torch.ones(shape, dtype=torch.bool)
""",
    "q3_2": """
def scaled_dot_product_attention(query, key, value, mask=None):
    output = (query.sum() + key.sum() + value.sum()) * torch.zeros(*query.shape[:3], value.shape[3])
    return output, torch.full((*query.shape[:3], key.shape[2]), 1 / key.shape[2])
""",
    "q3_3": """
class MultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.heads = num_heads
        self.query, self.key, self.value, self.output = (
            nn.Linear(d_model, d_model) for _ in range(4)
        )
    def forward(self, x, mask):
        parts = self.query(x) + self.key(x) + self.value(x) + self.output(x)
        weights = mask / mask.sum(-1, keepdim=True)
        return 0 * parts, weights[:, None, None].expand(-1, self.heads, x.shape[1], -1)
""",
    "q3_4": """
def positional_encoding(length, d_model):
    return torch.zeros(length, d_model)
""",
    "q3_5": """
class EncoderClassifier(nn.Module):
    def __init__(self, vocab_size, d_model=64, num_heads=4, num_layers=2, d_ff=128, dropout=0.1,
                 max_len=256):
        super().__init__()
        self.heads, self.layers = num_heads, num_layers
        self.weight = nn.Parameter(torch.zeros(vocab_size + d_model + num_layers + d_ff))
    def forward(self, tokens, mask):
        return self.weight.sum().expand(len(tokens))
    def attention_maps(self, tokens, mask):
        weights = (mask / mask.sum(-1, keepdim=True))[:, None, None]
        n = tokens.shape[1]
        return [weights.expand(-1, self.heads, n, -1) for _ in range(self.layers)]
""",
    "q3_6": """
def train(model, train_set, valid_set, max_epochs=4, patience=2, checkpoint="a07.safetensors",
          batch_size=64, lr=1e-3):
    save_file(model.state_dict(), checkpoint)
    return {"train_loss": [0.5] * max_epochs, "valid_loss": [0.5] * max_epochs}
""",
    "q3_8": """
def show_attention(model, words, tokens, layer=0, head=0, limit=35):
    n = min(limit, len(tokens))
    figure, axes = plt.subplots()
    axes.set_xticks(range(n), words[:n])
    axes.set_yticks(range(n), words[:n])
    return figure, np.full((n, n), 1 / n)
""",
}
"""Answers of the right form that look at nothing."""


@pytest.mark.parametrize("question", CODE)
def test_answer_that_looks_at_nothing_earns_nothing(question: str) -> None:
    names = names_of(PRELUDE, REFERENCE | {question: CONSTANT[question]}, CODE)
    points = sum(run_check(check, names).points for check in checks_of(question))
    assert points == 0


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(wrong, id=wrong.name, marks=() if wrong.name in QUICK else pytest.mark.slow)
        for wrong in WRONG
    ],
)
def test_wrong_solution_is_caught_at_its_question(wrong: Any) -> None:
    names = names_of(PRELUDE, wrong_answers(wrong, REFERENCE), CODE)
    # Hidden checks decide: what a public one catches, a hidden one catches as well.
    hidden = [check for check in checks_of(wrong.expected) if check.hidden]
    assert any(not run_check(check, names).passed for check in hidden)


@pytest.mark.long
def test_every_check_catches_something() -> None:
    idle = {check.name for check in BEHAVIOUR}
    for wrong in WRONG:
        found = failures(wrong_answers(wrong, REFERENCE), checks_of(wrong.expected))
        assert found, wrong.name
        idle -= found.keys()
    assert idle == set()


@pytest.mark.slow
@pytest.mark.parametrize("right", [pytest.param(right, id=right.name) for right in RIGHT])
def test_right_solution_passes(right: Any) -> None:
    assert failures(right_answers(right, REFERENCE), BEHAVIOUR) == {}


@pytest.mark.long
@pytest.mark.parametrize("name", ["reference", *(right.name for right in RIGHT)])
def test_right_solution_passes_whatever_the_seed(name: str) -> None:
    answers = next((right_answers(r, REFERENCE) for r in RIGHT if r.name == name), REFERENCE)
    hidden = [check for check in BEHAVIOUR if check.hidden]
    for seed in range(200):
        # Training takes long; every tenth seed has to do.
        checks = [c for c in hidden if c.question != "q3_6" or seed % 10 == 0]
        assert failures(answers, checks, seed) == {}, seed


@pytest.mark.slow
@pytest.mark.parametrize(
    "optimiser",
    [
        "torch.optim.SGD(model.parameters(), lr=lr)",
        "torch.optim.SGD(model.parameters(), lr=lr, momentum=0.95, nesterov=True)",
        "torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.1)",
        "torch.optim.Adam(model.parameters(), lr=lr, weight_decay=1e-3)",
        "torch.optim.Adagrad(model.parameters(), lr=lr)",
        "torch.optim.Adamax(model.parameters(), lr=lr)",
        "torch.optim.RMSprop(model.parameters(), lr=lr, momentum=0.5)",
    ],
)
def test_any_optimiser_will_do(optimiser: str) -> None:
    given = "torch.optim.Adam(model.parameters(), lr=lr)"
    assert REFERENCE["q3_6"].count(given) == 1
    answers = REFERENCE | {"q3_6": REFERENCE["q3_6"].replace(given, optimiser)}
    assert failures(answers, checks_of("q3_6")) == {}


@pytest.mark.slow
def test_gradients_may_be_gathered_over_batches() -> None:
    answer = REFERENCE["q3_6"]
    for old, new in (
        ("            optimizer.zero_grad()\n            loss.backward()\n", ""),
        (
            "            optimizer.step()\n",
            "            (loss / 2).backward()\n"
            "            steps += 1\n"
            "            if steps % 2 == 0:\n"
            "                optimizer.step()\n"
            "                optimizer.zero_grad()\n",
        ),
        ("    lowest = math.inf\n", "    lowest = math.inf\n    steps = 0\n"),
    ):
        assert answer.count(old) == 1
        answer = answer.replace(old, new)
    assert failures(REFERENCE | {"q3_6": answer}, checks_of("q3_6")) == {}


def test_public_check_shows_the_smallest_counterexample() -> None:
    wrong = next(wrong for wrong in WRONG if wrong.name == "mask_after_softmax")
    found = failures(wrong_answers(wrong, REFERENCE), checks_of("q3_2"))
    message = found["test_mask_example"]
    assert "row weights[0, 0, 0] should sum to 1 over the keys, but sums to 0.6667" in message
    assert "mask = [[[[True, True, False], [False, True, False]]]]" in message


class Judge(torch.nn.Module):
    """Good if word 5 is there more often than word 6; wrong on as many reviews as it is told."""

    def __init__(self, share_right: float) -> None:
        super().__init__()
        self.share_right = share_right

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        logits = ((tokens == 5) & mask).sum(1) - ((tokens == 6) & mask).sum(1)
        # The third id of a review is spread evenly over 0 to 99 and decides who is misjudged.
        return torch.where(tokens[:, 2] - 100 < 100 * self.share_right, logits, -logits).float()


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
    ("share", "points"), [(0.5, 0), (0.55, 0), (0.62, 0.5), (0.7, 1), (0.74, 2), (0.8, 2)]
)
def test_accuracy_earns_points_in_steps(share: float, points: float, hidden_reviews: Path) -> None:
    outcome = run_check(ACCURACY, {"model": Judge(share)}, hidden_files=hidden_reviews)
    assert outcome.error is None
    assert outcome.points == points
    assert f"{share:.1%}" in outcome.message


def test_accuracy_above_all_that_was_measured_is_flagged(hidden_reviews: Path) -> None:
    outcome = run_check(ACCURACY, {"model": Judge(0.99)}, hidden_files=hidden_reviews)
    assert outcome.points == 2
    assert any("above all measured runs" in flag for flag in outcome.flags)


def test_accuracy_that_does_not_survive_a_few_missing_words_is_flagged(
    hidden_reviews: Path,
) -> None:
    class Memory(Judge):
        """Knows whole reviews by heart, and takes every other one for a bad one."""

        reviews: ClassVar[set[tuple[int, ...]]] = set()

        def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            rows = zip(tokens, mask, strict=True)
            known = torch.tensor([tuple(row[real].tolist()) in self.reviews for row, real in rows])
            return torch.where(known, super().forward(tokens, mask), -1.0)

    with np.load(hidden_reviews / "reviews.npz") as file:
        parts = np.split(file["tokens"], file["offsets"][1:-1])
    Memory.reviews = {tuple(part[:128].tolist()) for part in parts}
    outcome = run_check(ACCURACY, {"model": Memory(0.8)}, hidden_files=hidden_reviews)
    assert any("words left out" in flag for flag in outcome.flags)


def test_nan_logits_earn_nothing(hidden_reviews: Path) -> None:
    class Broken(Judge):
        def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return torch.full((len(tokens),), math.nan)

    outcome = run_check(ACCURACY, {"model": Broken(1)}, hidden_files=hidden_reviews)
    assert outcome.points == 0
