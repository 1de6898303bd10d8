"""Reading a bundle's zip: nothing is unpacked or run, and what otter could not use is refused."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.bundle.foreign.metadata import notebook_tests
from autograder.bundle.foreign.model import OtterBundle
from autograder.errors import BundleError
from autograder.submission.text import one_line

MAX_ENTRIES = 20_000
MAX_TESTS_BYTES = 64 * 2**20
"""All that stands below tests/."""
MAX_FILES_BYTES = 2 * 2**30
"""All that stands below files/."""
OURS = "autograder.bundle.plugin.AutograderPlugin"

_DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError)


def read_bundle(path: Path) -> OtterBundle:
    """Read an otter bundle, a Python one of otter 5, 6 or 7.

    Where it has no tests/, the tests are those in the metadata of a notebook in it; there may be
    none. Raises BundleError for what is no bundle, and for what only otter itself can do.
    """
    where = path.name
    try:
        data = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            entries = _entries(archive, where)
            config = _config(archive, entries, where)
            tests = _below("tests/", archive, entries, MAX_TESTS_BYTES, where)
            notebook = None if tests else _tests_of_a_notebook(archive, entries, where)
    except _DAMAGED as error:
        raise BundleError(
            f"this is no zip that can be read ({error})",
            where=where,
            remedy="Name the zip that `otter assign` or `otter generate` wrote.",
        ) from error
    origin = ""
    if not tests and notebook:
        tests, name = notebook
        origin = f"The tests are those in the metadata of {one_line(name, 100)}."
    return OtterBundle(path.resolve(), hashlib.sha256(data).hexdigest(), config, tests, origin)


def read_files(bundle: OtterBundle) -> dict[str, bytes]:
    """What the bundle puts beside each notebook, by path. Raises BundleError for a damaged zip."""
    where = bundle.path.name
    try:
        with zipfile.ZipFile(bundle.path) as archive:
            entries = _entries(archive, where)
            return _below("files/", archive, entries, MAX_FILES_BYTES, where)
    except _DAMAGED as error:
        raise BundleError(
            f"the bundle can no longer be read ({error})",
            where=where,
            remedy="Leave it as it is while a class is graded.",
        ) from error


def remarks(bundle: OtterBundle) -> Iterator[str]:
    """What a person should know of the tests and of what is not done, a sentence each."""
    if bundle.origin:
        yield bundle.origin
    plugins = [name for entry in bundle.config.get("plugins") or [] for name in _names(entry)]
    if plugins:
        yield f"Its plugins are not run: {', '.join(plugins)}."
    if bundle.config.get("token"):
        yield "Nothing is uploaded to Gradescope."
    if bundle.config.get("pdf") or bundle.config.get("token"):
        yield "No PDFs are made."


def _names(plugin: object) -> list[str]:
    names = list(plugin) if isinstance(plugin, dict) else [plugin]
    return [one_line(str(name), 100) for name in names]


def _entries(archive: zipfile.ZipFile, where: str) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise BundleError(
            f"the zip has more than {MAX_ENTRIES:,} files", where=where, remedy="Leave some out."
        )
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        path = PurePosixPath(info.filename)
        if info.is_dir() or not path.parts:
            continue
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
            raise BundleError(
                f"the zip has a file outside of its folder: {one_line(info.filename, 80)}",
                where=where,
                remedy="Don't use this bundle: otter would not make one like it.",
            )
        if stat.S_ISLNK(info.external_attr >> 16):
            continue
        entries[path.as_posix()] = info
    return entries


def _below(
    folder: str,
    archive: zipfile.ZipFile,
    entries: dict[str, zipfile.ZipInfo],
    limit: int,
    where: str,
) -> dict[str, bytes]:
    found = {name: info for name, info in entries.items() if name.startswith(folder)}
    if sum(info.file_size for info in found.values()) > limit:
        raise BundleError(
            f"{folder} unpacks to more than {limit / 2**20:,.0f} MB",
            where=where,
            remedy="Leave large data out of the bundle.",
        )
    return {name.removeprefix(folder): archive.read(info) for name, info in found.items()}


def _config(
    archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], where: str
) -> dict[str, Any]:
    if "otter_config.json" not in entries:
        if any(name.startswith("tests/") for name in entries):
            return {}
        raise BundleError(
            "the zip is no otter bundle: it has neither otter_config.json nor tests/",
            where=where,
            remedy="Name the zip that `otter assign` or `otter generate` wrote.",
        )
    config = json.loads(archive.read(entries["otter_config.json"]).decode("utf-8-sig"))
    if not isinstance(config, dict):
        raise BundleError(
            "otter_config.json is not an object", where=where, remedy="Make the bundle anew."
        )
    if config.get("lang", "python") != "python":
        raise BundleError(
            f"the bundle is for {one_line(str(config['lang']), 20)}, not for Python",
            where=where,
            remedy="Grade it with `otter grade`.",
        )
    if config.get("grade_from_log"):
        raise BundleError(
            "the bundle grades from students' logs, which are pickles that run code when read",
            where=where,
            remedy="Set `grade_from_log: false`, or grade it with `otter grade`.",
        )
    if any(OURS in _names(plugin) for plugin in config.get("plugins") or []):
        raise BundleError(
            "this bundle was made by autograder itself",
            where=where,
            remedy="Grade its assignment by name: `autograder grade NAME DIR --out OUT`.",
        )
    return config


def _tests_of_a_notebook(
    archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], where: str
) -> tuple[dict[str, bytes], str] | None:
    """The tests, and the name of the notebook that has them."""
    for name in sorted(entries):
        if name.endswith(".ipynb"):
            tests = notebook_tests(archive.read(entries[name]), f"{where}, {name}")
            if tests:
                return tests, name
    return None
