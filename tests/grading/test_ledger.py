"""The books of a class that is graded elsewhere: every hand-in is closed exactly once."""

from __future__ import annotations

from pathlib import Path

from autograder.grading.hand_in import HandIn
from autograder.grading.ledger import LOSSES, Ledger

ADA = HandIn(Path("ada.ipynb"), "ada.ipynb")
BOB = HandIn(Path("bob.ipynb"), "bob.ipynb")


def test_a_reply_that_comes_twice_counts_once() -> None:
    ledger = Ledger([ADA])
    ledger.sent("key", ledger.next())
    assert ledger.came("key") == ADA
    assert ledger.came("key") is None
    assert not ledger


def test_a_fault_is_tried_once_more_and_before_what_waits() -> None:
    ledger = Ledger([ADA, BOB])
    assert ledger.next() == ADA
    assert ledger.attempt(ADA) == 1
    assert ledger.again_after_fault(ADA)
    assert ledger.attempt(ADA) == 2
    assert ledger.next() == ADA
    assert not ledger.again_after_fault(ADA)
    assert ledger.next() == BOB
    assert ledger.next() is None


def test_a_late_reply_to_the_first_attempt_does_not_close_the_second() -> None:
    ledger = Ledger([ADA])
    ledger.sent("first", ledger.next())
    assert ledger.came("first") == ADA
    assert ledger.again_after_loss(ADA)
    ledger.sent("second", ledger.next())
    assert ledger.came("first") is None
    assert ledger.on_the_way == 1
    assert ledger.came("second") == ADA


def test_what_is_lost_again_and_again_is_given_up() -> None:
    ledger = Ledger([ADA])
    assert [ledger.again_after_loss(ADA) for _ in range(LOSSES + 1)] == [True] * LOSSES + [False]


def test_there_is_something_to_do_until_the_last_has_come() -> None:
    ledger = Ledger([ADA, BOB])
    assert ledger
    for key in ("a", "b"):
        ledger.sent(key, ledger.next())
    assert ledger
    ledger.came("a")
    assert ledger
    ledger.came("b")
    assert not ledger
