"""What a check may take of the judge's own memory and time.

Students choose what a check has to work with: a column where a row is due makes a table of
terabytes out of a sum, and a number makes a loop without end.
"""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LEAST_SECONDS = 10.0
"""What a check has where those before it used up all the time."""


class TookTooLong(BaseException):
    """A check did not come to an end. No `except Exception` of the check's own stops it."""


class Bounds:
    """What the checks of one submission may take: memory each, and time together.

    For the main thread of a process. Code in C that does not come back is not stopped.
    """

    def __init__(self, memory_mb: int, seconds: float) -> None:
        """Take the memory beyond what the judge itself holds, and the wall time."""
        self._memory = memory_mb * 2**20
        self._seconds = seconds

    @contextmanager
    def around(self, waiting: float) -> Iterator[None]:
        """Bound what one check does; it may wait ``waiting`` seconds for the student in any case.

        Beyond the memory Python and NumPy raise MemoryError, torch a RuntimeError; beyond the time
        comes TookTooLong.
        """
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        bound = _held() + self._memory
        started = time.monotonic()
        before = signal.signal(signal.SIGALRM, _stop)
        resource.setrlimit(resource.RLIMIT_DATA, (_least(bound, soft, hard), hard))
        signal.setitimer(signal.ITIMER_REAL, max(self._seconds, LEAST_SECONDS) + waiting)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
            self._seconds -= time.monotonic() - started


def _stop(*_: object) -> None:
    raise TookTooLong


def _held() -> int:
    """Bytes of this process alone that it may write to: what the kernel's limit counts."""
    _, _, value = Path("/proc/self/status").read_text().partition("VmData:")
    return int(value.split()[0]) * 1024


def _least(*limits: int) -> int:
    return min((it for it in limits if it != resource.RLIM_INFINITY), default=limits[0])
