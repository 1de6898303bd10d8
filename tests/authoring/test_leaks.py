"""Leaks of every kind, planted and found; and what looks like one and is none."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from nbformat.v4 import new_output

from autograder.assignment import load_master
from autograder.authoring.answers import read_notebook, write_notebook
from autograder.authoring.build import build
from autograder.authoring.leaks import Leak, find_leaks, refuse_leaks
from autograder.authoring.master import Notebooks, make_notebooks
from autograder.authoring.secrets import Secrets, collect_secrets
from autograder.errors import LeakError

from .conftest import MINI, Built

pytestmark = pytest.mark.slow

NOTEBOOK = "t01-mini.ipynb"


@pytest.fixture(scope="module")
def notebooks() -> Notebooks:
    return make_notebooks(load_master(MINI))


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hidden")
    rng = np.random.default_rng(5)
    lengths = rng.integers(20, 60, size=200)
    np.savez(
        folder / "reviews.npz",
        tokens=rng.integers(3, 9000, size=lengths.sum()).astype(np.int32),
        offsets=np.concatenate([[0], lengths.cumsum()]).astype(np.int64),
        labels=rng.integers(0, 2, size=200).astype(np.int8),
    )
    return folder


@pytest.fixture(scope="module")
def secrets(mini: Built, notebooks: Notebooks, hidden: Path) -> Secrets:
    release = mini.places.release
    public = [path.read_text() for path in release.rglob("*.py")]
    return collect_secrets(load_master(MINI), notebooks, public, hidden)


@pytest.fixture
def release(mini: Built, tmp_path: Path) -> Path:
    return shutil.copytree(mini.places.release, tmp_path / "release")


def only(leaks: list[Leak]) -> Leak:
    assert len({(leak.what, leak.file, leak.cell) for leak in leaks}) == 1, leaks
    return leaks[0]


def test_an_honest_release_has_none(secrets: Secrets, mini: Built) -> None:
    assert find_leaks(secrets, mini.places.release) == []
    assert find_leaks(secrets, mini.places.student_zip) == []


PLANTS = {
    "the answer of q1_2": "min_max: range",
    "the answer of q1_3": 'usual = "b"',
    "the answer of q1_4": "It is 12,288 in all.",
    "an explanation of q1_2": "The extremes of the data fix both ends of the result.",
    "an explanation of q1_3": "inputs of mean zero and variance one keep early gradients in a",
    "the feedback of an option of q1_3": "One outlier would squeeze all other values together",
    "the rubric of q1_1": "flat ends of a sigmoid where no gradient is left for the weights",
    "the reference answer of q1_1": "small ones vanish among the biases, so the first layer learns",
    "the reference answer of q1_3": "deviation is moved far less by one *outlier* than a maximum",
    "a line of the solution of q2_1": "    return centred / deviation.clamp(min=1e-12)",
    "a line of the solution of q2_2": "`return standardise(values).abs().amax(dim=0)`",
    "a line of the hidden check test_random of q2_1": (
        "values = 7.25 * torch.randn(40, 3, generator=generator) + 100.5"
    ),
    "a line of test_q2_1.py that only hidden checks use": (
        "return (wide - wide.mean(0)) / wide.var(0, correction=0).sqrt()"
    ),
    "the seed of the hidden inputs": "seed: 482_113",
    "one of otter's markers": "x = 1  # SOLUTION",
}


@pytest.mark.parametrize(("what", "text"), PLANTS.items())
def test_a_leak_in_a_cell_is_found_there(
    secrets: Secrets, release: Path, what: str, text: str
) -> None:
    notebook = read_notebook(release / NOTEBOOK)
    notebook.cells[4].source += f"\n\n{text}"
    write_notebook(notebook, release / NOTEBOOK)
    leak = only(find_leaks(secrets, release))
    assert (leak.what, leak.where) == (what, f"{NOTEBOOK}, cell 5")


def in_output(folder: Path, text: str) -> None:
    notebook = read_notebook(folder / NOTEBOOK)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.outputs = [new_output("stream", name="stdout", text=f"{text}\n")]
    write_notebook(notebook, folder / NOTEBOOK)


def in_cell_metadata(folder: Path, text: str) -> None:
    notebook = read_notebook(folder / NOTEBOOK)
    notebook.cells[2].metadata["remark"] = {"for": ["markers", text]}
    write_notebook(notebook, folder / NOTEBOOK)


def in_notebook_metadata(folder: Path, text: str) -> None:
    notebook = read_notebook(folder / NOTEBOOK)
    notebook.metadata["source"] = text
    write_notebook(notebook, folder / NOTEBOOK)


def in_tests(folder: Path, text: str) -> None:
    path = folder / "tests" / "q2_1.py"
    path.write_text(f'{path.read_text()}\n"""{text}"""\n')


def in_a_zip(folder: Path, text: str) -> None:
    with zipfile.ZipFile(folder / "extra.zip", "w") as archive:
        archive.writestr("inner/notes.txt", text)


@pytest.mark.parametrize(
    "plant", [in_output, in_cell_metadata, in_notebook_metadata, in_tests, in_a_zip]
)
@pytest.mark.parametrize(
    "text",
    [
        "The extremes of the data fix both ends of the result.",
        "return centred / deviation.clamp(min=1e-12)",
        "seed = 482113",
    ],
)
def test_a_leak_is_found_wherever_students_may_look(
    secrets: Secrets, release: Path, plant: Callable[[Path, str], None], text: str
) -> None:
    plant(release, text)
    assert only(find_leaks(secrets, release)).text


def test_a_name_and_its_answer_in_metadata_are_found(secrets: Secrets, release: Path) -> None:
    notebook = read_notebook(release / NOTEBOOK)
    notebook.metadata["answers"] = {"min_max": "range"}
    write_notebook(notebook, release / NOTEBOOK)
    assert only(find_leaks(secrets, release)).what == "the answer of q1_2"


def test_hidden_labels_are_found_as_text_and_as_arrays(
    secrets: Secrets, release: Path, hidden: Path
) -> None:
    labels = np.load(hidden / "reviews.npz")["labels"]
    (release / "labels.json").write_text(json.dumps(labels[60:140].tolist()))
    (release / "labels.txt").write_text(f"{labels[:60].astype(float)}")
    np.savez(release / "guess.npz", y=labels.astype(np.float32))
    places = {leak.file for leak in find_leaks(secrets, release)}
    assert places == {"labels.json", "labels.txt", "guess.npz"}


def test_other_labels_are_none(secrets: Secrets, release: Path) -> None:
    labels = np.random.default_rng(6).integers(0, 2, size=5000)
    np.savez(release / "train.npz", labels=labels.astype(np.int8))
    (release / "labels.txt").write_text(" ".join(map(str, labels)))
    assert find_leaks(secrets, release) == []


def test_hidden_reviews_are_found_among_public_ones(
    secrets: Secrets, release: Path, hidden: Path
) -> None:
    with np.load(hidden / "reviews.npz") as file:
        tokens, offsets = file["tokens"], file["offsets"]
    own = np.arange(30, dtype=np.int32)
    shared = tokens[offsets[7] : offsets[8]]
    np.savez(
        release / "valid.npz",
        tokens=np.concatenate([own, shared]),
        offsets=np.array([0, 30, 30 + len(shared)]),
    )
    leak = only(find_leaks(secrets, release))
    assert (leak.what, leak.file, leak.text) == ("hidden reviews", "valid.npz", "1 of them")


def test_a_hidden_file_is_found_under_another_name(
    secrets: Secrets, release: Path, hidden: Path
) -> None:
    (release / "data.bin").write_bytes((hidden / "reviews.npz").read_bytes())
    assert only(find_leaks(secrets, release)).what == "the hidden file reviews.npz"


@pytest.mark.parametrize(
    "text",
    [
        "return x",
        "import torch\nfrom torch import Tensor",
        "def standardise(values: Tensor) -> Tensor:",
        '"""Columns of mean 0 and variance 1."""',
        "It is 2 * 3.",
        "Which one do networks usually want: a (range) or b (spread)?",
        "Names saturation",
        "usual = ...",
        '{"min_max": None, "z_score": None}',
        "The result is 482,1130 or 4821131.",
    ],
)
def test_what_says_nothing_is_no_leak(secrets: Secrets, release: Path, text: str) -> None:
    in_output(release, text)
    assert find_leaks(secrets, release) == []


def test_the_error_names_file_cell_and_text(secrets: Secrets, release: Path) -> None:
    in_output(release, "seed = 482113")
    in_a_zip(release, "min_max: range")
    with pytest.raises(LeakError) as caught:
        refuse_leaks(find_leaks(secrets, release))
    assert "extra.zip/inner/notes.txt" in str(caught.value)
    assert f"{NOTEBOOK}, cell" in str(caught.value)
    assert "'482113'" in str(caught.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("notebook.md", "Always explain", "Large inputs saturate the activations and small ones "
         "vanish among the biases. Always explain", "the reference answer of q1_1"),
        ("notebook.md", "### 1.4 How", "(12,288 of them)\n\n### 1.4 How", "the answer of q1_4"),
        ("checks/test_q2_1.py", "EXAMPLE = ", "SEED = 482_113\nEXAMPLE = 0 * SEED + ",
         "the seed of the hidden inputs"),
    ],
)  # fmt: skip
def test_a_leak_in_the_master_stops_the_build_and_nothing_is_written(
    master_folder: Path, tmp_path: Path, file: str, old: str, new: str, what: str
) -> None:
    path = master_folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(LeakError, match=what):
        build(master_folder, tmp_path / "root")
    assert not (tmp_path / "root").exists()


def test_the_bundle_is_searched_but_for_what_otter_keeps(secrets: Secrets, mini: Built) -> None:
    with zipfile.ZipFile(mini.places.bundle) as archive:
        config = io.BytesIO(archive.read("otter_config.json"))
    assert b"kit" in config.getvalue()
    leaks = find_leaks(secrets, mini.places.bundle)
    assert [leak for leak in leaks if "files/autograder/" not in leak.file] == []
