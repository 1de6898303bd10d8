"""What a machine of a cluster does: a station for each build, with the grading processes in it.

`grade_letter` is the one function that Dask calls. It runs in a thread of Dask's worker and leaves
the grading to a process of its own, which stays for the next hand-in.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from pathlib import Path

from autograder.errors import AutograderError, ClusterError
from autograder.grading.hand_in import HandIn
from autograder.grading.parcel import Letter, Parcel, Reply, versions, write_files
from autograder.grading.slot import Slot
from autograder.results import Ending, SubmissionResult

IDLE_SECONDS = 300.0
"""A client that was killed can't say that it is done: a station that waits so long closes."""


class Station:
    """An unpacked build, and its grading processes. Safe to use from several threads."""

    def __init__(self, parcel: Parcel, beside: Path) -> None:
        """Unpack the build into a folder in ``beside`` that is open to this user alone.

        ``beside`` is the worker's own folder: Dask removes it when the worker closes, and where the
        worker was killed, when the next one starts there.
        """
        self._job, self._wall, self._seconds = parcel.job, parcel.wall, parcel.seconds
        self._folder = Path(tempfile.mkdtemp(prefix="autograder-", dir=beside))
        write_files(parcel.files, self._folder / "kit")
        self._lock = threading.Lock()
        self._free: list[Slot] = []
        self._busy: set[Slot] = set()
        self._closed = False
        self._idle: threading.Timer | None = None

    def grade(self, letter: Letter) -> SubmissionResult | AutograderError | str:
        """Grade one hand-in in a free grading process, or in a new one."""
        slot = self._take()
        if slot is None:
            return "the class was closed on this machine"
        fit = False
        try:
            with tempfile.TemporaryDirectory(prefix="hand-in-", dir=self._folder) as place:
                path = Path(place) / letter.file_name
                path.write_bytes(letter.content)
                outcome = slot.grade(HandIn(path, letter.submission, letter.known), self._seconds)
            # Whatever a fault of ours was, the next hand-in gets a new process.
            fit = isinstance(outcome, SubmissionResult) and outcome.status != Ending.GRADER_ERROR
            return outcome
        finally:
            self._give_back(slot, fit)

    def close(self) -> None:
        """End all grading processes and remove the folder."""
        with self._lock:
            self._closed = True
            slots = [*self._free, *self._busy]
            self._free.clear()
            if self._idle is not None:
                self._idle.cancel()
        self._end(slots)

    def _end(self, slots: list[Slot]) -> None:
        for slot in slots:
            slot.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def closed(self) -> bool:
        """Whether nothing can be graded here any more."""
        return self._closed

    def _take(self) -> Slot | None:
        with self._lock:
            if self._closed:
                return None
            if self._idle is not None:
                self._idle.cancel()
                self._idle = None
            if self._free:
                slot = self._free.pop()
            else:
                slot = Slot(self._job, self._folder / "kit", self._wall)
            self._busy.add(slot)
            return slot

    def _give_back(self, slot: Slot, fit: bool) -> None:
        with self._lock:
            self._busy.discard(slot)
            keep = fit and not self._closed
            if keep:
                self._free.append(slot)
            if not self._busy and not self._closed:
                self._idle = threading.Timer(IDLE_SECONDS, self._close_if_idle)
                self._idle.daemon = True
                self._idle.start()
        if not keep:
            slot.end()

    def _close_if_idle(self) -> None:
        with self._lock:
            if self._busy or self._closed:
                return
            self._closed = True
            slots = list(self._free)
            self._free.clear()
        self._end(slots)


_stations: dict[str, Station] = {}
_lock = threading.Lock()


def grade_letter(parcel: Parcel, letter: Letter) -> Reply:
    """Grade one hand-in on this machine; what goes wrong comes as an outcome."""
    machine = socket.gethostname()
    if parcel.versions != versions():
        return Reply(machine, _other_versions(parcel, machine))
    try:
        return Reply(machine, _station(parcel).grade(letter))
    # A full disk, say, on one machine of many: the hand-in is tried once more, maybe elsewhere.
    except OSError as error:
        return Reply(machine, f"{type(error).__name__} on {machine}: {error}")


def close_station(key: str) -> None:
    """End what this machine keeps for a build: the client is done with it."""
    with _lock:
        station = _stations.pop(key, None)
    if station is not None:
        station.close()


def _station(parcel: Parcel) -> Station:
    from distributed import get_worker

    with _lock:
        station = _stations.get(parcel.key)
        if station is None or station.closed:
            station = Station(parcel, Path(get_worker().local_directory))
            _stations[parcel.key] = station
        return station


def _other_versions(parcel: Parcel, machine: str) -> ClusterError:
    theirs = dict(versions())
    wrong = [
        f"{name} {theirs[name]} instead of {wanted}"
        for name, wanted in parcel.versions
        if theirs[name] != wanted
    ]
    return ClusterError(
        f"a worker has {', '.join(wrong)}",
        where=machine,
        remedy="Install the same versions on every machine, restart its workers, and run the "
        "same command again: what was graded is kept.",
    )
