"""Importing otter in a fifth of the time: import this module first.

Whole gradings and PDFs need pandas and nbconvert, and graded notebooks ask for neither: what otter
does with them is imported where somebody calls it. And to read notebooks otter needs jsonschema,
which imports rfc3987_syntax where it is installed, to check the form of IRIs; that compiles a
grammar for more than a second, and no notebook has an IRI.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable
from importlib.machinery import PathFinder
from typing import Any

_LATE = {
    "otter.api": ("export_notebook", "grade_submission"),
    "otter.export": ("export_notebook",),
}
"""Modules that otter imports at once, with the functions that it takes from them."""

_IRIS = "rfc3987_syntax"
_modules: dict[str, Any] = sys.modules


class _Late(types.ModuleType):
    """Stands for a module until somebody calls one of its functions, or asks for more."""

    def __init__(self, name: str, functions: tuple[str, ...]) -> None:
        super().__init__(name)
        spec = PathFinder.find_spec(name, _path_of(name.rpartition(".")[0]))
        if spec and spec.submodule_search_locations is not None:
            self.__path__ = spec.submodule_search_locations
        for function in functions:
            setattr(self, function, self._late(function))

    def _late(self, function: str) -> Callable[..., object]:
        return lambda *args, **kwargs: getattr(self._module(), function)(*args, **kwargs)

    def _module(self) -> types.ModuleType:
        if _modules.get(self.__name__) is self:
            del _modules[self.__name__]
        return importlib.import_module(self.__name__)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._module(), name)


def postpone(name: str, functions: tuple[str, ...]) -> None:
    """Let a module of a package be imported when one of these functions is called, or more asked.

    Modules in it can be imported at once.
    """
    if name not in _modules:
        _modules[name] = _Late(name, functions)


def _path_of(package: str) -> Any:
    if package in _modules:
        return _modules[package].__path__
    spec = importlib.util.find_spec(package)
    return spec.submodule_search_locations if spec else None


if "otter" not in _modules:
    for _name, _functions in _LATE.items():
        postpone(_name, _functions)
    if _IRIS not in _modules:
        # None makes its import fail, as where it is not installed.
        _modules[_IRIS] = None
    try:
        import otter.test_files
    finally:
        if _modules[_IRIS] is None:
            del _modules[_IRIS]
    for _name in _LATE:
        # What an import would have done.
        setattr(otter, _name.removeprefix("otter."), _modules[_name])
