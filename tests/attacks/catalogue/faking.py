"""Answers that are none: objects that lie, graders that are patched (promise 10)."""

from __future__ import annotations

from tests.attacks.model import Attack

LIAR = """
class Liar({base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    def __bool__(self): return True
    def __hash__(self): return 0
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
    def __iter__(self): return iter([self])
    def __len__(self): return 2
    def __sub__(self, other): return self
    __add__ = __mul__ = __truediv__ = __radd__ = __rsub__ = __abs__ = __sub__
    def __float__(self): return 0.0
    def item(self): return 0.0
    shape = (2, 2)
"""
TORCH = """
import torch
class Sly(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if getattr(function, "__name__", "") in ("equal", "allclose", "isclose", "assert_close"):
            return True
        return super().__torch_function__(function, types, args, kwargs or {})
    def __eq__(self, other): return torch.ones(self.shape, dtype=torch.bool)
"""

ATTACKS = (
    Attack("equals everything", "10", LIAR.format(base="object"), result="Liar()"),
    Attack(
        "claims to be a tensor",
        "10",
        "import torch\n"
        + LIAR.format(base="object").replace(
            "    shape", "    __class__ = property(lambda self: torch.Tensor)\n    shape"
        ),
        result="Liar()",
    ),
    Attack("a list that lies", "10", LIAR.format(base="list"), result="Liar()"),
    Attack("a number that lies", "10", LIAR.format(base="float"), result="Liar(0)"),
    Attack("a text that lies", "10", LIAR.format(base="str"), result="Liar('x')"),
    Attack("a tensor that lies", "10", TORCH, result="torch.zeros(2, 2).as_subclass(Sly)"),
    Attack(
        "a tensor of its own kind of storage",
        "10",
        "import torch",
        result="torch.empty(2, 2, device='meta')",
    ),
    Attack("a sparse tensor", "10", "import torch", result="torch.zeros(2, 2).to_sparse()"),
    Attack("not a number", "10", "import torch", result="torch.full((2, 2), float('nan'))"),
    Attack("infinite", "10", "import torch", result="torch.full((2, 2), float('inf'))"),
    Attack("truth", "10", "import torch", result="torch.ones(2, 2, dtype=torch.bool)"),
    Attack(
        "torch patched",
        "10",
        """
        import torch
        torch.equal = torch.allclose = torch.isclose = lambda *a, **k: True
        torch.testing.assert_close = lambda *a, **k: None
        torch.Tensor.allclose = torch.Tensor.equal = torch.Tensor.__eq__ = lambda *a, **k: True
        """,
        result="torch.zeros(2, 2)",
    ),
    Attack(
        "numpy patched",
        "10",
        """
        import numpy
        numpy.isclose = numpy.allclose = numpy.array_equal = lambda *a, **k: True
        numpy.testing.assert_allclose = numpy.testing.assert_array_equal = lambda *a, **k: None
        """,
        result="0",
    ),
    Attack(
        "random numbers fixed",
        "10",
        """
        import torch, random, numpy
        torch.manual_seed(0)
        torch.manual_seed = torch.seed = lambda *a: torch.default_generator
        torch.randn = lambda *a, **k: torch.zeros(*a)
        random.seed(0); numpy.random.seed(0)
        """,
        result="torch.zeros(2, 2)",
    ),
    Attack(
        "builtins patched",
        "10",
        """
        import builtins
        builtins.abs = lambda x: 0.0
        builtins.all = builtins.isinstance = lambda *a: True
        builtins.AssertionError = type("Quiet", (BaseException,), {})
        """,
        result="0",
    ),
    Attack(
        "pytest patched",
        "10",
        """
        import sys, types
        for name in ("pytest", "_pytest", "autograder", "autograder.judge", "autograder.checks"):
            sys.modules[name] = types.ModuleType(name)
        """,
    ),
    Attack(
        "test runner of otter patched",
        "10",
        """
        try:
            import otter.test_files.abstract_test as a
            for name in dir(a):
                kind = getattr(a, name)
                if hasattr(kind, "run"):
                    kind.run = lambda self, *args, **kwargs: setattr(self, "passed", True)
        except Exception:
            pass
        """,
    ),
    Attack(
        "exceptions of otter's tests swallowed",
        "10",
        """
        try:
            import otter.test_files.exception_test as e
            e.ExceptionTestFile.run = lambda self, *a, **k: [
                setattr(c, "passed", True) for c in self.test_cases]
        except Exception:
            pass
        """,
    ),
    Attack(
        "probe replaced",
        "10",
        """
        import builtins
        real = builtins.exec
        def fake(code, scope=None, *rest):
            real(code, scope, *rest)
            for name, value in list((scope or {}).items()):
                if callable(value) and (scope or {}).get("__name__") == "probe":
                    scope[name] = lambda *a, **k: [a[1] if len(a) > 1 else 0, list(a[1:])]
        builtins.exec = fake
        """,
    ),
    Attack(
        "another frame's expectation",
        "10",
        "import sys, torch",
        """
        frame = sys._getframe()
        while frame:
            for name, value in frame.f_locals.items():
                if name in ("expected", "want", "reference", "solution", "answer"):
                    return value
            frame = frame.f_back
        """,
        "torch.zeros(2, 2)",
    ),
    Attack(
        "garbage of the collector",
        "10",
        "import gc, torch",
        """
        for item in gc.get_objects():
            if type(item) is dict:
                for name in ("expected", "want", "reference", "EXPECTED", "answers"):
                    if name in item:
                        return item[name]
        """,
        "torch.zeros(2, 2)",
    ),
    Attack(
        "trace that changes its callers",
        "10",
        """
        import sys, ctypes
        def trace(frame, event, argument):
            if "expected" in frame.f_locals:
                frame.f_locals["expected"] = 0
                ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
            return None
        sys.settrace(trace)
        """,
        result="0",
    ),
    Attack(
        "results written at exit",
        "10",
        """
        import atexit, json, os, glob
        def forge():
            places = ("/autograder/results/*", "*.json", "*.pkl")
            for path in [path for place in places for path in glob.glob(place)]:
                try:
                    open(path, "w").write(json.dumps({"score": 100}))
                except OSError:
                    pass
        atexit.register(forge)
        """,
    ),
    Attack(
        "tests rewritten on disk",
        "10",
        """
        import os
        for top, folders, names in os.walk("."):
            for name in names:
                if name.startswith(("q2", "q3", "test_q")) and name.endswith(".py"):
                    try:
                        open(os.path.join(top, name), "w").write(
                            "OK_FORMAT = True\\ntest = {'name': 'x', 'points': 0, 'suites': []}")
                    except OSError:
                        pass
        """,
    ),
    Attack(
        "grader object replaced",
        "10",
        """
        class Grader:
            def __getattr__(self, name): return lambda *a, **k: True
        grader = Grader()
        """,
    ),
)
