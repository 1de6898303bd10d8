"""Where the time of a submission goes."""

from __future__ import annotations

import time


class Clock:
    """Notes how long each phase took, in seconds of wall time."""

    def __init__(self, timings: dict[str, float]) -> None:
        """Start; phases are written into ``timings``."""
        self._timings = timings
        self._last = time.monotonic()

    def lap(self, phase: str) -> None:
        """The phase that ends now."""
        now = time.monotonic()
        self._timings[phase] = now - self._last
        self._last = now
