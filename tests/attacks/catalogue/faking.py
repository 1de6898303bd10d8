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
                            "OK_FORMAT = False\\nfrom otter.test_files import test_case\\n"
                            "name = 'q2_1'\\npoints = 3\\n@test_case(points=3)\\n"
                            "def test(env): pass\\n")
                    except OSError:
                        pass
        """,
    ),
    Attack(
        "an array of objects",
        "10",
        LIAR.format(base="object") + "import numpy",
        result="numpy.array([[Liar(), Liar()], [Liar(), Liar()]], dtype=object)",
    ),
    Attack(
        "an array with fields",
        "10",
        "import numpy",
        result="numpy.zeros((2, 2), dtype=[('x', 'f4'), ('expected', 'f4')])",
    ),
    Attack(
        "an array of dates",
        "10",
        "import numpy",
        result="numpy.full((2, 2), numpy.datetime64('NaT'))",
    ),
    Attack(
        "an array of its own type",
        "10",
        """
        import numpy
        class Sly(numpy.ndarray):
            __array_priority__ = 1e9
            def __array_ufunc__(self, *a, **k): return True
            def __array_function__(self, *a, **k): return True
            def __eq__(self, other): return True
        """,
        result="numpy.zeros((2, 2)).view(Sly)",
    ),
    Attack(
        "a number that changes",
        "10",
        """
        import itertools
        class Moves(float):
            count = itertools.count()
            def __float__(self): return float(next(Moves.count))
            def __sub__(self, other): return 0.0
            __rsub__ = __abs__ = __sub__
        """,
        result="Moves(0)",
    ),
    Attack(
        "a tensor that repeats itself",
        "5",
        "import torch",
        result="torch.zeros(1).expand(2**40)",
    ),
    Attack(
        "a tensor that grows in the judge",
        "5",
        "import torch",
        result="torch.zeros(2**26 - 1000, 1, dtype=torch.uint8)",
        answers={
            "q2_2": """
            def furthest(values):
                return torch.zeros(2**26 - 1000, 1, dtype=torch.uint8)
            """
        },
    ),
    Attack(
        "a tensor of great width and no length",
        "5",
        "import torch",
        result="torch.zeros(0, 2**26)",
        answers={"q2_2": "def furthest(values):\n    return torch.zeros(2**26, 0, 1, 4)"},
    ),
    Attack(
        "a module that answers for another",
        "10",
        """
        import torch
        class Standardise(torch.nn.Module):
            def __getattribute__(self, name):
                return lambda *a, **k: 0
        """,
        result="Standardise.__new__(Standardise)",
    ),
    Attack(
        "torch's own dispatch replaced",
        "10",
        """
        import torch
        from torch.utils._python_dispatch import TorchDispatchMode
        from torch.overrides import TorchFunctionMode
        class Always(TorchFunctionMode):
            def __torch_function__(self, function, types, args=(), kwargs=None):
                if getattr(function, "__name__", "") in ("allclose", "equal", "isclose"):
                    return True
                return function(*args, **(kwargs or {}))
        Always().__enter__()
        """,
        result="torch.zeros(2, 2)",
    ),
    Attack(
        "torch.load and save replaced",
        "10",
        """
        import torch, pickle, copy
        class Code:
            def __reduce__(self):
                return (exec, ("open('@CANARY@/canary-written', 'w')",))
        torch.load = pickle.load = pickle.loads = lambda *a, **k: Code()
        copy.deepcopy = lambda value, *a: value
        """,
        result="Code()",
    ),
    Attack(
        "the judge's seed guessed",
        "10",
        """
        import torch
        answers = {}
        for seed in (0, 1, 42, 482_113, 1234):
            generator = torch.Generator().manual_seed(seed)
            values = 7.25 * torch.randn(40, 3, generator=generator) + 100.5
            answers[float(values.sum())] = values
        """,
        "if args and float(args[0].sum()) in answers:\n"
        "    return (args[0] - args[0].mean(0)) / args[0].std(0, correction=0)",
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
