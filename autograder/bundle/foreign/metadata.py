"""Tests that stand in a notebook's metadata, as the test files that they would be."""

from __future__ import annotations

import json
import re

from autograder.errors import BundleError, UnreadableSubmission
from autograder.submission.model import Caps
from autograder.submission.notebook import parse_notebook

_NAME = re.compile(r"[\w. -]{1,100}")


def notebook_tests(data: bytes, where: str) -> dict[str, bytes]:
    """Test files by name; none where the notebook has no tests.

    Raises BundleError for tests of a form that otter never writes.
    """
    try:
        notebook = parse_notebook(data, where, Caps())
    except UnreadableSubmission:
        # One of the files that stand beside the hand-ins; what it is does not matter.
        return {}
    otter = _otter(notebook)
    tests = otter.get("tests")
    if not isinstance(tests, dict) or not tests:
        return {}
    return {
        f"{_checked(name, where)}.py": _as_file(test, bool(otter.get("OK_FORMAT")), where)
        for name, test in tests.items()
    }


def _otter(notebook: object) -> dict[str, object]:
    for key in ("metadata", "otter"):
        notebook = notebook.get(key) if isinstance(notebook, dict) else None
    return notebook if isinstance(notebook, dict) else {}


def _checked(name: str, where: str) -> str:
    if not _NAME.fullmatch(name):
        raise BundleError(
            f"a test in the metadata has the odd name {name[:40]!r}",
            where=where,
            remedy="Name questions with letters, digits and underscores.",
        )
    return name


def _as_file(test: object, ok_format: bool, where: str) -> bytes:
    if ok_format and isinstance(test, dict):
        # As JSON in a string: what stands there is data, whatever it looks like.
        text = f"import json\n\nOK_FORMAT = True\n\ntest = json.loads({json.dumps(test)!r})\n"
        return text.encode()
    if not ok_format and isinstance(test, str):
        # At the end, so that line numbers in messages stay those of the test.
        return f"{test}\nOK_FORMAT = False\n".encode()
    raise BundleError(
        "the tests in the notebook's metadata are of a form that otter does not write",
        where=where,
        remedy="Make the notebook anew with `otter assign`.",
    )
