"""The package is built in floors: a room imports only rooms below it (design.md, Folders)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "autograder"

FLOORS = (
    {"errors", "results"},
    {"assignment"},
    {"submission"},
    {"quiz"},
    {"checks"},
    {"sandbox"},
    {"judge"},
    {"store"},
    {"grading"},
    {"bundle"},
    {"authoring"},
    {"intake"},
    {"report"},
    {"review"},
    {"cli"},
)
"""The rooms, ground floor first."""

TOP = {"__init__": -1, "__main__": len(FLOORS)}
"""The package's own modules: it knows no room; `python -m autograder` may know them all."""

MODULES = sorted(PACKAGE.rglob("*.py"))

IN_STUDENT_HANDS = {"torch", "numpy", "matplotlib", "safetensors"}
"""What a student's environment has, and what the helpers that students get may import."""


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports anywhere, inside functions too: line and dotted name."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, module
            # `from autograder import cli` names a room where `from x import y` names a thing.
            if module == "autograder":
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "autograder" and len(parts) > 1 else None


def floor(name: str) -> int | None:
    if name in TOP:
        return TOP[name]
    return next((level for level, rooms in enumerate(FLOORS) if name in rooms), None)


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_room_imports_only_rooms_below_it(path: Path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    own_floor = floor(own)
    assert own_floor is not None, f"{own} is no room of design.md: give it a floor there and here"

    for line, module in imported(path):
        other = room(module)
        if other is None or other == own or floor(other) is None:
            continue
        assert floor(other) < own_floor, f"{path}:{line}: {own} may not know {other} ({module})"


def test_every_room_that_is_imported_stands():
    for path in MODULES:
        for line, module in imported(path):
            if room(module) is None or module == "autograder.__version__":
                continue
            place = ROOT.joinpath(*module.split("."))
            assert place.is_dir() or place.with_suffix(".py").is_file(), (
                f"{path}:{line}: there is no {module}"
            )


@pytest.mark.parametrize("path", sorted((PACKAGE / "sandbox" / "guest").rglob("*.py")), ids=named)
def test_what_runs_behind_the_wall_imports_nothing_else_of_the_package(path: Path):
    for line, module in imported(path):
        assert room(module) is None or module.startswith("autograder.sandbox.guest"), (
            f"{path}:{line}: {module} does not exist behind the wall"
        )


@pytest.mark.parametrize(
    "path",
    [*sorted((PACKAGE / "checks").rglob("*.py")), PACKAGE / "judge" / "student.py"],
    ids=named,
)
def test_what_students_get_imports_only_what_students_have(path: Path):
    allowed = sys.stdlib_module_names | IN_STUDENT_HANDS
    for line, module in imported(path):
        own = module.startswith(("autograder.checks", "autograder.sandbox.guest"))
        assert own or module.split(".")[0] in allowed, f"{path}:{line}: students lack {module}"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_module_says_what_it_is(path: Path):
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert len(docstring.split()) >= 3, f"{path} has no docstring that says what it is"


def test_the_rule_sees_imports_inside_functions_and_relative_ones(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    module = tmp_path / "autograder" / "store" / "late.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        "from autograder import review\n"
        "def later():\n"
        "    from ..cli import main\n"
        "    from . import tables\n"
        "    import autograder.report.pages\n"
    )

    assert [room(name) for _, name in imported(module) if room(name)] == [
        "review",
        "cli",
        "store",
        "report",
    ]
