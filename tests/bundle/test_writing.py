"""What is in the zip, and what of it student code could reach."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from autograder.assignment.kit import load_kit
from autograder.bundle.writing import PLUGIN, container_requirements, pack, unpack
from autograder.errors import BundleError

from .conftest import MINI

pytestmark = pytest.mark.slow

HEAVY = ("sqlalchemy", "rich", "click", "jinja2", "jupytext", "otter", "pandas", "nbconvert")
"""What grading in a container must not need."""


@pytest.fixture(scope="module")
def entries(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_is_an_otter_zip(entries: dict[str, bytes]) -> None:
    expected = {"run_autograder", "run_otter.py", "setup.sh", "environment.yml"}
    assert expected | {"otter_config.json"} <= entries.keys()
    assert any(name.startswith("tests/") for name in entries)


def test_nothing_hidden_is_in_what_is_copied_beside_the_submission(
    entries: dict[str, bytes],
) -> None:
    hidden = (MINI / "checks" / "test_q2_1.py").read_text().split("\n")
    lines = [line.strip() for line in hidden if len(line.strip()) > 40]
    for name, data in entries.items():
        if name != "otter_config.json":
            assert not [line for line in lines if line.encode() in data], name
            assert "quiz.yml" not in name
    assert not [name for name in entries if name.startswith("tests/") and name.endswith(".py")]


def test_the_kit_travels_in_the_plugins_configuration(
    entries: dict[str, bytes], tmp_path: Path
) -> None:
    (plugin,) = json.loads(entries["otter_config.json"])["plugins"]
    unpack(plugin[PLUGIN]["kit"], tmp_path)
    assert (tmp_path / "checks" / "test_q2_1.py").read_bytes() == (
        MINI / "checks" / "test_q2_1.py"
    ).read_bytes()


def test_a_damaged_kit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text("x" * 1000)
    packed = pack(tmp_path / "a")
    for damaged in (packed[:-40], "not base64!", base64.b64encode(b"no zip").decode()):
        with pytest.raises(BundleError, match="damaged"):
            unpack(damaged, tmp_path / "b")


def test_grading_in_a_container_needs_few_packages(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "zip")
    code = (
        "import sys, json\n"
        f"sys.path.insert(0, {str(tmp_path / 'zip' / 'files')!r})\n"
        "import autograder.grading.pipeline as pipeline\n"
        "print(json.dumps([pipeline.__file__, sorted(sys.modules)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    file, modules = json.loads(done.stdout)
    assert file.startswith(str(tmp_path))
    assert not [name for name in HEAVY if name in modules]


def test_the_environment_is_the_students_without_jupyterlab(entries: dict[str, bytes]) -> None:
    environment = yaml.safe_load(entries["environment.yml"])
    (pip,) = [part["pip"] for part in environment["dependencies"] if isinstance(part, dict)]
    assert "otter-grader[grading,plugins]==7.0.0" in pip
    assert {"torch", "numpy", "pytest>=8.2", "pydantic>=2.7"} <= set(pip)
    assert not [line for line in pip if "jupyterlab" in line]
    assert len([line for line in pip if line.startswith("otter-grader")]) == 1


def test_a_requirement_of_the_assignment_wins_over_ours(bundle: Path) -> None:
    kit = load_kit(bundle.parent / "t01-mini")
    environment = ("PyTest==8.3", "torch==2.13.0")
    assignment = kit.master.assignment.model_copy(update={"environment": environment})
    object.__setattr__(kit.master, "assignment", assignment)
    requirements = container_requirements(kit)
    assert requirements[:2] == ["PyTest==8.3", "torch==2.13.0"]
    assert not [line for line in requirements if line.startswith("pytest")]


def test_setup_writes_metadata_and_a_path_to_the_package(
    entries: dict[str, bytes], tmp_path: Path
) -> None:
    ours = entries["setup.sh"].decode().split("autograder's own", 1)[1]
    script = "set -e\n#" + ours.replace("/autograder/", f"{tmp_path}/").replace(
        "chmod o+x /root", ":"
    )
    packages = tmp_path / "site-packages"
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "mamba").write_text('#!/bin/sh\n[ "$1" = shell ] && echo "mamba() { :; }"\n')
    (tools / "python").write_text(
        f'#!/bin/sh\nsed \'s|sysconfig.get_paths()\\["purelib"\\]|"{packages}"|\' | '
        f"{sys.executable} -\n"
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    (tmp_path / "submission_metadata.json").touch()
    environment = os.environ | {"PATH": f"{tools}:/usr/bin:/bin"}
    subprocess.run(["bash", "-c", script], env=environment, check=True)
    assert json.loads((tmp_path / "submission_metadata.json").read_text()) == {}
    assert (packages / "autograder.pth").read_text() == f"{tmp_path}/source/files\n"
