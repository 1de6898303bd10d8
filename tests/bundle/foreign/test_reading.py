"""Reading a bundle's zip, and what it says of its tests."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from autograder.bundle.foreign.metadata import notebook_tests
from autograder.bundle.foreign.preparing import prepare
from autograder.bundle.foreign.reading import read_bundle, read_files, remarks
from autograder.errors import BundleError

from .notebooks import by_hand, notebook, ok_test, write

TEST = {"q1.py": ok_test("q1", [{"code": ">>> 1\n1"}])}


def test_tests_files_and_configuration_are_read(tmp_path: Path):
    path = by_hand(tmp_path / "b.zip", {"seed": 5}, TEST | {"data.npy": "x"}, {"a/b.txt": "c"})
    bundle = read_bundle(path)
    assert bundle.stems == ("q1",)
    assert set(bundle.material) == {"data.npy"}
    assert bundle.seed == 5
    assert read_files(bundle) == {"a/b.txt": b"c"}


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({"lang": "r"}, "for r, not for Python"),
        ({"grade_from_log": True}, "students' logs"),
        ({"plugins": ["autograder.bundle.plugin.AutograderPlugin"]}, "made by autograder itself"),
    ],
)
def test_what_only_otter_can_do_is_refused(tmp_path: Path, config: dict[str, object], what: str):
    with pytest.raises(BundleError, match=what):
        read_bundle(by_hand(tmp_path / "b.zip", config, TEST))


def test_what_is_left_undone_is_said(tmp_path: Path):
    plugins = [{"otter.plugins.builtin.RateLimiting": {"days": 1}}, "a.B"]
    path = by_hand(tmp_path / "b.zip", {"plugins": plugins, "token": "secret"}, TEST)
    said = " ".join(remarks(read_bundle(path)))
    assert "otter.plugins.builtin.RateLimiting, a.B" in said
    assert "Gradescope" in said
    assert "secret" not in said


def test_a_file_outside_of_the_zip_is_refused(tmp_path: Path):
    path = by_hand(tmp_path / "b.zip", {}, TEST, {"../../escape.txt": "x"})
    with pytest.raises(BundleError, match="outside"):
        read_bundle(path)


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04broken"])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "b.zip"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="no zip that can be read"):
        read_bundle(path)


def test_a_zip_of_something_else_is_refused(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(BundleError, match="no otter bundle"):
        read_bundle(tmp_path / "b.zip")


def test_without_tests_those_in_a_notebooks_metadata_are_taken(tmp_path: Path):
    tests = {"q1": {"name": "q1", "suites": [{"cases": [{"code": ">>> x\n'''"}]}]}}
    made = notebook(["x = 1"], {"otter": {"OK_FORMAT": True, "tests": tests}})
    path = by_hand(tmp_path / "b.zip", {}, {}, {"lab.ipynb": json.dumps(made)})
    bundle = read_bundle(path)
    names: dict[str, object] = {}
    exec(bundle.test_files["q1.py"], names)
    assert names["test"] == tests["q1"]
    assert names["OK_FORMAT"] is True


def test_tests_that_raise_keep_their_lines_when_they_come_from_metadata():
    source = "from otter.test_files import test_case\nname = 'q1'"
    made = notebook([], {"otter": {"OK_FORMAT": False, "tests": {"q1": source}}})
    files = notebook_tests(json.dumps(made).encode(), "x")
    assert files["q1.py"].decode().startswith(source)
    names: dict[str, object] = {}
    exec(files["q1.py"], names)
    assert names["OK_FORMAT"] is False


def test_a_test_of_an_odd_name_is_refused():
    made = notebook([], {"otter": {"OK_FORMAT": False, "tests": {"../q1": "pass"}}})
    with pytest.raises(BundleError, match="odd name"):
        notebook_tests(json.dumps(made).encode(), "x")


def carrying(folder: Path, name: str, code: str) -> Path:
    tests = {"q1": {"name": "q1", "suites": [{"cases": [{"code": code, "hidden": False}]}]}}
    return write(folder / name, ["x = 1"], {"otter": {"OK_FORMAT": True, "tests": tests}})


@pytest.mark.slow
def test_without_any_the_tests_that_most_hand_ins_carry_are_taken(tmp_path: Path):
    path = by_hand(tmp_path / "b.zip", {}, {})
    honest = [carrying(tmp_path, f"{name}.ipynb", ">>> x\n1\n") for name in "abc"]
    cheat = carrying(tmp_path, "d.ipynb", ">>> 1\n1\n")
    job = prepare(path, [cheat, *honest], "auto", 5)
    assert job.bundle.origin.startswith("The bundle has no tests: those in the metadata of 3 of 4")
    assert b">>> x" in job.bundle.test_files["q1.py"]


def test_tests_that_the_class_does_not_agree_on_are_not_taken(tmp_path: Path):
    path = by_hand(tmp_path / "b.zip", {}, {})
    two = [carrying(tmp_path, f"{code}.ipynb", f">>> {code}\n1\n") for code in "xy"]
    with pytest.raises(BundleError, match="do not agree"):
        prepare(path, two, "none", 5)
    with pytest.raises(BundleError, match="no hand-in carries any"):
        prepare(path, [], "none", 5)
