"""From a bundle's zip and the hand-ins at hand to a job that grades them."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from autograder import __version__
from autograder.bundle.foreign.assignment import assignment_of
from autograder.bundle.foreign.hand_in import read_hand_in
from autograder.bundle.foreign.imports import ALWAYS_WARM, modules_to_warm
from autograder.bundle.foreign.job import BundleJob
from autograder.bundle.foreign.metadata import notebook_tests
from autograder.bundle.foreign.model import OtterBundle, OtterCase, OtterTest
from autograder.bundle.foreign.reading import read_bundle, read_files
from autograder.errors import BundleError, UnreadableSubmission
from autograder.sandbox.choice import choose_wall
from autograder.sandbox.wall import cache_folder

OTTER = importlib.metadata.version("otter-grader")

FORMAT = 1
"""Of what the cache holds."""

LOOKED_AT = 20
"""Hand-ins whose imports are looked at: a class imports much the same."""


def prepare(path: Path, hand_ins: Sequence[Path], wish: str, cell_seconds: float) -> BundleJob:
    """Read the bundle at ``path`` and find out what its tests are.

    The tests are loaded behind the wall of the name ``wish``. A cell, and the tests of a question,
    may take ``cell_seconds``. Raises BundleError, and WallError where there is no such wall.
    """
    bundle = read_bundle(path)
    if not bundle.stems:
        bundle = _with_tests_of_the_class(bundle, hand_ins)
    files = read_files(bundle)
    tests = _known_tests(bundle, files, wish)
    sources = [
        data.decode("utf-8", "replace")
        for data in (bundle.test_files[f"{stem}.py"] for stem in bundle.stems)
    ]
    warm = modules_to_warm(sources, _sources(hand_ins[:LOOKED_AT]))
    assignment = assignment_of(bundle, tests, files, cell_seconds)
    made_of = (bundle.digest, bundle.test_files, OTTER, __version__, cell_seconds)
    build_hash = hashlib.sha256(repr(made_of).encode()).hexdigest()
    ready = tuple(dict.fromkeys((*ALWAYS_WARM, *warm)))
    return BundleJob(bundle, tests, assignment, build_hash, ready)


def _known_tests(
    bundle: OtterBundle, files: Mapping[str, bytes], wish: str
) -> tuple[OtterTest, ...]:
    """The tests; from the cache where this bundle was seen before: to load them takes seconds."""
    made_of = (FORMAT, bundle.digest, bundle.test_files, OTTER, sys.version)
    key = hashlib.sha256(repr(made_of).encode()).hexdigest()
    file = cache_folder() / "bundles" / f"{key}.json"
    try:
        return tuple(
            OtterTest(**{**test, "cases": tuple(OtterCase(**case) for case in test["cases"])})
            for test in json.loads(file.read_text())
        )
    except (OSError, ValueError, TypeError, KeyError):
        # Not seen before, or what was kept is damaged.
        from autograder.bundle.foreign.sandboxed import describe_tests

        tests = describe_tests(bundle, files, choose_wall(wish))
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = file.with_suffix(f".{os.getpid()}")
    kept.write_text(json.dumps([asdict(test) for test in tests]))
    kept.replace(file)
    return tests


def _with_tests_of_the_class(bundle: OtterBundle, hand_ins: Sequence[Path]) -> OtterBundle:
    """The bundle with the tests that most notebooks of the class carry in their metadata.

    Otter writes public tests there. A single student who changes theirs changes nothing.
    """
    carried = Counter(tests for path in hand_ins if (tests := _carried(path)))
    if not carried:
        raise BundleError(
            "the bundle has no tests, and no hand-in carries any",
            where=bundle.path.name,
            remedy="It needs tests/*.py; `otter assign` writes them.",
        )
    [(tests, count)] = carried.most_common(1)
    if 2 * count <= carried.total():
        raise BundleError(
            "the bundle has no tests, and the hand-ins do not agree on theirs",
            where=bundle.path.name,
            remedy="It needs tests/*.py; `otter assign` writes them.",
        )
    origin = (
        f"The bundle has no tests: those in the metadata of {count} of {len(hand_ins)} hand-ins "
        "are used."
    )
    return replace(bundle, test_files=dict(tests), origin=origin)


def _carried(path: Path) -> tuple[tuple[str, bytes], ...]:
    try:
        content = read_hand_in(path).content
        return tuple(sorted(notebook_tests(content, path.name).items()))
    except (UnreadableSubmission, BundleError):
        # One hand-in that can't be read has no say.
        return ()


def _sources(paths: Sequence[Path]) -> Iterator[str]:
    for path in paths:
        try:
            cells = read_hand_in(path).cells
        except UnreadableSubmission:
            # It is told of where it is graded.
            continue
        yield "\n".join(cell.source for cell in cells)
