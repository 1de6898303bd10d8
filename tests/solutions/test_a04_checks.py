"""What holds for the checks of a04-lstm alone; see test_checks for the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.authoring.mutants import wrong_answers
from tests.solutions.a04_subject import A04
from tests.solutions.bench import run_check

REFERENCE = A04.reference


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training writes a file where it stands."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "optimiser",
    [
        "torch.optim.Adam(model.parameters(), lr, betas=(0.9, 0.999), eps=1e-8, foreach=False)",
        "torch.optim.Adam([{'params': list(model.parameters()), 'lr': lr}])",
    ],
)
@pytest.mark.slow
def test_adam_may_be_written_in_other_ways(optimiser: str) -> None:
    given = "torch.optim.Adam(model.parameters(), lr=lr)"
    assert REFERENCE["q3_6"].count(given) == 1
    answers = REFERENCE | {"q3_6": REFERENCE["q3_6"].replace(given, optimiser)}
    assert A04.failures(answers, A04.checks_of("q3_6")) == {}


def test_public_check_shows_the_smallest_counterexample() -> None:
    wrong = next(wrong for wrong in A04.wrong if wrong.name == "padding_is_read")
    found = A04.failures(wrong_answers(wrong, REFERENCE), A04.checks_of("q3_4"))
    message = found["test_counting"]
    assert "c[0, 0] should be 0.4621, but is 1.386" in message
    assert "lengths = [1, 3]" in message


def test_a_library_step_that_mixes_up_the_gates_is_told_apart_from_a_wrong_bias() -> None:
    def failed(name: str) -> set[str]:
        wrong = next(wrong for wrong in A04.wrong if wrong.name == name)
        return set(A04.failures(wrong_answers(wrong, REFERENCE), A04.checks_of("q3_3")))

    assert "test_order_of_gates" in failed("gates_in_another_order")
    assert "test_order_of_gates" not in failed("one_bias_left_out")


STEP = """
def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    return torch.lstm_cell(x, (h, c), weight_ih, weight_hh, bias_ih, bias_hh)
"""


def test_a_step_of_the_librarys_is_flagged_and_scored_as_any_other() -> None:
    check = next(check for check in A04.checks_of("q3_3") if check.name == "test_random_inputs")
    own = run_check(check, A04.names(REFERENCE))
    borrowed = run_check(check, A04.names(REFERENCE | {"q3_3": STEP}))
    assert own.passed
    assert own.flags == []
    assert borrowed.passed
    assert borrowed.flags == [
        "lstm_step calls lstm_cell of PyTorch, where the equations are asked for"
    ]
