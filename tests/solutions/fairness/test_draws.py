"""What is drawn, and that a run goes on where it was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.solutions.a04_subject import A04
from tests.solutions.a07_subject import A07
from tests.solutions.fairness.draws import cheap_checks, draw_all, runs_by_check
from tests.solutions.fairness.record import Record
from tests.solutions.subject import Subject


@pytest.mark.parametrize("subject", [A04, A07], ids=lambda subject: subject.name)
def test_all_hidden_checks_that_draw_are_drawn_but_those_that_train(subject: Subject) -> None:
    names = {check.name for check in cheap_checks(subject)}
    assert "test_padding" in names
    assert "test_accuracy" not in names
    assert not names & {"test_learns", "test_small_example", "test_initial_weights"}


def test_a_run_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    record = Record(tmp_path / "draws.jsonl")
    asked: list[bool] = []

    def twice() -> bool:
        asked.append(True)
        return len(asked) <= 2

    rounds = draw_all(A04, record, print, twice)
    assert [it.solution for it in rounds] == ["reference", "both_directions"]
    assert [it.failures for it in rounds] == [{}, {}]
    assert set(runs_by_check(rounds).values()) == {2}
    assert draw_all(A04, record, print, lambda: False) == rounds
