"""Writes the zip that stock `otter run`, `otter grade` and Gradescope take.

The kit with its hidden part travels in `otter_config.json`, as the configuration of our plugin:
that file is the one thing which otter hands to a plugin and to nobody else. `files/` and `tests/`
are copied beside the submission, so nothing hidden may be in them; `files/` carries this package,
which is on no index.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import sys
import tempfile
import zipfile
from contextlib import chdir
from pathlib import Path

import autograder
from autograder.assignment.kit import Kit
from autograder.bundle.zips import add_bytes, write_zip
from autograder.errors import BundleError

PLUGIN = "autograder.bundle.plugin.AutograderPlugin"

ROOMS = (
    "assignment",
    "submission",
    "quiz",
    "checks",
    "sandbox",
    "judge",
    "grading",
    "bundle",
)
"""The rooms of this package that grading in a container needs."""

REQUIREMENTS = (
    "ipykernel",
    "ipython>=8.20",
    "pydantic>=2.7",
    "pytest>=8.2",
    "pyyaml>=6.0",
)
"""What these rooms need beside the students' environment, as pip requirements."""

_LEFT_TO_OTTER = {"otter-grader", "jupyterlab", "notebook", "jupyter"}
"""Of the students' environment: otter names itself, and nobody opens a notebook in a container."""

_SETUP = """
# What follows is autograder's own. The same steps as in run_autograder lead to the Python that
# grades; `files/` is added after this script has run, so only its place can be named now.
eval "$(mamba shell hook --shell bash)"
mamba activate otter-env
python - <<'PYTHON'
import pathlib
import sysconfig

packages = pathlib.Path(sysconfig.get_paths()["purelib"])
packages.mkdir(parents=True, exist_ok=True)
(packages / "autograder.pth").write_text("/autograder/source/files\\n")
PYTHON

# Student code runs under a uid of its own, which has to reach Python below /root.
chmod o+x /root

# Otherwise otter hands its plugins an empty file, which is not JSON.
test -s /autograder/submission_metadata.json || echo '{}' > /autograder/submission_metadata.json
"""

_TESTS_README = """This folder is empty on purpose: otter copies it beside the submission.
The checks run in a process of their own: see docs/instructor.md of autograder.
"""


def write_bundle(kit: Kit, target: Path) -> None:
    """Write the otter zip of a built assignment; the same kit gives the same bytes.

    Raises BundleError where otter is not installed.
    """
    parts = _made_by_otter(kit)
    setup = parts.pop("setup.sh").decode() + _SETUP
    config = json.loads(parts.pop("otter_config.json"))
    config["plugins"] = [{PLUGIN: {"assignment": kit.master.name, "kit": pack(kit.folder)}}]
    package = Path(autograder.__file__).parent
    sources = [*package.glob("*.py")]
    for room in ROOMS:
        # Not only Python: the sandbox keeps its filters of system calls beside its modules.
        sources += [path for path in package.joinpath(room).rglob("*.*") if path.is_file()]
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        add_bytes(archive, "setup.sh", setup.encode(), executable=True)
        add_bytes(archive, "otter_config.json", json.dumps(config, indent=1).encode())
        add_bytes(archive, "tests/README.txt", _TESTS_README.encode())
        for name, data in sorted(parts.items()):
            add_bytes(archive, name, data, executable=name == "run_autograder")
        for source in sorted(sources):
            if "__pycache__" in source.parts:
                continue
            name = source.relative_to(package).as_posix()
            add_bytes(archive, f"files/autograder/{name}", source.read_bytes())


def pack(folder: Path) -> str:
    """A folder as a zip in base64."""
    with tempfile.TemporaryDirectory(prefix="autograder-bundle-") as name:
        write_zip({"": folder}, Path(name, "kit.zip"))
        return base64.b64encode(Path(name, "kit.zip").read_bytes()).decode()


def unpack(packed: str, folder: Path) -> None:
    """Unpack what `pack` made. Raises BundleError where it is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed, validate=True))) as archive:
            archive.extractall(folder)
    except (ValueError, zipfile.BadZipFile) as error:
        raise BundleError(
            "the assignment inside the bundle is damaged",
            where="otter_config.json",
            remedy="Build the bundle anew with `autograder build`.",
        ) from error


def _made_by_otter(kit: Kit) -> dict[str, bytes]:
    """The entries of the zip that otter generates without tests, files and plugins."""
    try:
        from otter.generate import main as generate
    except ImportError as error:
        raise BundleError(
            "otter-grader is not installed here, which writes the bundle",
            remedy="Run `pip install 'autograder-dl[author]'`.",
        ) from error
    with tempfile.TemporaryDirectory(prefix="autograder-bundle-") as name:
        folder = Path(name)
        (folder / "requirements.txt").write_text("\n".join(container_requirements(kit)) + "\n")
        # otter looks for more files where it is called.
        with chdir(folder):
            generate(
                tests_dir=os.devnull,
                output_path="made.zip",
                no_config=True,
                lang="python",
                requirements="requirements.txt",
                no_environment=True,
                python_version=_python_version(),
            )
        with zipfile.ZipFile(folder / "made.zip") as archive:
            return {entry: archive.read(entry) for entry in archive.namelist()}


def container_requirements(kit: Kit) -> list[str]:
    """pip requirements of the container, otter itself aside."""
    named = [
        requirement
        for requirement in kit.master.assignment.environment
        if _project(requirement) not in _LEFT_TO_OTTER
    ]
    have = {_project(requirement) for requirement in named}
    ours = [requirement for requirement in REQUIREMENTS if _project(requirement) not in have]
    return [*named, *ours]


def _project(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _python_version() -> str:
    # The checks were tried out with this one.
    return f"{sys.version_info.major}.{sys.version_info.minor}"
