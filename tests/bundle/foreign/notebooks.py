"""Writing notebooks, masters for `otter assign`, and hand-written bundles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell


def clean(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


def notebook(cells: Sequence[Any], metadata: dict[str, Any] | None = None) -> nbformat.NotebookNode:
    """A notebook of cells: text is code, and a cell is itself."""
    made = [new_code_cell(clean(cell)) if isinstance(cell, str) else cell for cell in cells]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=made, metadata={**kernel, **(metadata or {})})


def write(path: Path, cells: Sequence[Any], metadata: dict[str, Any] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(cells, metadata), path)
    return path


def raw(text: str) -> nbformat.NotebookNode:
    return new_raw_cell(clean(text))


def question(config: str, solution: str, *tests: str) -> list[nbformat.NotebookNode]:
    """A question of a master, in the marks of `otter assign`."""
    return [
        raw(f"# BEGIN QUESTION\n{clean(config)}"),
        new_markdown_cell("Answer this."),
        raw("# BEGIN SOLUTION"),
        new_code_cell(clean(solution)),
        raw("# END SOLUTION"),
        raw("# BEGIN TESTS"),
        *(new_code_cell(clean(test)) for test in tests),
        raw("# END TESTS"),
        raw("# END QUESTION"),
    ]


def assign(folder: Path, name: str, cells: Sequence[Any], files: Mapping[str, str]) -> Path:
    """Run `otter assign` on a master; the bundle's zip."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content)
    master = write(folder / f"{name}.ipynb", cells)
    subprocess.run(
        [sys.executable, "-m", "otter", "assign", str(master), str(folder / "made"), "--no-pdfs"],
        cwd=folder,
        env=os.environ,
        check=True,
        capture_output=True,
    )
    [bundle] = folder.glob("made/autograder/*-autograder_*.zip")
    return bundle


def by_hand(
    path: Path,
    config: Mapping[str, Any] | None,
    tests: Mapping[str, str],
    files: Mapping[str, str] | None = None,
) -> Path:
    """A bundle as otter 5 and 6 wrote it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("run_autograder", "#!/usr/bin/env bash\n")
        archive.writestr("setup.sh", "#!/usr/bin/env bash\n")
        archive.writestr("environment.yml", "name: otter-env\n")
        if config is not None:
            archive.writestr("otter_config.json", json.dumps(config))
        for name, content in tests.items():
            archive.writestr(f"tests/{name}", clean(content) + "\n")
        for name, content in (files or {}).items():
            archive.writestr(f"files/{name}", content)
    return path


def ok_test(name: str, cases: Sequence[Mapping[str, Any]], **fields: Any) -> str:
    """The source of a test in the OK format; `code` of a case is a doctest."""
    suites = [{"cases": list(cases), "scored": True, "type": "doctest"}]
    test = {"name": name, "suites": suites, **fields}
    return f"OK_FORMAT = True\n\ntest = {test!r}\n"
