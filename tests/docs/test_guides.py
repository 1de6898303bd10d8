"""The guides say what is so: fields, columns, commands and links exist, and none is left out."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import yaml
from pydantic import BaseModel

from autograder.assignment import models
from autograder.authoring.mutants import Replacement, WrongSolution
from autograder.cli.main import COMMANDS, cli
from autograder.report import gradebook
from autograder.report.marks import reading, sheet
from autograder.results import Ending

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FORMATS = (ROOT / "docs" / "formats.md").read_text()

DESCRIBED: tuple[type[BaseModel], ...] = (
    models.Assignment,
    models.Question,
    models.Limits,
    models.Training,
    models.ReviewData,
    models.Matching,
    models.MatchingRow,
    models.SingleChoice,
    models.ChoiceOption,
    models.Numeric,
    models.NumericPart,
    models.Rubric,
    models.RubricItem,
    WrongSolution,
    Replacement,
)

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CALL = re.compile(r"autograder ((?:[a-z]+)\b[^`\n]*)")


@pytest.mark.parametrize("model", DESCRIBED, ids=lambda model: model.__name__)
def test_every_field_of_a_master_is_described(model: type[BaseModel]):
    names = [field.alias or name for name, field in model.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in FORMATS and name != "type"] == []


@pytest.mark.parametrize("model", DESCRIBED, ids=lambda model: model.__name__)
def test_every_default_is_the_one_described(model: type[BaseModel]):
    for name, field in model.model_fields.items():
        default = field.default
        if isinstance(default, (int, float)) and not isinstance(default, bool):
            rows = re.findall(rf"^\| (?:`\w+`, )*`{name}`(?:, `\w+`)* \| ([^|]+) \|", FORMATS, re.M)
            assert f"{default:g}" in rows, f"{name} is {default:g} by default; formats.md: {rows}"


@pytest.mark.parametrize(
    "columns",
    [gradebook.COLUMNS, reading.COLUMNS, sheet.COLUMNS, tuple(Ending)],
    ids=["gradebook", "marks", "marking sheet", "status"],
)
def test_every_column_and_status_is_described(columns: tuple[str, ...]):
    assert [name for name in columns if f"`{name}`" not in FORMATS] == []


def test_every_field_of_a_results_file_is_described():
    source = (ROOT / "autograder" / "report" / "results_json.py").read_text()
    written = re.findall(r'^\s+"(\w+)":', source, re.M)

    assert len(written) > 30
    assert [name for name in written if f"`{name}`" not in FORMATS] == []


def test_every_command_is_described():
    assert [name for name in COMMANDS if f"`autograder {name}" not in FORMATS] == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_command_in_a_guide_exists(guide: Path):
    code = re.findall(r"```(?:\n.*?```)|`[^`]+`", guide.read_text(), re.S)
    for words in (call.split() for call in CALL.findall("\n".join(code).replace("\n--", " --"))):
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None, f"there is no `autograder {words[0]}`"
        known = {option for parameter in command.params for option in parameter.opts}
        asked = {word.strip("[]") for word in words if word.lstrip("[").startswith("--")}
        assert asked <= known, f"autograder {words[0]} does not know {asked - known}"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(guide: Path):
    for target in LINK.findall(guide.read_text()):
        if target.startswith("https://"):
            continue
        path, _, part = target.partition("#")
        file = guide.parent / path if path else guide
        assert file.exists(), f"{guide.name}: {target}"
        if part:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.M)
            anchors = {
                re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings
            }
            assert part in anchors, f"{guide.name}: {target}"


def test_the_limits_that_students_read_are_those_of_the_assignment():
    master = ROOT / "solutions" / "a07-attention"
    limits = models.Limits.model_validate(
        yaml.safe_load((master / "assignment.yml").read_text())["limits"]
    )
    text = (ROOT / "docs" / "student.md").read_text()
    told = dict(re.findall(r"^\| ([^|]+?) \| (\d[^|]*?) \|$", text, re.M))

    assert told == {
        "one cell": f"{limits.cell_seconds / 60:g} minute",
        "the training cell, where no model was handed in": (
            f"{limits.training_seconds / 60:g} minutes"
        ),
        "the whole notebook": f"{limits.submission_seconds / 60:g} minutes",
        "memory": f"{limits.memory_mb / 1024:g} GB",
        "what one cell prints": f"{limits.output_mb:g} MB",
        "the model's file": f"{limits.checkpoint_mb} MB",
    }
