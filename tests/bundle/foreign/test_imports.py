"""Which modules are imported before notebooks are forked."""

from __future__ import annotations

import sys
import time
import types

import pytest

from autograder.bundle.foreign.imports import imported, modules_to_warm


def test_what_a_test_or_half_of_the_class_imports_is_warmed():
    many = "import numpy as np\nfrom pandas import DataFrame"
    found = modules_to_warm(["import yaml"], [many, many, "import jinja2", "x = 1"])
    assert found == ("numpy", "pandas", "yaml")


def test_what_is_not_installed_or_fears_forks_is_left_out():
    assert modules_to_warm(["import tensorflow, no_such_module, os, autograder"], []) == ()


def test_torch_brings_what_its_optimisers_load_where_there_are_any():
    assert modules_to_warm(["import torch"], []) == ("torch",)
    trains = "import torch\nsteps = torch.optim.Adam(model.parameters())"
    assert modules_to_warm([], [trains]) == ("torch", "torch._dynamo")
    assert modules_to_warm(["import torch"], ["from torch import optim", "x = 1"]) == (
        "torch",
        "torch._dynamo",
    )


def test_pictures_are_warmed_where_anybody_draws_one():
    assert "matplotlib.pyplot" in modules_to_warm([], ["plt.plot([1])", "x = 1", "x = 2"])
    assert "matplotlib.pyplot" not in modules_to_warm([], ["simplt = 1"])


def test_magics_do_not_hide_imports():
    source = "%matplotlib inline\n!pip list\ndef f():\n    import numpy.linalg\nfrom . import a"
    assert set(imported(source)) == {"numpy.linalg"}


def test_source_that_is_no_python_imports_nothing():
    assert list(imported("import numpy\ndef (")) == []


def test_lines_without_end_take_no_time():
    """Each of them took as long as all that follow it: hours for a file of a megabyte."""
    started = time.process_time()
    assert set(imported("\n" * 500_000 + "import numpy")) == {"numpy"}
    assert time.process_time() - started < 5


def test_a_module_without_a_place_is_not_warmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`import __main__` is one; it ended the class."""
    monkeypatch.setitem(sys.modules, "placeless", types.ModuleType("placeless"))
    assert modules_to_warm([], ["import placeless, yaml"]) == ("yaml",)
