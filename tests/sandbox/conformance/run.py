"""Tries cases behind one wall and prints what each got through with, a JSON line a case.

``python -m tests.sandbox.conformance.run BACKEND CASE...``, or ``control-BACKEND CASE...`` for each
case without its defences.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox.choice import choose_wall
from autograder.sandbox.wall import GUEST_MODULES, Wall
from tests.sandbox.conformance.cases import BY_ID
from tests.sandbox.conformance.defences import Weakened, taken
from tests.sandbox.conformance.model import Case, Outside, World, outside, world


def wall_of(backend: str, place: Outside) -> Wall:
    """The wall that a backend's name means here."""
    if backend == "container":
        return choose_wall("container", [place.closed])
    return choose_wall("bubblewrap")


def tried(cases: Iterable[Case], there: World) -> Iterable[dict[str, object]]:
    """What each case came to."""
    for case in cases:
        started = time.monotonic()
        try:
            broken: list[str] = case.tried(there)
            fault = ""
        except Exception as error:  # noqa: BLE001 - a case that fails says so in its line
            broken, fault = [], f"{type(error).__name__}: {error}"
        seconds = round(time.monotonic() - started, 2)
        yield {"case": case.id, "broken": broken, "fault": fault, "seconds": seconds}


def loopback_up() -> None:
    """A new network namespace has its loopback down: nothing could be reached there anyway."""
    import fcntl

    with socket.socket() as line:
        fcntl.ioctl(line, 0x8914, struct.pack("16sH14x", b"lo", 1 | 64))


def main(backend: str, ids: list[str]) -> None:
    """Try them all behind one warm server of each kind."""
    with outside() as place:
        cases = [BY_ID[id] for id in ids]
        for warm in (False, True):
            chosen = [case for case in cases if case.warm == warm]
            if chosen:
                _try(chosen, wall_of(backend, place), place, GUEST_MODULES if warm else ())


def control(backend: str, ids: list[str]) -> None:
    """Try each behind a wall of its own, without its defences."""
    for case in (BY_ID[id] for id in ids):
        if backend == "container":
            _open_home()
        with outside() as place:
            strong = wall_of(backend, place)
            names = case.defences_of(strong.name)
            if not any(taken(name).judge for name in names):
                _try_without(names, case, strong, place)
            elif (child := os.fork()) == 0:
                # What is taken from the judge is taken from this process alone.
                _try_without(names, case, strong, place)
                os._exit(0)
            else:
                os.waitpid(child, 0)


def _open_home() -> None:
    """What an earlier wall closed in this machine is open again."""
    for folder in (Path.home(), *Path.home().iterdir()):
        if os.access(folder, os.W_OK):
            folder.chmod(0o755)


def _try_without(names: tuple[str, ...], case: Case, strong: Wall, place: Outside) -> None:
    try:
        _try([case], Weakened(strong, names), place, GUEST_MODULES if case.warm else ())
    except Exception as error:  # noqa: BLE001 - the others are tried all the same
        fault = f"{type(error).__name__}: {error}"
        print(json.dumps({"case": case.id, "broken": [], "fault": fault}), flush=True)


def _try(cases: list[Case], wall: Wall, place: Outside, modules: tuple[str, ...]) -> None:
    with world(wall, place, modules) as there:
        for line in tried(cases, there):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    if sys.argv[1].startswith("control-"):
        loopback_up()
        control(sys.argv[1].removeprefix("control-"), sys.argv[2:])
    else:
        main(sys.argv[1], sys.argv[2:])
