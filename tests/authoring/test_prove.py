"""Proving a tiny assignment through the real pipeline, once as it should be and once spoilt."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from autograder.assignment import load_master
from autograder.authoring.entries import Sort, entries_of
from autograder.authoring.master import make_notebooks
from autograder.cli.prove import command
from autograder.errors import AssignmentError

from .conftest import MINI

WRONG = """\
wrong:
  - name: never_divided
    sentence: Columns are centred and not scaled.
    question: q2_1
    expected: q2_1
    replace:
    - {find: "centred / deviation.clamp(min=1e-12)", with: "centred"}
  - name: smallest_first
    sentence: Values below the mean do not count.
    question: q2_2
    expected: q2_2
    replace:
    - {find: ".abs().amax(dim=0)", with: ".amax(dim=0)"}
  - name: rows_for_columns
    sentence: Rows are taken for columns, which gives another shape.
    question: q2_2
    expected: q2_2
    bug: shape
    replace:
    - {find: "amax(dim=0)", with: "amax(dim=1, keepdim=True)"}
"""
RIGHT = '"""With z-scores by var_mean."""\n\n# %% q2_1\n'
FINE = """\
def standardise(values):
    variance, mean = torch.var_mean(values, dim=0, correction=0)
    return (values - mean) * (variance + 1e-24).rsqrt()
"""
SPOILT = """\
wrong:
  - name: harmless
    sentence: It is as right as the reference.
    question: q2_1
    expected: q2_1
    replace:
    - {find: "1e-12", with: "2e-12"}
  - name: blamed_on_another
    sentence: Its question is the one before.
    question: q2_1
    expected: q2_2
    replace:
    - {find: "centred / deviation.clamp(min=1e-12)", with: "centred"}
  - name: caught_by_luck
    sentence: Wrong where the first value is above the mean.
    question: q2_1
    expected: q2_1
    replace:
    - find: "    return centred /"
      with: |2-
            if len(values) == 40 and values[0, 0] > values.mean():
                return centred
            return centred /
  - name: raises_unasked
    sentence: It divides by a name that is not there.
    question: q2_1
    expected: q2_1
    replace:
    - {find: "deviation.clamp", with: "deviations.clamp"}
"""
REFUSED = '''\
"""A list of columns, which the checks do not take."""

# %% q2_2
def furthest(values):
    return standardise(values).abs().amax(dim=0).tolist()
'''
FLAKY = '''

@pytest.mark.points(0)
@pytest.mark.hidden
@pytest.mark.hint("A line of the solution: deviation = values.std(dim=0, unbiased=False)")
def test_flaky(student, rng):
    """It fails now and then"""
    student.furthest(torch.ones(3, 2))
    assert rng.random() < 0.5
'''


@dataclass(frozen=True)
class Proved:
    root: Path
    ended: Result
    record: dict[str, Any]
    page: str

    def row(self, name: str) -> dict[str, Any]:
        rows = self.record["right"] + self.record["wrong"]
        return next(row for row in rows if row["name"] == name)


def make_master(root: Path, wrong: str, right: dict[str, str]) -> Path:
    folder = root / "solutions" / "t01-mini"
    shutil.copytree(MINI, folder)
    (folder / "mutants" / "right").mkdir(parents=True)
    (folder / "mutants" / "wrong.yml").write_text(wrong)
    for name, text in right.items():
        (folder / "mutants" / "right" / f"{name}.py").write_text(text)
    return folder


def run(root: Path, *options: str) -> Proved:
    arguments = ["t01-mini", "--jobs", "2", "--json", "out.json", "--page", "out.html", *options]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        ended = CliRunner(catch_exceptions=False).invoke(command, arguments)
    record = json.loads((root / "out.json").read_text())
    return Proved(root, ended, record, (root / "out.html").read_text())


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Proved:
    root = tmp_path_factory.mktemp("good")
    make_master(root, WRONG, {"var_mean": RIGHT + FINE})
    return run(root, "--seeds", "3")


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Proved:
    root = tmp_path_factory.mktemp("spoilt")
    folder = make_master(root, SPOILT, {"refused": REFUSED})
    checks = folder / "checks" / "test_q2_2.py"
    checks.write_text(checks.read_text() + FLAKY)
    return run(root, "--seeds", "12")


@pytest.mark.slow
def test_good_master_is_proved(good: Proved) -> None:
    assert good.ended.exit_code == 0, good.ended.output
    assert "Proved: 2 of 2 right solutions with full points, 3 of 3 wrong ones" in " ".join(
        good.ended.output.split()
    )
    assert {row["name"] for row in good.record["right"]} == {"reference", "var_mean"}
    assert all(row["score"] == row["max_score"] for row in good.record["right"])
    assert all(row["caught"] and not row["faults"] for row in good.record["wrong"])
    assert good.record["leaks"] == []


@pytest.mark.slow
def test_stand_in_earns_what_builds_on_a_wrong_piece_and_never_the_piece_itself(
    good: Proved,
) -> None:
    for name in ("never_divided", "blank_q2_1"):
        row = good.row(name)
        assert set(row["lost"]) == {"q2_1"}
        assert set(row["with_stand_ins"]) == {"q2_2"}


@pytest.mark.slow
def test_check_that_catches_nothing_alone_is_reported_and_costs_nothing(good: Proved) -> None:
    idle = {(it["question"], it["check"]) for it in good.record["checks_that_catch_nothing"]}
    assert ("q2_1", "test_unchanged") in idle
    assert ("q2_2", "test_negative") not in idle


@pytest.mark.slow
def test_spoilt_master_is_not_proved(spoilt: Proved) -> None:
    assert spoilt.ended.exit_code == 1
    assert "Not proved" in spoilt.ended.output
    assert "Not proved" in spoilt.page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("harmless", "q2_1 does not catch it"),
        ("blamed_on_another", "q2_1 takes 2.5 points for it, by test_example, test_random"),
        ("blamed_on_another", "q2_2 does not catch it"),
        ("caught_by_luck", "q2_1 does not catch it"),
        ("raises_unasked", "it raises, which is not its bug"),
        ("refused", "q2_2: a right solution fails test_example"),
        ("reference", "q2_2: test_flaky fails with"),
    ],
)
def test_every_fault_is_told_of(spoilt: Proved, name: str, fault: str) -> None:
    faults = spoilt.row(name)["faults"]
    if name == "reference":
        # Whether the first draw passes is chance; that some do and some don't is not.
        assert any("test_flaky" in found for found in faults), faults
    else:
        assert any(found.startswith(fault) for found in faults), faults


@pytest.mark.slow
def test_hint_that_tells_the_solution_is_a_leak(spoilt: Proved) -> None:
    assert any("test_flaky" in leak["where"] for leak in spoilt.record["leaks"])


@pytest.mark.slow
@pytest.mark.long
def test_leak_in_the_release_is_found(tmp_path: Path) -> None:
    make_master(tmp_path, WRONG, {})
    only = ["--seeds", "1", "--only", "never_divided"]
    run(tmp_path, *only)
    release = tmp_path / "assignments" / "t01-mini"
    (release / "notes.txt").write_text("deviation = values.std(dim=0, unbiased=False)\n")
    proved = run(tmp_path, *only)
    assert proved.ended.exit_code == 1
    assert [leak["where"] for leak in proved.record["leaks"]] == ["notes.txt"]
    assert {row["name"] for row in proved.record["wrong"]} == {"never_divided"}


@pytest.mark.slow
def test_what_an_earlier_proof_graded_is_not_graded_again(good: Proved) -> None:
    again = run(good.root, "--seeds", "3")
    assert again.ended.exit_code == 0
    assert "7 solutions as an earlier proof graded them" in " ".join(again.ended.output.split())
    assert "7 solutions are shown as an earlier proof graded them" in again.page
    for kind in ("right", "wrong"):
        assert all(row["kept"] for row in again.record[kind])
        assert [row | {"kept": False} for row in again.record[kind]] == good.record[kind]
    assert again.record["checks"] == good.record["checks"]
    anew = run(good.root, "--seeds", "3", "--only", "never_divided", "--anew")
    assert not any(row["kept"] for row in anew.record["right"] + anew.record["wrong"])


@pytest.mark.slow
def test_fault_is_found_where_the_rest_was_proved_before(tmp_path: Path) -> None:
    checks = make_master(tmp_path, WRONG, {}) / "checks" / "test_q2_2.py"
    only = ["--seeds", "8", "--only", "never_divided"]
    assert run(tmp_path, *only).ended.exit_code == 0
    before = checks.read_text()
    checks.write_text(before + FLAKY)
    for _ in range(2):
        proved = run(tmp_path, *only)
        assert proved.ended.exit_code == 1
        assert any("test_flaky" in fault for fault in proved.row("reference")["faults"])
        assert not proved.row("reference")["kept"], "what has a fault is tried again"
    checks.write_text(before)
    proved = run(tmp_path, *only)
    assert proved.ended.exit_code == 0
    assert proved.row("reference")["kept"], "what was found before the fault still holds"


def test_edit_that_no_longer_fits_names_file_and_line(tmp_path: Path) -> None:
    folder = make_master(tmp_path, WRONG.replace(".abs().amax(dim=0)", ".gone()"), {})
    master = load_master(folder)
    with pytest.raises(AssignmentError, match=r"wrong\.yml:8: smallest_first: '\.gone\(\)' occurs"):
        entries_of(master, make_notebooks(master))


def test_entries_are_the_reference_right_blank_and_wrong_ones(tmp_path: Path) -> None:
    master = load_master(make_master(tmp_path, WRONG, {"var_mean": RIGHT + FINE}))
    notebooks = make_notebooks(master)
    entries = entries_of(master, notebooks)
    assert [(entry.name, entry.sort) for entry in entries] == [
        ("reference", Sort.REFERENCE),
        ("var_mean", Sort.RIGHT),
        ("blank_q2_1", Sort.BLANK),
        ("blank_q2_2", Sort.BLANK),
        ("never_divided", Sort.WRONG),
        ("smallest_first", Sort.WRONG),
        ("rows_for_columns", Sort.WRONG),
    ]
    with pytest.raises(AssignmentError, match="there is no solution nobody"):
        entries_of(master, notebooks, ["nobody"])
