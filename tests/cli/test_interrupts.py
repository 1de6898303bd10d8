"""Ctrl-C is not lost, wherever it strikes."""

from __future__ import annotations

import os
import signal

import pytest

from autograder.cli.interrupts import lasting_interrupts


class Closing:
    """Somebody presses Ctrl-C while this is cleared away."""

    def __del__(self) -> None:
        """Python drops what is raised in here."""
        os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_is_raised_where_it_strikes() -> None:
    with pytest.raises(KeyboardInterrupt), lasting_interrupts():
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_strikes_in_a_destructor_is_raised_again() -> None:
    with lasting_interrupts() as require_none:
        require_none()
        Closing()
        with pytest.raises(KeyboardInterrupt):
            require_none()


def test_afterwards_interrupts_are_as_they_were() -> None:
    before = signal.getsignal(signal.SIGINT)
    with lasting_interrupts():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
