"""The judge's end of a connection to a process inside the wall: deadlines, forks, kills."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import time
from typing import Any

from autograder.errors import SandboxFault
from autograder.sandbox.deadline import Deadline
from autograder.sandbox.guest import wire
from autograder.sandbox.guest.space import probe_request
from autograder.sandbox.proc import text_of
from autograder.sandbox.wall import END_SECONDS

GRACE_SECONDS = 2.0
"""How long a cell has to end after the interrupt."""
START_SECONDS = 20.0
"""How long a fork may take to answer for the first time."""

MOST_RECEIVED = 512 * 2**20
"""Bytes that one process may send in all: a check keeps what it gets, and frames are many."""

_LENGTH = struct.Struct("<I")
_CREDENTIALS = struct.Struct("iII")


class Ended(SandboxFault):
    """The process on the other end is gone."""

    def __init__(self) -> None:
        super().__init__("the notebook's process ended before its work was done")


class TimedOut(SandboxFault):
    """No response came in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} seconds")
        self.seconds = seconds


class Channel:
    """One process inside the wall, seen from outside. Also the `student` fixture's side."""

    def __init__(self, connection: socket.socket, request_seconds: float) -> None:
        """Take over a connection; ``request_seconds`` is the limit of one exchange."""
        self._connection = connection
        self._connection.setblocking(False)
        self.deadline: Deadline | None = None
        """When all exchanges together must have ended."""
        self.request_seconds = request_seconds
        self.student_seconds = 0.0
        """Time spent waiting for the other side."""
        self.exchanges = 0
        self._received = 0
        self.pid: int | None = None
        """The process on the other end, as the kernel names it."""
        self.pidfd: int | None = None

    def limit_all(self, seconds: float) -> None:
        """From now on all exchanges together may take this long; all but forks and interrupts."""
        self.request_seconds = seconds
        self.deadline = Deadline(seconds, self.pid)

    def exchange(self, request: bytes) -> bytes:
        """Send one request, wait for its response. Raises Ended, TimedOut or SandboxFault."""
        started = time.monotonic()
        until = self.deadline or Deadline(self.request_seconds, self.pid)
        self.exchanges += 1
        try:
            self._send(request, until)
            return self._receive(until)
        except TimeoutError as error:
            raise TimedOut(until.seconds) from error
        except (ConnectionError, EOFError) as error:
            raise Ended from error
        finally:
            self.student_seconds += time.monotonic() - started

    def ship(self, function: Any) -> list[object]:
        """The request that defines a probe over there, from its source."""
        return probe_request(function)

    def ask(self, request: list[object]) -> Any:
        """One exchange with plain values on both ways."""
        return self._value(self.exchange(wire.encode(request, _no_handle)))

    def fork(self) -> Channel:
        """Fork the process over there; the channel to the child."""
        return self.another(["fork"])

    def another(self, request: list[object]) -> Channel:
        """Make a request whose answer is a new process; the channel to that."""
        until = Deadline(START_SECONDS, self.pid)
        try:
            self._send(wire.encode(request, _no_handle), until)
            frame, descriptors = self._receive_descriptor(until)
        except TimeoutError as error:
            raise TimedOut(START_SECONDS) from error
        except (ConnectionError, EOFError) as error:
            raise Ended from error
        try:
            self._value(frame)
            connection = _as_socket(descriptors)
        except BaseException:
            for descriptor in descriptors:
                os.close(descriptor)
            raise
        child = Channel(connection, self.request_seconds)
        child._greet(until, self.pid)
        return child

    def interrupt(self) -> bytes:
        """Interrupt what runs there, as a notebook's stop button does, and take its response.

        Raises TimedOut where it does not heed the interrupt.
        """
        if self.pidfd is None:
            raise Ended
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGINT)
        try:
            return self._receive(Deadline(GRACE_SECONDS, self.pid))
        except TimeoutError as error:
            raise TimedOut(GRACE_SECONDS) from error
        except (ConnectionError, EOFError) as error:
            raise Ended from error

    def alive(self) -> bool:
        """Whether that process still runs."""
        if self.pidfd is None:
            return False
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return not poll.poll(0)

    def kill(self) -> None:
        """End that process at once and close the connection."""
        if self.pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        self.close()

    def end(self) -> None:
        """Kill that process and wait until it is gone; with a room's first process goes the room.

        Raises SandboxFault where the kernel does not end it.
        """
        if self.pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            poll = select.poll()
            poll.register(self.pidfd, select.POLLIN)
            if not poll.poll(END_SECONDS * 1000):
                raise SandboxFault(f"process {self.pid} did not end in {END_SECONDS:g} seconds")
        self.close()

    def close(self) -> None:
        """Close the connection; the process ends when it next looks."""
        self._connection.close()
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None

    def _greet(self, until: Deadline, parent: int | None) -> None:
        """Learn which process answers, from the kernel and not from its word.

        Only a child of ``parent`` is taken, where that is known: a number may have come to belong
        to somebody else by the time that we look, and we shall kill by it.
        """
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        try:
            self._send(wire.encode(["ping"], _no_handle), until)
            self._wait(select.POLLIN, until)
            space = socket.CMSG_SPACE(_CREDENTIALS.size)
            data, ancillary, _, _ = self._connection.recvmsg(_LENGTH.size, space)
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
            self._value(self._receive(until, data))
        except TimeoutError as error:
            raise TimedOut(START_SECONDS) from error
        except (ConnectionError, EOFError) as error:
            raise Ended from error
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                pid, _, _ = _CREDENTIALS.unpack(payload[: _CREDENTIALS.size])
                if pid > 1:
                    self._hold(pid, parent)

    def _hold(self, pid: int, parent: int | None) -> None:
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            self.pid = pid
            return
        if parent is not None and _parent_of(pid) != parent:
            os.close(pidfd)
            raise SandboxFault("another process than the fork answers")
        self.pid, self.pidfd = pid, pidfd

    def _value(self, frame: bytes) -> Any:
        try:
            response = wire.decode(frame, _unexpected_handle)
        except wire.WireError as error:
            raise SandboxFault(f"a malformed frame came: {error}") from error
        match response:
            case list([str("ok"), value]):
                return value
        raise SandboxFault("a request to run the notebook was not answered as agreed")

    def _wait(self, event: int, until: Deadline) -> None:
        poll = select.poll()
        poll.register(self._connection, event)
        while (left := until.left()) > 0:
            if poll.poll(left * 1000):
                return
        raise TimeoutError

    def _send(self, frame: bytes, until: Deadline) -> None:
        if _spoke_early(self._connection):
            raise SandboxFault("an answer came before the question")
        data = memoryview(_LENGTH.pack(len(frame)) + frame)
        while data:
            self._wait(select.POLLOUT, until)
            with contextlib.suppress(BlockingIOError):
                data = data[self._connection.send(data, socket.MSG_NOSIGNAL) :]

    def _receive(self, until: Deadline, head: bytes = b"") -> bytes:
        while len(head) < _LENGTH.size:
            head += self._piece(_LENGTH.size - len(head), until)
        (length,) = _LENGTH.unpack(head)
        self._received += length
        if length > wire.MAX_FRAME or self._received > MOST_RECEIVED:
            raise SandboxFault("an answer is larger than any may be")
        body = bytearray()
        while len(body) < length:
            body += self._piece(min(length - len(body), 2**20), until)
        return bytes(body)

    def _piece(self, size: int, until: Deadline) -> bytes:
        while True:
            self._wait(select.POLLIN, until)
            with contextlib.suppress(BlockingIOError):
                piece = self._connection.recv(size)
                if not piece:
                    raise EOFError
                return piece

    def _receive_descriptor(self, until: Deadline) -> tuple[bytes, list[int]]:
        self._wait(select.POLLIN, until)
        data, descriptors, _, _ = socket.recv_fds(self._connection, _LENGTH.size, 1)
        if not data:
            raise EOFError
        try:
            return self._receive(until, data), list(descriptors)
        except BaseException:
            for descriptor in descriptors:
                os.close(descriptor)
            raise


def _spoke_early(connection: socket.socket) -> bool:
    """Whether bytes wait to be read when nothing has been asked; an end is found when we ask."""
    try:
        return bool(connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:
        return False


def _parent_of(pid: int) -> int | None:
    try:
        stat = text_of(pid, "stat")
    except OSError:
        return None
    # The name before it stands in brackets and may hold anything.
    return int(stat.rpartition(")")[2].split()[1])


def _as_socket(descriptors: list[int]) -> socket.socket:
    """The one descriptor that came, if it is a Unix stream socket and nothing else."""
    if len(descriptors) != 1:
        raise SandboxFault("a fork came without its connection")
    try:
        connection = socket.socket(fileno=descriptors[0])
    except OSError as error:
        raise SandboxFault("a fork's connection is no socket") from error
    if (connection.family, connection.type) != (socket.AF_UNIX, socket.SOCK_STREAM):
        connection.detach()
        raise SandboxFault("a fork's connection is of the wrong kind")
    return connection


def _no_handle(item: object) -> int:
    raise wire.WireError(f"a {type(item).__name__} is not plain data")


def _unexpected_handle(number: int) -> object:
    raise wire.WireError("a handle came where plain data was due")
