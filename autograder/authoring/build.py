"""From a master to all that is made of it: release, kit, students' zip and otter bundle."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from autograder.assignment import Master, load_master
from autograder.assignment.kit import Kit, build_record, load_kit
from autograder.authoring.answers import write_notebook
from autograder.authoring.leaks import Leak, find_leaks, refuse_leaks
from autograder.authoring.master import Notebooks, make_notebooks
from autograder.authoring.points import refuse_wrong_sums
from autograder.authoring.products import PACKAGE, Products, products, source_hash
from autograder.authoring.release import HELPERS, replace_folder, write_release
from autograder.authoring.secrets import Secrets, collect_secrets
from autograder.bundle.writing import write_bundle
from autograder.bundle.zips import write_zip


def build(master_folder: Path, root: Path) -> Kit:
    """Make everything anew and put it below ``root``.

    Raises AssignmentError where the master is incomplete and LeakError where students would get
    something of the answer side; nothing is written then.
    """
    master = load_master(master_folder)
    refuse_wrong_sums(master)
    with tempfile.TemporaryDirectory(prefix="autograder-build-") as name:
        made = Path(name)
        notebooks = make_notebooks(master)
        for folder in ("release", "data", "hidden"):
            (made / folder).mkdir()
        write_release(master, notebooks, made / "release")
        if master.assignment.data:
            # Reads a corpus: a master without data need not have one.
            from autograder.authoring.reviews import make_review_data

            make_review_data(master.assignment.data, master_folder, made / "data", made / "hidden")
        kit = _write_kit(master, notebooks, made)
        write_zip(
            {f"{master.name}/": made / "release", f"{master.name}/data/": made / "data"},
            made / f"{master.name}-student.zip",
        )
        write_bundle(kit, made / f"{master.name}-autograder.zip")
        given_out = Products(
            release=made / "release",
            kit=made / "kit",
            student_zip=made / f"{master.name}-student.zip",
            bundle=made / f"{master.name}-autograder.zip",
        )
        refuse_leaks(leaks_in(master, notebooks, given_out))
        places = products(master.name, root)
        replace_folder(made / "release", places.release)
        replace_folder(made / "kit", places.kit)
        shutil.copyfile(made / places.student_zip.name, places.student_zip)
        shutil.copyfile(made / places.bundle.name, places.bundle)
    return load_kit(places.kit)


def secrets_of(master: Master, notebooks: Notebooks, given_out: Products) -> Secrets:
    """All of the answer side that must stand in nothing that students can read."""
    release = given_out.release
    helpers = [*(release / HELPERS).glob("*.py"), *(release / "tests").glob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in helpers]
    return collect_secrets(master, notebooks, texts, given_out.kit / "hidden")


def leaks_in(master: Master, notebooks: Notebooks, given_out: Products) -> list[Leak]:
    """All leaks in the release, in the students' zip and in what a bundle lays open."""
    secrets = secrets_of(master, notebooks, given_out)
    own_code = {path.read_bytes() for path in PACKAGE.rglob("*.py")}

    def closed_or_ours(name: str, content: bytes) -> bool:
        # otter hands otter_config.json to our plugin alone; our own code is public.
        return name.endswith("/otter_config.json") or (
            "/files/autograder/" in name and content in own_code
        )

    return [
        *find_leaks(secrets, given_out.release),
        *find_leaks(secrets, given_out.student_zip),
        *find_leaks(secrets, given_out.bundle, skip=closed_or_ours),
    ]


def _write_kit(master: Master, notebooks: Notebooks, made: Path) -> Kit:
    """The kit in `made/kit`, from the release, the data and the hidden files beside it."""
    kit = made / "kit"
    (kit / "checks").mkdir(parents=True)
    for name in ("assignment.yml", "quiz.yml", "rubrics.yml"):
        if (master.folder / name).is_file():
            shutil.copyfile(master.folder / name, kit / name)
    for path in master.checks.glob("*.py"):
        shutil.copyfile(path, kit / "checks" / path.name)
    for question in master.assignment.questions:
        if question.stand_in:
            target = kit / question.stand_in
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(master.folder / question.stand_in, target)
    write_notebook(notebooks.template, kit / "template.ipynb")
    shutil.copytree(made / "release", kit / "files", ignore=shutil.ignore_patterns("*.ipynb"))
    if any((made / "data").iterdir()):
        shutil.copytree(made / "data", kit / "files" / "data")
    shutil.copytree(made / "hidden", kit / "hidden")
    record = {**build_record(kit), "source": source_hash(master.folder)}
    (kit / "build.json").write_text(json.dumps(record, indent=1) + "\n")
    return load_kit(kit)
