"""The grading engine beside its peers, in one run: `make bench` writes benchmarks/results.md.

All numbers are medians over alternating rounds, and ratios of such medians: rounds of different
graders follow each other, so that whatever else the machine does falls on all of them.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import click
import psutil
from rich.console import Console

from autograder.assignment import load_master
from autograder.authoring.products import ensure_built, find_master
from autograder.authoring.sample import make_sample
from autograder.sandbox.choice import choose_wall
from benchmarks.material import SHAPES, TRIVIAL, Bundle, Sheet, make_bundle, make_class
from benchmarks.peers import ROOT, install_nbgrader, nbgrader, otter_api, otter_run, ours

RESULTS = Path(__file__).parent / "results.md"
OTHERS = 6
"""Hand-ins that a peer grades a round: its pace does not depend on the size of the class."""
PARTS = ("a", "b", "c", "scaling")
"""What the results tell of, in their order."""
REAL = "a07-attention"
REAL_SIZE = 12
"""Hand-ins of a class of it: each takes seconds."""


@dataclass
class Paces:
    """Submissions a minute of each grader, a number a round."""

    rounds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, grader: str, submissions: int, seconds: float) -> None:
        """One round of a grader."""
        self.rounds.setdefault(grader, []).append(60 * submissions / seconds)

    def median(self, grader: str) -> float:
        """The pace that counts."""
        return statistics.median(self.rounds[grader])


@dataclass(frozen=True)
class Run:
    """One whole grading of a class by ours."""

    jobs: int
    size: int
    seconds: float
    again: float
    """Seconds of a second run on the unchanged class."""


@click.command()
@click.option("--rounds", default=3, show_default=True)
@click.option("--size", default=200, show_default=True, help="Hand-ins of the class.")
@click.option("--scaling", default="10,50,200,1000", show_default=True)
@click.option(
    "--only", multiple=True, type=click.Choice(PARTS), help="Leave the others as written."
)
def main(rounds: int, size: int, scaling: str, only: tuple[str, ...]) -> None:
    """Measure, and write benchmarks/results.md."""
    console = Console()
    install_nbgrader()
    sizes = [int(part) for part in scaling.split(",")]
    with tempfile.TemporaryDirectory(prefix="autograder-bench-") as name:
        place = Path(name)
        measures = {
            "a": lambda: _side_by_side(TRIVIAL, place / "trivial", rounds, size, console),
            "b": lambda: _side_by_side(SHAPES, place / "shapes", rounds, size, console),
            "c": lambda: _real(place / "real", rounds, console),
            "scaling": lambda: _scaling(place / "scaling", sizes, rounds, size, console),
        }
        parts = dict(zip(PARTS, _written(), strict=True)) if only else {}
        for part in only or PARTS:
            parts[part] = measures[part]()
    RESULTS.write_text("\n".join([_head(rounds, size), *(parts[part] for part in PARTS)]))
    console.print(f"Written: {RESULTS.relative_to(ROOT)}")


def _written() -> list[str]:
    """The parts of the file as it is."""
    _, *parts = RESULTS.read_text().split("\n## ")
    return [f"## {part}" for part in parts]


def _head(rounds: int, size: int) -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if "model name" in line), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        "# What grading costs\n\n"
        f"Written by `make bench`: {rounds} alternating rounds, medians. Machine: {os.cpu_count()} "
        f"cores ({model}), {memory:.0f} GB, Linux {platform.release()}, "
        f"Python {platform.python_version()}. Start-up is always included. Ours grades a class of "
        f"{size}; of the others' {OTHERS} hand-ins a round are graded, as their pace does not "
        "depend on the class. The bundles are made by `otter assign`.\n"
    )


def _side_by_side(sheet: Sheet, place: Path, rounds: int, size: int, console: Console) -> str:
    bundle = make_bundle(sheet, place / "bundle")
    paths = make_class(sheet, bundle, place / "class", size)
    paces = Paces()
    timings: list[dict[str, float]] = []
    for turn in range(rounds):
        out = place / f"out-{turn}"
        paces.add("ours, 2 jobs", size, ours(bundle, place / "class", out, 2))
        timings += _timings(out)
        some = paths[:OTHERS]
        paces.add("`otter run`, 2 at a time", OTHERS, otter_run(bundle, some, 2))
        paces.add("`otter.api`, one process", OTHERS, otter_api(bundle, some))
        paces.add("`nbgrader autograde`, one process", OTHERS, nbgrader(sheet, OTHERS))
        console.print(f"{sheet.title}: round {turn + 1} of {rounds}")
    best = paces.median("ours, 2 jobs")
    rows = [
        f"| {grader} | {paces.median(grader):,.0f} | "
        + ("" if grader.startswith("ours") else f"{best / paces.median(grader):.0f} times")
        + " |"
        for grader in paces.rounds
    ]
    head = ["| grader | submissions a minute | ours against it |", "|---|---:|---:|"]
    return "\n".join([f"## {sheet.title}\n", *head, *rows, "", _breakdown(timings), ""])


def _timings(out: Path) -> list[dict[str, float]]:
    with sqlite3.connect(out / "grades.sqlite") as store:
        rows = store.execute("SELECT timings, seconds, student_seconds FROM submissions").fetchall()
    return [
        {**json.loads(timings), "all": seconds, "student": student}
        for timings, seconds, student in rows
    ]


def _breakdown(timings: list[dict[str, float]]) -> str:
    names = list(dict.fromkeys(name for timing in timings for name in timing))
    medians = {name: 1000 * statistics.median(it.get(name, 0) for it in timings) for name in names}
    parts = [f"{name} {medians[name]:.0f}" for name in names if name not in ("all", "student")]
    return (
        f"Where a submission's {medians['all']:.0f} ms go (medians): {', '.join(parts)}; "
        f"waiting for student code took {medians['student']:.0f} of them."
    )


def _real(place: Path, rounds: int, console: Console) -> str:
    """(c): the real assignment with a trained model handed in, against the bare computation."""
    kit = ensure_built(REAL, ROOT)
    master = load_master(find_master(REAL, ROOT))
    place.mkdir()
    sample = make_sample(
        master, kit, place / "sample", ROOT / ".cache" / "trained", choose_wall("auto")
    )
    right = next(path for path in sample if "right" in path.name)
    shutil.copy(right, place / "right.zip")
    one = place / "class"
    one.mkdir()
    for number in range(REAL_SIZE):
        _numbered(right, one / f"{number}.zip", number)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    bare: list[float] = []
    graded: list[float] = []
    timings: list[dict[str, float]] = []
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(rounds):
        command = [sys.executable, "-m", "benchmarks.bare", str(kit.folder), str(right), "2"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
        bare += [taken - wire for taken, wire in json.loads(done.stdout)]
        for jobs, taken in seconds.items():
            out = place / f"out-{turn}-{jobs}"
            command = [sys.executable, "-m", "autograder", "grade", REAL, str(one)]
            started = time.perf_counter()
            command += ["--out", str(out), "--jobs", str(jobs)]
            subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
            taken.append(time.perf_counter() - started)
        new = _timings(place / f"out-{turn}-1")
        graded += [timing["all"] for timing in new]
        timings += new
        console.print(f"(c) {REAL}: round {turn + 1} of {rounds}")
    least, most = statistics.median(bare), statistics.median(graded)
    alone, two = (statistics.median(seconds[jobs]) for jobs in (1, 2))
    return (
        f"## (c) {REAL} without training\n\n"
        "| | seconds a submission |\n|---|---:|\n"
        f"| the same cells and checks, bare in a warm process | {least:.2f} |\n"
        f"| ours, behind the wall | {most:.2f} |\n\n"
        f"Ours takes {most / least:.2f} times as long. {_breakdown(timings)}\n\n"
        f"A class of {REAL_SIZE}, start-up included: {alone:.0f} seconds with 1 job, {two:.0f} "
        f"with 2: {alone / two:.2f} times as fast.\n"
    )


def _numbered(source: Path, target: Path, number: int) -> None:
    """A copy of an export with a content of its own: equal ones would be graded once."""
    shutil.copy(source, target)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("number.txt", str(number))


def _scaling(place: Path, sizes: list[int], rounds: int, size: int, console: Console) -> str:
    bundle = make_bundle(TRIVIAL, place / "bundle")
    runs: list[Run] = []
    memory: dict[tuple[int, int], float] = {}
    apart: list[float] = []
    for each in sizes:
        hand_ins = place / f"class-{each}"
        make_class(TRIVIAL, bundle, hand_ins, each)
        for turn in range(rounds if each == size else 1):
            for jobs in (1, 2):
                out = place / f"out-{each}-{jobs}-{turn}"
                runs.append(_twice(bundle, hand_ins, out, jobs, each))
            if each == size:
                apart.append(_two_graders(bundle, hand_ins, place / f"apart-{turn}"))
        for jobs in (1, 2):
            out = place / f"watched-{each}-{jobs}"
            memory[each, jobs] = _most_memory(bundle, hand_ins, out, jobs)
        console.print(f"scaling: {each} hand-ins")
    rows = []
    for each in sizes:
        for jobs in (1, 2):
            same = [run for run in runs if (run.size, run.jobs) == (each, jobs)]
            seconds = _seconds(runs, each, jobs)
            again = statistics.median(run.again for run in same)
            most = memory[each, jobs]
            rows.append(f"| {each} | {jobs} | {seconds:.1f} | {again:.2f} | {most:.0f} |")
    return "\n".join(
        [
            "## Scaling: (a), classes of different sizes\n",
            "| hand-ins | jobs | seconds | second run, seconds | client and workers, MB |",
            "|---:|---:|---:|---:|---:|",
            *rows,
            "",
            f"2 jobs against 1 on {size}: {_gain(runs, size):.2f} times as fast; "
            f"{_gain(runs, size, min(sizes)):.2f} times after the first {min(sizes)} hand-ins, "
            "which pay for the start-up.",
            "",
            f"What the machine gives: two graders at once that know nothing of each other, each "
            f"with 1 job and a class of {size} of its own, take {statistics.median(apart):.1f} "
            f"seconds, {2 * _seconds(runs, size, 1) / statistics.median(apart):.2f} times the pace "
            "of one.",
            "",
        ]
    )


def _two_graders(bundle: Bundle, hand_ins: Path, out: Path) -> float:
    """Seconds until both of two graders at once are through: what cores do to each other."""
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        places = [out.with_name(f"{out.name}-{number}") for number in range(2)]
        list(pool.map(lambda place: ours(bundle, hand_ins, place, 1), places))
    return time.perf_counter() - started


def _gain(runs: list[Run], size: int, start: int | None = None) -> float:
    less = {jobs: _seconds(runs, start, jobs) if start else 0.0 for jobs in (1, 2)}
    return (_seconds(runs, size, 1) - less[1]) / (_seconds(runs, size, 2) - less[2])


def _seconds(runs: list[Run], size: int, jobs: int) -> float:
    return statistics.median(run.seconds for run in runs if (run.size, run.jobs) == (size, jobs))


def _twice(bundle: Bundle, hand_ins: Path, out: Path, jobs: int, size: int) -> Run:
    first, again = (ours(bundle, hand_ins, out, jobs) for _ in range(2))
    return Run(jobs, size, first, again)


def _most_memory(bundle: Bundle, hand_ins: Path, out: Path, jobs: int) -> float:
    """The most that the client and its workers held together, in MB: proportional set size.

    Measured in a run of its own: whoever reads a process's memory map holds it up, and where two
    jobs have two cores, there is no third one to look from.
    """
    most = 0.0
    over = threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(1.0):
            most = max(most, _memory_of_graders())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        ours(bundle, hand_ins, out, jobs)
    finally:
        over.set()
        thread.join()
    return most


def _memory_of_graders() -> float:
    """MB of this process's descendants that are ours and not student code's."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            command = " ".join(process.cmdline())
            if "guest.main" not in command:
                total += process.memory_full_info().pss / 2**20
        except psutil.Error:
            # It ended while we looked.
            continue
    return total


if __name__ == "__main__":
    main()
