"""Who waits, who is on the way, who has come: the books of a class that is graded elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from autograder.grading.hand_in import HandIn
from autograder.grading.local import ATTEMPTS

LOSSES = 5
"""How often a hand-in is sent anew because the cluster forgot it, before we call it our fault."""


class Ledger:
    """The books. Every hand-in is closed exactly once, however often something comes for it."""

    def __init__(self, hand_ins: Sequence[HandIn]) -> None:
        self._waiting = deque(hand_ins)
        self._open: dict[str, HandIn] = {}
        self._faults: dict[str, int] = {}
        self._losses: dict[str, int] = {}

    def __bool__(self) -> bool:
        """Whether anything is left to do."""
        return bool(self._waiting or self._open)

    @property
    def on_the_way(self) -> int:
        """How many are on the way."""
        return len(self._open)

    def next(self) -> HandIn | None:
        """The next that waits, if one does."""
        return self._waiting.popleft() if self._waiting else None

    def attempt(self, hand_in: HandIn) -> int:
        """Which attempt at a hand-in is the next, from 1."""
        faults = self._faults.get(hand_in.submission, 0)
        return faults + self._losses.get(hand_in.submission, 0) + 1

    def sent(self, key: str, hand_in: HandIn) -> None:
        """It is on the way under that key."""
        self._open[key] = hand_in

    def came(self, key: str) -> HandIn | None:
        """Something came under that key: whose it is, and None if that has come before."""
        return self._open.pop(key, None)

    def again_after_fault(self, hand_in: HandIn) -> bool:
        """Put it first in the queue after a fault of ours, unless it has had its attempts."""
        return self._again(self._faults, hand_in, ATTEMPTS - 1)

    def again_after_loss(self, hand_in: HandIn) -> bool:
        """Put it first in the queue after the cluster forgot it, unless that happened too often."""
        return self._again(self._losses, hand_in, LOSSES)

    def _again(self, counts: dict[str, int], hand_in: HandIn, most: int) -> bool:
        count = counts[hand_in.submission] = counts.get(hand_in.submission, 0) + 1
        if count > most:
            return False
        self._waiting.appendleft(hand_in)
        return True
