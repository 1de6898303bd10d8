"""The release: all that students get, as files; the same master gives the same bytes."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

from autograder.assignment.loading import Master
from autograder.authoring.answers import write_notebook
from autograder.authoring.master import Notebooks
from autograder.authoring.products import PACKAGE
from autograder.authoring.public_tests import moved, public_test_files, refuse_foreign_imports
from autograder.errors import AssignmentError

HELPERS = "course_checks"
"""The folder of helper modules that the tests in a release call."""


_ALWAYS = {
    "public": PACKAGE / "authoring" / "public.py",
    "student": PACKAGE / "judge" / "student.py",
    "space": PACKAGE / "sandbox" / "guest" / "space.py",
    "wire": PACKAGE / "sandbox" / "guest" / "wire.py",
}
"""What carries the fixture `student` into a notebook, by the module's name in the release."""


def write_release(master: Master, notebooks: Notebooks, folder: Path) -> None:
    """Write notebook, tests, helpers and requirements into an empty ``folder``.

    Raises AssignmentError where a public check needs what students don't have.
    """
    write_notebook(notebooks.template, folder / f"{master.name}.ipynb")
    requirements = "\n".join(master.assignment.environment)
    (folder / "requirements.txt").write_text(f"{requirements}\n", encoding="utf-8")
    tests = public_test_files(master)
    (folder / "tests").mkdir()
    for id, text in tests.items():
        (folder / "tests" / f"{id}.py").write_text(text, encoding="utf-8")
    (folder / HELPERS).mkdir()
    cells = (cell.source for cell in notebooks.template.cells if cell.cell_type == "code")
    calling = [source for source in cells if HELPERS in source]
    for name, text in helper_modules([*tests.values(), *calling]).items():
        (folder / HELPERS / f"{name}.py").write_text(text, encoding="utf-8")


def helper_modules(sources: list[str]) -> dict[str, str]:
    """The helper modules that these tests and cells import, and those that they import themselves.

    Only these go out: another helper may hold what a hidden check compares with.
    """
    available = dict(_ALWAYS)
    for path in sorted((PACKAGE / "checks").glob("*.py")):
        if path.stem in available:
            raise AssignmentError(
                f"two helper modules of a release would be called {path.stem}",
                where=str(path),
                remedy="Rename this one.",
            )
        available[path.stem] = path
    texts = {"__init__": '"""Helpers of the public checks: the files in `tests/` call them."""\n'}
    waiting = [*_ALWAYS, *(name for source in sources for name in _modules_named(source))]
    while waiting:
        name = waiting.pop()
        if name not in texts and name in available:
            texts[name] = moved(available[name].read_text(encoding="utf-8"))
            refuse_foreign_imports(f"{HELPERS}/{name}.py", texts[name])
            waiting += _modules_named(texts[name])
    return texts


def _modules_named(source: str) -> list[str]:
    """Names that are modules of the helper package, if they are modules at all."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name.removeprefix(f"{HELPERS}.") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").removeprefix(HELPERS).removeprefix(".")
            if node.level or str(node.module).split(".")[0] == HELPERS:
                names += [module] if module else [alias.name for alias in node.names]
    return names


def replace_folder(made: Path, target: Path) -> None:
    """Put a finished folder in the place of an older one."""
    if target.exists():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(made, target)
