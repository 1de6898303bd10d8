"""What holds for the checks of a07-attention alone; see test_checks for the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.authoring.mutants import wrong_answers
from tests.solutions.a07_subject import A07

REFERENCE = A07.reference


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training writes a file where it stands."""
    monkeypatch.chdir(tmp_path)


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
    assert A07.failures(answers, A07.checks_of("q3_6")) == {}


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
    assert A07.failures(REFERENCE | {"q3_6": answer}, A07.checks_of("q3_6")) == {}


def test_public_check_shows_the_smallest_counterexample() -> None:
    wrong = next(wrong for wrong in A07.wrong if wrong.name == "mask_after_softmax")
    found = A07.failures(wrong_answers(wrong, REFERENCE), A07.checks_of("q3_2"))
    message = found["test_mask_example"]
    assert "row weights[0, 0, 0] should sum to 1 over the keys, but sums to 0.6667" in message
    assert "mask = [[[[True, True, False], [False, True, False]]]]" in message
