"""What a student handed in, told apart from what otter laid beside it."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.bundle.handed_in import files_beside, hand_in, remove_what_was_handed_in
from autograder.sandbox.bare import remove_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A submission folder as otter leaves it before grading."""
    (tmp_path / "source" / "files" / "autograder").mkdir(parents=True)
    folder = tmp_path / "submission"
    for name in ("autograder/errors.py", "tests/README.txt", "__init__.py", "a.ipynb"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_a_notebook_alone_is_handed_on_as_it_is(folder: Path, tmp_path: Path) -> None:
    assert hand_in(folder / "a.ipynb", tmp_path) == folder / "a.ipynb"


def test_what_came_with_the_notebook_comes_along(folder: Path, tmp_path: Path) -> None:
    (folder / "a07.safetensors").write_bytes(b"weights")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "x.png").write_bytes(b"png")
    (folder / "a.pdf").write_bytes(b"pdf")
    (folder / "out.link").symlink_to("/etc/passwd")
    made = hand_in(folder / "a.ipynb", tmp_path)
    with zipfile.ZipFile(made) as archive:
        assert sorted(archive.namelist()) == ["a.ipynb", "a07.safetensors", "pictures/x.png"]
        assert archive.read("a07.safetensors") == b"weights"


def test_files_with_odd_names_and_times_come_along(folder: Path, tmp_path: Path) -> None:
    odd = folder / os.fsdecode(b"odd\xff.txt")
    odd.write_text("odd")
    os.utime(odd, (0, 0))
    with zipfile.ZipFile(hand_in(folder / "a.ipynb", tmp_path)) as archive:
        assert archive.namelist() == ["a.ipynb", "odd?.txt"]


def test_nothing_importable_is_left_for_the_kernel(folder: Path) -> None:
    for name in ("otter.py", "numpy/__init__.py", "usercustomize.py", "a.zip", "a.pdf"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("raise SystemExit")
    (folder / "torch").symlink_to("/usr")
    remove_what_was_handed_in(folder / "a.ipynb")
    assert sorted(path.name for path in folder.iterdir()) == [
        "a.ipynb", "a.pdf", "a.zip", "tests",
    ]  # fmt: skip
    assert Path("/usr").is_dir()


def test_a_script_is_emptied_since_otter_copies_it_out_later(folder: Path) -> None:
    script = folder / "pandas.py"
    script.write_text("raise SystemExit")
    remove_what_was_handed_in(script)
    assert script.read_text() == ""


def test_folders_nested_deeper_than_python_calls_functions_are_read_and_removed(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    deep = folder / "d"
    deep.mkdir()
    # pytest could not remove it.
    request.addfinalizer(lambda: remove_folder(deep))
    before = os.open(".", os.O_RDONLY)
    os.chdir(deep)
    for _ in range(sys.getrecursionlimit()):
        Path("d").mkdir()
        os.chdir("d")
    Path("x").write_text("deep")
    os.fchdir(before)
    os.close(before)
    [file] = files_beside(folder / "a.ipynb")
    assert file.read_text() == "deep"
    remove_what_was_handed_in(folder / "a.ipynb")
    assert not deep.exists()
