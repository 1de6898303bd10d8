"""A class on many machines: a map over a Dask cluster. The client alone writes the store."""

from __future__ import annotations

import hashlib
import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from queue import Empty, SimpleQueue

from distributed import Client, Future, KilledWorker

from autograder.errors import AutograderError, ClusterError
from autograder.grading.connection import KEPT, connected, number_of_slots, require_scheduler
from autograder.grading.hand_in import HandIn
from autograder.grading.job import TravellingJob, failed, patience
from autograder.grading.ledger import Ledger
from autograder.grading.local import AHEAD
from autograder.grading.parcel import Letter, Parcel, Reply, read_files, versions
from autograder.grading.station import close_station, grade_letter
from autograder.results import Ending, SubmissionResult

FEWEST = 8
"""So many hand-ins are sent even where no worker is yet: a cluster that grows with its work sees
that there is some. The rest waits here: neither we nor the scheduler hold a class in memory."""

UNKNOWN_WALL = "unknown"
"""A worker that died can't say which wall it had chosen."""

LOOK_SECONDS = 2.0
"""How often the number of workers is asked for."""


def _nobody(workers: int) -> None:
    """Nobody wants to know the number of workers."""


def grade_on_cluster(
    job: TravellingJob,
    hand_ins: Sequence[HandIn],
    address: str,
    wish: str = "auto",
    tell: Callable[[int], None] = _nobody,
) -> Iterator[SubmissionResult]:
    """Grade all hand-ins on the cluster of the scheduler at ``address``; results as they come.

    Each machine chooses its wall by itself, as ``wish`` says. ``tell`` hears of the number of
    workers. A lost worker's hand-ins are graded by another; a fault of ours is tried once more,
    then it comes as a result with the ending `grader_error`, as does a hand-in that takes one
    worker after the other with it. While there is no worker, this waits.

    Raises ClusterError where scheduler or workers are not fit, AutograderError where nothing can
    be graded at all.
    """
    if not hand_ins:
        return
    with connected(address) as client:
        errand = _Errand(client, address, job, pack(job, wish), hand_ins, tell)
        try:
            yield from errand.results()
        finally:
            errand.end()


def pack(job: TravellingJob, wish: str) -> Parcel:
    """All that a machine needs for this job."""
    packed, files = pickle.dumps(job), read_files(job.folder)
    content = (packed, files, patience(job), wish, versions())
    key = hashlib.sha256(pickle.dumps(content)).hexdigest()
    return Parcel(key, *content)


class _Errand:
    """One class on its way through a cluster."""

    def __init__(
        self,
        client: Client,
        address: str,
        job: TravellingJob,
        parcel: Parcel,
        hand_ins: Sequence[HandIn],
        tell: Callable[[int], None],
    ) -> None:
        self._client, self._address, self._job, self._parcel = client, address, job, parcel
        self._tell = tell
        self._ledger = Ledger(hand_ins)
        self._came: SimpleQueue[Future[Reply]] = SimpleQueue()
        self._futures: dict[str, Future[Reply]] = {}
        self._slots = 0
        self._looked = -LOOK_SECONDS
        self._kit = self._send_kit()

    def results(self) -> Iterator[SubmissionResult]:
        """Send and take until all have come."""
        while self._ledger:
            require_scheduler(self._client, self._address)
            self._look()
            while self._ledger.on_the_way < max(FEWEST, AHEAD * self._slots):
                hand_in = self._ledger.next()
                if hand_in is None:
                    break
                self._send(hand_in)
            try:
                future = self._came.get(timeout=LOOK_SECONDS)
            except Empty:
                continue
            result = self._take(future)
            if result is not None:
                yield result

    def end(self) -> None:
        """Take back what is on the way, and let the machines forget the build."""
        if self._client.status != "running":
            return
        # Without a scheduler there is nobody to tell: the machines forget by themselves.
        with suppress(OSError):
            self._client.cancel([*self._futures.values(), self._kit])
            self._client.run(close_station, self._parcel.key, on_error="ignore")

    def _look(self) -> None:
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        found = number_of_slots(self._client)
        if found is not None:
            workers, self._slots = found
            self._tell(workers)

    def _send_kit(self) -> Future[Parcel]:
        # Not scattered: data lives and dies with the workers that hold it, while the result of a
        # task is made anew from what the scheduler knows. It, too, reaches each worker once.
        return self._client.submit(_as_it_is, self._parcel, key=f"kit-{self._parcel.key}")

    def _send(self, hand_in: HandIn) -> None:
        if self._kit.cancelled():
            self._kit = self._send_kit()
        content = hand_in.path.read_bytes()
        letter = Letter(hand_in.submission, hand_in.path.name, content, hand_in.known)
        attempt = self._ledger.attempt(hand_in)
        identity = (self._parcel.key, hashlib.sha256(content).digest(), hand_in.submission, attempt)
        key = f"grade-{hashlib.sha256(repr(identity).encode()).hexdigest()}"
        self._ledger.sent(key, hand_in)
        future = self._client.submit(grade_letter, self._kit, letter, key=key)
        self._futures[key] = future
        future.add_done_callback(self._came.put)

    def _take(self, future: Future[Reply]) -> SubmissionResult | None:
        """The result that came, if it is the hand-in's last word and was not heard before."""
        key = str(future.key)
        self._futures.pop(key, None)
        hand_in = self._ledger.came(key)
        if hand_in is None:
            return None
        try:
            reply: Reply = future.result()
        except CancelledError:
            if self._ledger.again_after_loss(hand_in):
                return None
            return self._failed(hand_in, "the cluster lost it again and again")
        except KilledWorker as error:
            if error.task == self._kit.key:
                raise self._unfit("worker after worker dies") from error
            return self._failed(hand_in, f"worker after worker died with it ({error.task})")
        # What our own code meets on a worker comes as a reply: this is Dask's.
        except Exception as error:
            if self._ledger.again_after_fault(hand_in):
                return None
            raise self._unfit(f"{type(error).__name__}: {error}") from error
        return self._result(hand_in, reply)

    def _result(self, hand_in: HandIn, reply: Reply) -> SubmissionResult | None:
        outcome = reply.outcome
        if isinstance(outcome, SubmissionResult) and outcome.status != Ending.GRADER_ERROR:
            return outcome
        if isinstance(outcome, ClusterError):
            raise outcome
        if self._ledger.again_after_fault(hand_in):
            return None
        if isinstance(outcome, AutograderError):
            outcome.where = f"{reply.machine}: {outcome.where}" if outcome.where else reply.machine
            raise outcome
        if isinstance(outcome, SubmissionResult):
            return outcome
        return self._failed(hand_in, f"{outcome} (on {reply.machine})")

    def _failed(self, hand_in: HandIn, why: str) -> SubmissionResult:
        wall = UNKNOWN_WALL if self._parcel.wall == "auto" else self._parcel.wall
        return failed(self._job, hand_in.submission, wall, why)

    def _unfit(self, why: str) -> ClusterError:
        return ClusterError(
            f"the cluster can't do this work: {why}",
            where=self._address,
            remedy="See the workers' logs, and whether every machine has the same autograder. "
            f"{KEPT}",
        )


def _as_it_is(parcel: Parcel) -> Parcel:
    return parcel
