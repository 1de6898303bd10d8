"""Ctrl-C in the middle of a class."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def lasting_interrupts() -> Iterator[Callable[[], None]]:
    """Ctrl-C raises KeyboardInterrupt, and is remembered: what this yields raises it again.

    Python drops an exception that strikes in a destructor or a weak reference's callback, of which
    a database's and a cluster's clients have many: a Ctrl-C would be lost there.
    """
    pressed = False

    def press(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        raise KeyboardInterrupt

    def require_none() -> None:
        if pressed:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, press)
    try:
        yield require_none
    finally:
        signal.signal(signal.SIGINT, before)
