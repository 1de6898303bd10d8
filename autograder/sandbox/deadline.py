"""Time limits that a busy machine does not shorten.

What others run meanwhile is not the student's fault: time for which a process stood ready and got
no processor does not count, up to as much again as the limit itself.
"""

from __future__ import annotations

import time

from autograder.sandbox.proc import text_of

MOST_WAITED = 1.0
"""What may be left out, in limits. Student code can make itself wait, with threads of its own."""


class Deadline:
    """When an exchange with a process must have ended."""

    def __init__(self, seconds: float, pid: int | None) -> None:
        """``seconds`` from now; the waiting of ``pid`` does not count."""
        self.seconds = seconds
        self._pid = pid
        self._started = time.monotonic()
        self._waited = _seconds_waited(pid)

    def left(self) -> float:
        """Seconds until then at the least; 0 or less where it has passed."""
        left = self._started + self.seconds - time.monotonic()
        # Most exchanges end in time, and need not ask how long anybody waited.
        if left > 0:
            return left
        waited = _seconds_waited(self._pid) - self._waited
        return left + min(max(waited, 0.0), MOST_WAITED * self.seconds)


def longest(seconds: float) -> float:
    """Seconds after which a `Deadline` of ``seconds`` has passed on any machine."""
    return (1 + MOST_WAITED) * seconds


def _seconds_waited(pid: int | None) -> float:
    """How long a process has been ready to run while others ran, where the kernel says so.

    The second number of schedstat, in nanoseconds; see admin-guide and scheduler/sched-stats in
    Linux's own documentation. It is that of the main thread.
    """
    if pid is None:
        return 0.0
    try:
        return int(text_of(pid, "schedstat").split()[1]) / 1e9
    # It has ended, or this kernel does not count.
    except OSError:
        return 0.0
