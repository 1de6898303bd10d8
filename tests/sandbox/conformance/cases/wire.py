"""Promise 7: no verdict is forged, delayed or reordered by what student code sends."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from autograder.judge.student import Handle, Student
from autograder.sandbox.channel import Channel
from autograder.sandbox.guest.wire import MAX_FRAME
from tests.sandbox.conformance.model import LIMITS, Case, World, refused

FORGED_FORK = """
def forged(self):
    socket.send_fds(self._connection, [ok(b"N")], [WHAT])
sys.modules["guest.serve"].Server._fork = forged
"""
"""For student code that answers for the loop that it runs in."""

HUGE = 2 * MAX_FRAME

OWN_CONNECTION = """
def connection():
    for name in sorted(os.listdir("/proc/self/fd"), key=int):
        try:
            line = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        if line.family == socket.AF_UNIX:
            line.setblocking(True)
            return line
def frame(body, length=None):
    return struct.pack("<I", len(body) if length is None else length) + body
def ok(body):
    return frame(b"l" + struct.pack("<I", 2) + b"s" + struct.pack("<I", 2) + b"ok" + body)
def number(value):
    return b"i" + struct.pack("<q", value)
"""
"""For student code that speaks the protocol by itself."""


def speaks(action: str) -> Callable[[World], list[str]]:
    """A function of the student's does ``action`` while a check waits for its value, 42.

    What the check gets must be 42 or a fault: never another value, and never late.
    """

    def tried(world: World) -> list[str]:
        with world.room() as sandbox:
            source = f"{OWN_CONNECTION}\ndef answer():\n"
            source += "\n".join(f"    {line}" for line in action.strip().splitlines())
            done = world.run(sandbox, f"{source}\n    return 42")
            child = done.snapshots["q1"].fork()
            started = time.monotonic()
            child.limit_all(LIMITS.check_seconds)
            try:
                broken = refused(lambda: _asked_twice(child))
            finally:
                child.kill()
            if time.monotonic() - started > LIMITS.check_seconds + 3:
                broken.append("the judge waited longer than it may")
            return broken

    return tried


def _asked_twice(channel: Channel) -> object:
    """What a check has in its hands after two questions, were it not refused."""
    from autograder.errors import SandboxFault
    from autograder.sandbox.guest import wire

    student = Student(channel)
    try:
        answer = student.answer
        first = answer()
        second = answer()
    except wire.WireError as error:
        raise SandboxFault(str(error)) from error
    return first, second


def _decoded(data: bytes, seconds: float = 20.0) -> Callable[[World], list[str]]:
    """The judge's decoder itself on one frame."""

    def tried(world: World) -> list[str]:
        from autograder.sandbox.guest import wire

        started = time.monotonic()
        try:
            value = wire.decode(data, lambda number: object())
        except wire.WireError:
            took = time.monotonic() - started
            return [f"took {took:.0f} s"] if took > seconds else []
        except (RecursionError, ValueError) as error:
            return [f"the judge stumbled: {error}"]
        return [f"decoded as a {type(value).__name__}"]

    return tried


def _sized(tag: bytes, count: int, rest: bytes = b"") -> bytes:
    return tag + count.to_bytes(4, "little") + rest


def _block(tag: bytes, dtype: bytes, shape: tuple[int, ...], data: bytes) -> bytes:
    sizes = b"".join(size.to_bytes(8, "little", signed=True) for size in shape)
    return (
        _sized(tag, len(dtype), dtype) + bytes([len(shape)]) + sizes + _sized(b"", len(data), data)
    )


def _colliding(start: int) -> bytes:
    """A frozenset of eight integers that Python gives the same hash."""
    integers = ((start + number) * sys.hash_info.modulus for number in range(1, 9))
    return _sized(b"Z", 8, b"".join(_sized(b"I", 16, it.to_bytes(16, "little")) for it in integers))


def _handles_are_no_data(world: World) -> list[str]:
    """An object that claims to equal everything comes as a handle, which equals nothing."""
    with world.room() as sandbox:
        done = world.run(
            sandbox,
            "class Any:\n    def __eq__(self, other):\n        return True\n"
            "    __hash__ = None\n    def __bool__(self):\n        return True\nx = Any()",
        )
        child = done.snapshots["q1"].fork()
        try:
            came = Student(child).x
            return [] if isinstance(came, Handle) and came != 4 else [repr(came)]
        finally:
            child.kill()


def _another_connection(world: World) -> list[str]:
    """A snapshot that hands the judge something else in place of its fork's connection."""
    broken = []
    for what in (
        "os.open('/dev/zero', os.O_RDWR)",
        "os.pipe()[0]",
        "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).detach()",
        "os.open('.', os.O_RDONLY)",
    ):
        with world.room() as sandbox:
            try:
                source = OWN_CONNECTION + FORGED_FORK.replace("WHAT", what)
                done = world.run(sandbox, source, "x = 1")
            except OSError as error:
                broken.append(f"the judge stumbled over {what}: {error}")
            else:
                broken += [] if done.troubles else [f"{what} was taken"]
    return broken


CASES = (
    Case(
        "7",
        "bytes that are no frame",
        speaks("connection().sendall(b'\\xff' * 64)"),
        ("frame size", "deadline"),
    ),
    Case(
        "7",
        "a frame that says it is huge",
        speaks("connection().sendall(frame(b'', 2**32 - 1))\ntime.sleep(60)"),
        ("frame size", "deadline"),
    ),
    Case(
        "7",
        "a frame that is huge",
        speaks(f"connection().sendall(ok(b'b' + struct.pack('<I', {HUGE}) + bytes({HUGE})))"),
        ("frame size", "turn"),
    ),
    Case(
        "7",
        "a frame that never ends",
        speaks(
            f"line = connection()\nline.sendall(frame(b'', {MAX_FRAME}))\n"
            "while True:\n    line.sendall(b'x')\n    time.sleep(0.01)"
        ),
        ("deadline",),
    ),
    Case("7", "no answer at all", speaks("time.sleep(600)"), ("deadline",)),
    Case(
        "7",
        "answers in advance",
        speaks(
            "line = connection()\nline.sendall(ok(number(42)) + ok(number(43)))\ntime.sleep(0.2)"
        ),
        ("turn",),
    ),
    Case(
        "7",
        "an error of its own making",
        speaks(
            "line = connection()\n"
            "body = b'l' + struct.pack('<I', 2) + b's' + struct.pack('<I', 5) + b'error'\n"
            "line.sendall(frame(body + number(1)))\ntime.sleep(1)"
        ),
        ("response form", "turn"),
    ),
    Case(
        "7",
        "its connection closed",
        speaks("connection().shutdown(2)\nos._exit(0)"),
        ("end of the connection", "deadline"),
    ),
    Case(
        "7",
        "descriptors with an answer",
        speaks(
            "line = connection()\n"
            "socket.send_fds(line, [b'\\xff\\xff'], [0, 1, 2] * 50)\ntime.sleep(0.2)"
        ),
        ("deadline",),
    ),
    Case("7", "another thing for a connection", _another_connection, ("socket kind",)),
    Case("7", "an object that equals everything", _handles_are_no_data, ("handles",)),
    *(
        Case("7", f"decoder: {name}", _decoded(data), (f"decoder {defence}",))
        for name, defence, data in (
            ("nested lists", "depth", b"".join(_sized(b"l", 1) for _ in range(400)) + b"N"),
            ("many parts", "nodes", _sized(b"l", 500_000, b"N" * 500_000)),
            (
                "many keys",
                "entries",
                _sized(
                    b"d",
                    21_000,
                    b"".join(b"i" + k.to_bytes(8, "little") + b"N" for k in range(21_000)),
                ),
            ),
            (
                "many members",
                "entries",
                _sized(
                    b"S", 21_000, b"".join(b"i" + k.to_bytes(8, "little") for k in range(21_000))
                ),
            ),
            (
                "sets whose members all collide",
                "keys",
                # Whatever their members, sets of the same size have the same hash.
                _sized(b"S", 8_000, b"".join(_colliding(8 * k) for k in range(8_000))),
            ),
            ("a long integer", "digits", _sized(b"I", 10_000, b"\1" * 10_000)),
            ("many dimensions", "dimensions", _block(b"a", b"|u1", (1,) * 17, b"\1")),
            ("objects in an array", "dtype", _block(b"a", b"|V8", (1,), bytes(8))),
            ("a truth that is neither", "truth", _block(b"a", b"|b1", (1,), b"\2")),
            ("an empty array of a petabyte", "empty size", _block(b"x", b"int64", (2**39, 0), b"")),
            ("a shape beyond its bytes", "shape", _block(b"a", b"|u1", (4, 0, 2**30), b"\1")),
            ("bytes after the value", "rest", b"NN"),
        )
    ),
)
