"""What a bundle's tests are, found out behind the wall: a test file is code."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from autograder.assignment.models import Limits
from autograder.bundle.foreign.imports import GUEST_TESTS
from autograder.bundle.foreign.job import NO_FILES
from autograder.bundle.foreign.model import OtterBundle, OtterCase, OtterTest
from autograder.errors import BundleError, SandboxFault
from autograder.sandbox.server import one_sandbox
from autograder.sandbox.wall import Furniture, Wall
from autograder.submission.text import one_line

PIECE = 16 * 2**20
"""Bytes of a file that are sent at once: a frame has a limit."""


def describe_tests(
    bundle: OtterBundle, files: Mapping[str, bytes], wall: Wall
) -> tuple[OtterTest, ...]:
    """The tests with their cases and points. Raises BundleError where one can't be loaded."""
    warm = (GUEST_TESTS,)
    with one_sandbox(wall, Furniture(NO_FILES, warm), Limits()) as sandbox:
        try:
            process = sandbox.first.fork()
            for request in putting(files):
                process.ask(request)
            described = process.ask(
                ["otter", "describe", dict(bundle.test_files), list(bundle.stems)]
            )
        except SandboxFault as error:
            raise BundleError(
                f"the tests can't be loaded: {error.what}",
                where=bundle.path.name,
                remedy="Student code's environment needs otter: see `autograder doctor`.",
            ) from error
    return tuple(_test(it, bundle) for it in described)


def putting(files: Mapping[str, bytes]) -> Iterator[list[object]]:
    """The requests that write files beside a notebook."""
    for name, content in files.items():
        for start in range(0, len(content) or 1, PIECE):
            yield ["otter", "put", name, content[start : start + PIECE], start > 0]


def _test(described: Any, bundle: OtterBundle) -> OtterTest:
    where = f"{bundle.path.name}, tests/{described['stem']}.py"
    if "error" in described:
        raise BundleError(
            f"this test can't be loaded: {one_line(str(described['error']), 300)}",
            where=where,
            remedy="Otter itself could not grade anything with it; mend it or take it out.",
        )
    cases = []
    for name, hidden, points, success, failure in described["cases"]:
        if type(points) not in (int, float) or not math.isfinite(points):
            raise BundleError(
                f"the case {one_line(str(name), 80)} is worth {one_line(str(points), 40)}",
                where=where,
                remedy="Points are numbers.",
            )
        cases.append(
            OtterCase(str(name), bool(hidden), points, str(success or ""), str(failure or ""))
        )
    return OtterTest(
        described["stem"], str(described["name"]), tuple(cases), bool(described["whole"])
    )
