"""The products of a build."""

from __future__ import annotations

import filecmp
import json
import zipfile
from pathlib import Path

import pytest

from autograder.assignment import load_master
from autograder.assignment.kit import build_record, hash_of_folder, load_kit
from autograder.authoring.build import build
from autograder.authoring.master import make_notebooks
from autograder.authoring.products import ensure_built, products
from autograder.authoring.release import write_release
from autograder.errors import AssignmentError

from .conftest import MINI, Built

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
MASTERS = sorted(path.parent for path in (ROOT / "solutions").glob("*/assignment.yml"))


def files_below(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


@pytest.mark.parametrize("master", MASTERS, ids=lambda path: path.name)
def test_the_committed_release_is_in_step_with_its_master(master: Path, tmp_path: Path) -> None:
    loaded = load_master(master)
    write_release(loaded, make_notebooks(loaded), tmp_path)
    committed = ROOT / "assignments" / master.name
    made = files_below(tmp_path)
    assert made == files_below(committed)
    _, different, unreadable = filecmp.cmpfiles(tmp_path, committed, made, shallow=False)
    assert not different + unreadable, f"run `autograder build {master.name}` and commit"


def test_a_rebuild_is_byte_identical(mini: Built, tmp_path: Path) -> None:
    build(MINI, tmp_path)
    again = products("t01-mini", tmp_path)
    assert again.bundle.read_bytes() == mini.places.bundle.read_bytes()
    assert again.student_zip.read_bytes() == mini.places.student_zip.read_bytes()
    assert hash_of_folder(again.release) == hash_of_folder(mini.places.release)
    assert load_kit(again.kit).build_hash == mini.kit.build_hash


def test_the_students_zip_is_the_release_in_a_folder(mini: Built) -> None:
    with zipfile.ZipFile(mini.places.student_zip) as archive:
        names = sorted(archive.namelist())
    assert names == [f"t01-mini/{name}" for name in files_below(mini.places.release)]


def test_the_kit_is_whole(mini: Built) -> None:
    kit = load_kit(mini.places.kit)
    assert build_record(kit.folder) == {
        "build": kit.build_hash,
        "questions": dict(kit.question_hashes),
    }
    assert kit.template.read_bytes() == (mini.places.release / "t01-mini.ipynb").read_bytes()
    assert (kit.files / "tests" / "q2_1.py").is_file()
    assert not list(kit.files.glob("*.ipynb"))
    assert (kit.folder / "stand_ins" / "q2_1.py").is_file()
    assert "test_random" in (kit.master.checks / "test_q2_1.py").read_text()


def test_a_kit_is_built_anew_only_where_its_master_has_changed(
    master_folder: Path, tmp_path: Path
) -> None:
    solutions = tmp_path / "root" / "solutions" / "t01-mini"
    solutions.parent.mkdir(parents=True)
    master_folder.rename(solutions)
    root = tmp_path / "root"
    first = ensure_built("t01-mini", root)
    stamp = (first.folder / "build.json").stat().st_mtime_ns
    assert ensure_built("t01-mini", root).build_hash == first.build_hash
    assert (first.folder / "build.json").stat().st_mtime_ns == stamp
    checks = solutions / "checks" / "test_q2_2.py"
    checks.write_text(checks.read_text().replace("-1e3", "-2e3"))
    second = ensure_built("t01-mini", root)
    changed = [
        id for id, hash in second.question_hashes.items() if hash != first.question_hashes[id]
    ]
    assert (second.build_hash, changed) == (first.build_hash, ["q2_2"])
    assert "-2e3" in (second.master.checks / "test_q2_2.py").read_text()


def test_an_unknown_assignment_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "solutions" / "a01-one").mkdir(parents=True)
    (tmp_path / "solutions" / "a01-one" / "assignment.yml").write_text("")
    with pytest.raises(AssignmentError, match="There are: a01-one"):
        ensure_built("a99-none", tmp_path)


def test_notebooks_carry_no_trace_of_the_build(mini: Built) -> None:
    notebook = json.loads((mini.places.release / "t01-mini.ipynb").read_text())
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "otter": {"assignment_name": "t01-mini"},
    }
