"""The loop that every process of a room runs: take a request, answer it.

One loop serves the room's first process (which only forks), the notebook's process (which runs
cells and forks snapshots at check points), a snapshot (which only forks) and the throw-away child
that a check talks to.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
from pathlib import Path
from typing import Any

from . import channel, wire
from .confinement import Confinement, confine
from .forking import fork_as_it_is
from .shell import Notebook, Shell
from .space import Space, describe


class Server:
    """One process of a room and its connection to the judge."""

    def __init__(self, connection: socket.socket, shell: Shell, confinement: Confinement) -> None:
        """Serve on ``connection``; forked children are confined.

        The room's first process keeps the server's uid: student code can't send it a signal.
        """
        self._connection = connection
        self._confinement: Confinement | None = confinement
        self._shell = shell
        self._notebook: Notebook | None = None
        self._space = Space(shell.user_ns)
        self._children: list[int] = []
        self._otter: Any = None

    def serve(self) -> None:
        """Answer requests until the judge closes the connection."""
        while True:
            try:
                self._handle(channel.receive_frame(self._connection))
            except (EOFError, ConnectionError):
                return
            except KeyboardInterrupt:
                # It was meant for a cell that ended in the same moment.
                continue

    def _handle(self, frame: bytes) -> None:
        try:
            request: Any = wire.decode(frame, self._space.resolve)
        except wire.WireError as error:
            self._send(["error", describe(error)])
            return
        match request:
            case ["ping"]:
                self._send(["ok", None])
            case ["fork"]:
                self._fork()
            case ["open", int(output_limit), dict(files)]:
                for name, content in files.items():
                    Path(Path(name).name).write_bytes(content)
                self._notebook = Notebook(self._shell, output_limit)
                self._send(["ok", None])
            case ["run", int(cell), str(source)]:
                outcome = self._notebook.run(cell, source) if self._notebook else None
                self._send(["ok", outcome])
            case ["load", str(name), str(build), dict() | None as tensors]:
                outcome = self._notebook.load(name, build, tensors) if self._notebook else None
                self._send(["ok", outcome])
            case ["otter", str(what), *given]:
                self._send(self._ask_otter(what, given))
            case _:
                channel.send_frame(self._connection, self._space.answer(frame))

    def _ask_otter(self, what: str, given: list[Any]) -> list[object]:
        # Only other people's bundles need otter, which is not there in every environment.
        from .otter_tests import OtterTests

        try:
            if self._otter is None:
                self._otter = OtterTests(self._shell, self._stop)
            return ["ok", self._otter.answer(what, given)]
        # Whatever the student's objects raise while tests handle them.
        except BaseException as error:  # noqa: BLE001
            return ["error", describe(error)]

    def _stop(self, value: object) -> None:
        """In the middle of a cell: answer ``value`` to its request, and serve until told to go on.

        A snapshot that is taken meanwhile serves from here to its end.
        """
        self._send(["ok", value])
        go_on = wire.encode(["continue"], self._space.refer)
        while True:
            try:
                frame = channel.receive_frame(self._connection)
            except (EOFError, ConnectionError):
                os._exit(0)
            except KeyboardInterrupt:
                continue
            if frame == go_on:
                return
            self._handle(frame)

    def _fork(self) -> None:
        judges_end, own_end = socket.socketpair()
        self._reap()
        # A collection in the child must not touch, and so copy, every page that it inherits.
        gc.freeze()
        child = fork_as_it_is()
        if child == 0:
            self._children = []
            self._connection.close()
            judges_end.close()
            self._connection = own_end
            self._become_student()
            return
        self._children.append(child)
        own_end.close()
        frame = wire.encode(["ok", None], self._space.refer)
        head = len(frame).to_bytes(4, "little")
        socket.send_fds(self._connection, [head + frame], [judges_end.fileno()])
        judges_end.close()

    def _reap(self) -> None:
        """Take leave of forks that have ended: each counts against the limit on processes."""
        living = []
        for child in self._children:
            try:
                if os.waitpid(child, os.WNOHANG)[0] == 0:
                    living.append(child)
            except ChildProcessError:
                # The kernel did it for us, or student code that waits for any child.
                continue
        self._children = living

    def _become_student(self) -> None:
        if self._confinement is not None:
            confine(self._confinement)
            self._confinement = None
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def _send(self, value: object) -> None:
        channel.send_frame(self._connection, wire.encode(value, self._space.refer))
