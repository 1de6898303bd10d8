"""Promises 10 and 11: no trick pays, and no hidden input is carried home."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from autograder.judge.student import Handle, Student, StudentError
from autograder.judge.verdicts import reason_of
from autograder.sandbox.memory import descendants
from tests.sandbox.conformance.model import Case, World

EXPECTED = 471_108_15
"""What a check expects: it stands in the judge's memory and nowhere else."""
HIDDEN = 3_133_731
"""A hidden input."""


@contextlib.contextmanager
def student_of(world: World, source: str) -> Iterator[Student]:
    """The student's side of a check, once the notebook has run."""
    with world.room() as sandbox:
        child = world.run(sandbox, source).snapshots["q1"].fork()
        try:
            yield Student(child)
        finally:
            child.kill()


def checks(source: str, check: Callable[[Student], list[str]]) -> Callable[[World], list[str]]:
    """A case in which ``check`` is what the judge does with the student's names."""

    def test_secret(world: World) -> list[str]:
        with student_of(world, source) as student:
            return check(student)

    return test_secret


def _exactly(kind: type, value: object) -> Callable[[Student], list[str]]:
    """`x` comes as exactly this type, and the judge's own comparison finds it wrong."""

    def check(student: Student) -> list[str]:
        came = student.x
        if type(came) is Handle:
            return ["it equals what it should not"] if came == value else []
        if type(came) is not kind:
            return [f"came as {type(came)}"]
        equal = (
            torch.equal(came, value)
            if kind is torch.Tensor
            else np.array_equal(came, value)
            if kind is np.ndarray
            else came == value
        )
        return ["it equals what it should not"] if equal else []

    return check


def _finds(word: int) -> Callable[[Student], list[str]]:
    def test_search(student: Student) -> list[str]:
        found = student.search(HIDDEN)
        expected = word
        return [str(it) for it in found] if expected and found else []

    return test_search


SEARCH = """
import gc
def search(x):
    wanted, found = (WANTED, "test_secret", "expected"), []
    frame = sys._getframe().f_back
    while frame:
        found += [f"{name} in a frame" for name, value in list(frame.f_locals.items())
                  if name in wanted[1:] or (type(value) is int and value == wanted[0])]
        frame = frame.f_back
    for item in gc.get_objects():
        if type(item) is dict and any(key in item for key in wanted[1:]):
            found.append("a dict with such a name")
        if type(item) in (list, tuple) and len(item) < 50:
            found += ["a list with it" for it in item if type(it) is int and it == wanted[0]]
    return found[:5]
""".replace("WANTED", f"{EXPECTED - 1} + 1")

LIAR = """
class Liar({base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __instancecheck__(self, kind): return True
    def __reduce__(self): return (eval, ("4",))
    def __float__(self): return 4.0
    def __int__(self): return 4
    def __index__(self): return 4
x = Liar({value})
"""


def _patched(student: Student) -> list[str]:
    came = student.x
    same = torch.equal(came, torch.ones(2)) or torch.allclose(came, torch.ones(2))
    return ["torch in the judge was changed"] if same or np.isclose(1, 2) else []


def _remembers(source: str) -> Callable[[World], list[str]]:
    """What one check's child was given, another check of the same question does not find."""

    def tried(world: World) -> list[str]:
        with world.room() as sandbox:
            done = world.run(sandbox, source)
            broken = []
            for number, given in ((1, HIDDEN), (2, 0)):
                child = done.snapshots["q1"].fork()
                try:
                    came = Student(child).recall(given)
                    if number == 2 and came == HIDDEN:
                        broken.append("a later check was answered with an earlier one's input")
                finally:
                    child.kill()
            return broken

    return tried


def _is_dead(world: World) -> list[str]:
    """When checks begin, no process that runs cells is left to hear of their inputs."""
    with world.room() as sandbox:
        done = world.run(sandbox, "x = 1", "y = 2")
        known = {snapshot.pid for snapshot in done.snapshots.values()}
        first = sandbox.first.pid
        assert first
        others: list[int] = []
        for _ in range(20):
            others = [it for it in descendants(first) if it not in known and _runs(it)]
            if not others:
                break
            time.sleep(0.1)
        return [f"process {pid}" for pid in others]


def _runs(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return "\nState:\tZ" not in status


def _says(hidden: bool) -> Callable[[Student], list[str]]:
    """What the student is told of an exception whose every part holds the hidden input."""

    def check(student: Student) -> list[str]:
        try:
            student.fail(HIDDEN)
        except StudentError as error:
            told = reason_of(error, hidden, {1: "raise it"}, True, 4).text
            return [told] if str(HIDDEN) in told else []
        return ["no exception came"]

    return check


RAISES = {
    "a message": "def fail(x):\n    raise ValueError(x)",
    "a type's name": "def fail(x):\n    raise type(f'Input{x}', (Exception,), {})()",
    "a type that says it is of torch": (
        "def fail(x):\n    raise type(f'Input{x}Error', (Exception,), {'__module__': 'torch'})()"
    ),
    "a function's name": (
        "def fail(x):\n    exec(compile(f'def f{x}(): 1 / 0\\nf{x}()', '<cell 1>', 'exec'))"
    ),
    "a line of code": (
        "def fail(x):\n    import linecache\n    name = '<cell 1>'\n"
        "    linecache.cache[name] = (1, None, [str(x)] * 9, name)\n"
        "    exec(compile('1 / 0', name, 'exec'))"
    ),
    "a syntax error": "def fail(x):\n    raise SyntaxError('', ('<cell 1>', 1, 1, str(x)))",
    "a message made late": (
        "class Late(Exception):\n    def __str__(self):\n        return str(self.args)\n"
        "def fail(x):\n    raise Late(x)"
    ),
    "a chain of causes": "def fail(x):\n    raise ValueError() from RuntimeError(x)",
    "a note": "def fail(x):\n    error = ValueError()\n    error.add_note(str(x))\n    raise error",
}

NEVER_SENT = ("a chain of causes", "a note")

CASES = (
    *(
        Case(
            "10",
            f"{base.split('.')[-1]} that lies",
            checks(
                f"import torch, numpy\n{LIAR.format(base=base, value=value)}", _exactly(kind, right)
            ),
            ("exact types",),
            warm=True,
        )
        for base, value, kind, right in (
            ("int", "3", int, 4),
            ("float", "3.0", float, 4.0),
            ("str", "'no'", str, "yes"),
            ("bytes", "b'no'", bytes, b"yes"),
            ("list", "[3]", list, [4]),
            ("tuple", "(3,)", tuple, (4,)),
            ("dict", "{1: 3}", dict, {1: 4}),
            ("object", "", Handle, 4),
        )
    ),
    Case(
        "10",
        "tensor with its own functions",
        checks(
            "import torch\n"
            "class T(torch.Tensor):\n"
            "    @classmethod\n"
            "    def __torch_function__(cls, f, types, args=(), kwargs=None):\n"
            "        if f in (torch.equal, torch.allclose): return True\n"
            "        return super().__torch_function__(f, types, args, kwargs or {})\n"
            "    def __eq__(self, other): return True\n"
            "x = torch.zeros(2).as_subclass(T)",
            _exactly(torch.Tensor, torch.ones(2)),
        ),
        ("exact types",),
        warm=True,
    ),
    Case(
        "10",
        "array with its own functions",
        checks(
            "import numpy as np\n"
            "class A(np.ndarray):\n"
            "    def __array_function__(self, *a, **k): return True\n"
            "    def __array_ufunc__(self, *a, **k): return np.True_\n"
            "    def __eq__(self, other): return np.True_\n"
            "x = np.zeros(2).view(A)",
            _exactly(np.ndarray, np.ones(2)),
        ),
        ("exact types",),
        warm=True,
    ),
    Case(
        "10",
        "patched torch and numpy",
        checks(
            "import torch, numpy, builtins\n"
            "torch.equal = torch.allclose = lambda *a, **k: True\n"
            "torch.testing.assert_close = numpy.testing.assert_allclose = lambda *a, **k: None\n"
            "numpy.isclose = numpy.allclose = lambda *a, **k: True\n"
            "torch.Tensor.__eq__ = lambda *a: True\n"
            "x = torch.zeros(2)",
            _patched,
        ),
        ("two processes",),
        warm=True,
    ),
    Case("10", "search of frames and memory", checks(SEARCH, _finds(EXPECTED)), ("two processes",)),
    Case(
        "10",
        "trace of its callers",
        checks(
            "seen = []\n"
            "def trace(frame, event, argument):\n"
            "    seen.append(frame.f_code.co_name)\n    return trace\n"
            "sys.setprofile(trace); threading.setprofile(trace)\n"
            "def search(x):\n    return [name for name in list(seen) if name.startswith('test_')]",
            _finds(EXPECTED),
        ),
        ("two processes",),
    ),
    *(
        Case("11", f"remembered in {name}", _remembers(source), ("throw-away forks",))
        for name, source in (
            (
                "a name",
                "last = 0\ndef recall(x):\n    global last\n    last = last or x\n    return last",
            ),
            (
                "a default argument",
                "def recall(x, kept=[]):\n    kept.append(x)\n    return kept[0]",
            ),
            (
                "a module",
                "import json\ndef recall(x):\n    json.kept = getattr(json, 'kept', 0) or x\n"
                "    return json.kept",
            ),
            (
                "a cache",
                "import functools\n@functools.lru_cache\ndef first():\n    return current\n"
                "def recall(x):\n    global current\n    current = x\n    return first()",
            ),
        )
    ),
    Case("11", "a notebook that listens", _is_dead, ("end of the notebook",)),
    *(
        Case(
            "11",
            f"said in {name}",
            checks(source, _says(hidden=True)),
            ("silence",),
            kernel="it is never sent" if name in NEVER_SENT else "",
        )
        for name, source in RAISES.items()
    ),
)
