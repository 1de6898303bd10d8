"""Cells run in order behind a real wall; a broken one costs itself alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest

from autograder.errors import WallError
from autograder.judge.student import Student, StudentError
from autograder.results import Ending
from autograder.sandbox.channel import Ended, TimedOut
from autograder.sandbox.choice import choose_wall
from autograder.sandbox.container import close_home, require_python
from autograder.sandbox.execution import Checkpoint, Execution, Step, run_notebook, told
from autograder.sandbox.guest.confinement import PREFIXES
from autograder.sandbox.server import Sandbox, one_sandbox
from autograder.sandbox.wall import Furniture, student_uids
from tests.sandbox.conftest import LIMITS, Run, running_in

pytestmark = pytest.mark.slow


def at(execution: Execution, question: str) -> Student:
    """The student's names at a check point, in a process of its own."""
    return Student(execution.snapshots[question].fork())


def endings(execution: Execution) -> dict[int, Ending]:
    return {index + 1: trouble.ending for index, trouble in execution.troubles.items()}


def test_a_question_is_judged_on_the_state_at_its_check_point(run: Run) -> None:
    done = run("x = 1", "x = 2", "del x")
    assert at(done, "q1").x == 1
    assert at(done, "q2").x == 2
    with pytest.raises(StudentError, match="not defined"):
        _ = at(done, "q3").x


def test_what_one_check_changes_no_other_check_sees(run: Run) -> None:
    done = run("state = []\ndef touch():\n    state.append(1)\n    return len(state)")
    assert at(done, "q1").touch() == 1
    assert at(done, "q1").touch() == 1


def test_a_cell_that_raises_does_not_stop_the_next(run: Run) -> None:
    done = run("1 / 0", "y = 5")
    assert endings(done) == {1: Ending.GRADED}
    assert done.troubles[0].error["type"] == "ZeroDivisionError"
    assert at(done, "q2").y == 5


@pytest.mark.parametrize(
    "cell",
    [
        "import os; os._exit(0)",
        "import ctypes; ctypes.string_at(0)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import faulthandler; faulthandler._sigsegv()",
    ],
)
def test_a_cell_that_ends_the_process_costs_itself_alone(run: Run, cell: str) -> None:
    done = run("x = 1", cell, "y = x + 1")
    assert endings(done) == {2: Ending.CRASHED}
    assert at(done, "q1").x == 1
    assert at(done, "q3").y == 2


def test_a_cell_that_kills_all_it_can_reach_costs_earlier_questions_only(run: Run) -> None:
    done = run(
        "x = 1", "import os, signal, time\nos.kill(-1, signal.SIGKILL)\ntime.sleep(0.1)", "y = 2"
    )
    assert not done.snapshots["q1"].alive()
    assert at(done, "q3").y == 2


def test_an_endless_cell_is_interrupted_and_keeps_what_it_did(run: Run) -> None:
    done = run("x = 0\nwhile True:\n    x += 1", "y = x > 0")
    assert endings(done) == {1: Ending.TIMED_OUT}
    assert at(done, "q2").y is True


def test_an_endless_cell_that_heeds_no_interrupt_is_left_out(run: Run) -> None:
    stubborn = (
        "x = 1\nwhile True:\n    try:\n        for _ in iter(int, 1): pass\n"
        "    except BaseException:\n        pass"
    )
    done = run("x = 0", stubborn, "y = x")
    assert endings(done) == {2: Ending.TIMED_OUT}
    assert at(done, "q3").y == 0


def test_memory_beyond_the_limit_costs_the_cell(run: Run) -> None:
    done = run(
        "import torch\nhog = torch.ones(3 * 2**28)",
        "hogs = [b'x' * 2**28 for _ in range(20)]",
        "y = 1",
        # A slow machine takes seconds to fill the memory: its time must not be what ends the cell.
        cell_seconds=60,
    )
    assert endings(done) == {1: Ending.OUT_OF_MEMORY, 2: Ending.OUT_OF_MEMORY}
    assert at(done, "q3").y == 1


def test_memory_spread_over_processes_is_counted_together(run: Run) -> None:
    done = run(
        "import os, time\n"
        "for _ in range(4):\n"
        "    if os.fork() == 0:\n"
        "        hog = bytearray(2**29)\n"
        "        hog[::4096] = b'x' * len(hog[::4096])\n"
        "        time.sleep(60)\n"
        "time.sleep(2.5)",
        "y = 1",
    )
    assert at(done, "q2").y == 1


def test_endless_printing_is_stopped(run: Run) -> None:
    done = run("while True:\n    print('x' * 1000)", "print('fine'); y = 1")
    assert endings(done) == {1: Ending.TOO_MUCH_OUTPUT}
    assert at(done, "q2").y == 1


@pytest.mark.parametrize("wall", ["auto", "none"])
def test_ordinary_notebook_habits_work(wall: str, files: Path) -> None:
    with one_sandbox(choose_wall(wall), Furniture(files), LIMITS) as sandbox:
        require_ordinary_habits(running_in(sandbox))


@pytest.mark.skipif(os.geteuid() != 0, reason="the container wall needs root: run as root")
def test_ordinary_notebook_habits_work_in_a_container(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The home of this machine stays as it is.
    monkeypatch.setattr("autograder.sandbox.container.close_home", lambda home: None)
    above = {folder for prefix in PREFIXES for folder in Path(prefix).parents}
    before = {folder: folder.stat().st_mode & 0o7777 for folder in above}
    (tmp_path / "closed").mkdir()
    try:
        wall = choose_wall("container", [tmp_path / "closed"])
        with one_sandbox(wall, Furniture(files), LIMITS) as sandbox:
            require_ordinary_habits(running_in(sandbox))
            # Those who may pass may not look.
            done = running_in(sandbox)("import os\nos.listdir('/root')")
        assert done.troubles[0].error["type"] == "PermissionError"
    finally:
        for folder, mode in before.items():
            folder.chmod(mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="the container wall needs root: run as root")
def test_python_in_a_closed_folder_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = tmp_path / "closed" / "python"
    prefix.mkdir(parents=True)
    prefix.parent.chmod(0o700)
    monkeypatch.setattr("autograder.sandbox.container.PREFIXES", (str(prefix),))
    with pytest.raises(WallError, match="can't read Python"):
        require_python(student_uids()[0])


def test_a_closed_home_leaves_the_way_to_python_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, beside = tmp_path / "conda/envs/otter", tmp_path / ".cache"
    for folder in (python, beside):
        folder.mkdir(parents=True)
    (tmp_path / "notes").write_text("hidden")
    (tmp_path / "link").symlink_to(python)
    for path in (tmp_path, python, beside, tmp_path / "conda", tmp_path / "notes"):
        path.chmod(0o755)
    monkeypatch.setattr("autograder.sandbox.container.PREFIXES", (str(python),))
    close_home(tmp_path)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"conda": 0o711, ".cache": 0o700, "notes": 0o700, "link": 0o755}
    assert tmp_path.stat().st_mode & 0o777 == 0o711


def test_the_container_wall_stands_only_where_something_is_to_be_closed() -> None:
    with pytest.raises(WallError, match="only in a grading container"):
        choose_wall("container")


def require_ordinary_habits(run: Run) -> None:
    """Run what honest notebooks do."""
    done = run(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()",
        "listing = !ls data\nnumbers = open('data/numbers.txt').read()",
        "import tempfile, threading\n"
        "with tempfile.TemporaryDirectory() as folder: open(folder + '/file', 'w').write('x')\n"
        "seen = []\nthread = threading.Thread(target=lambda: seen.append(1))\n"
        "thread.start(); thread.join()",
        "from torch.utils.data import DataLoader\n"
        "batches = [batch.tolist() for batch in DataLoader(range(4), 2, num_workers=2)]",
        "import sys, warnings\nwarnings.warn('careful'); print('progress', file=sys.stderr)\n"
        "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))",
        "exit()",
        "import asyncio\nawait asyncio.sleep(0)\nz = 1",
        "%%time\nw = 2",
        "import otter\ngrader = otter.Notebook('x.ipynb')\ngrader.check('q1'); grader.export()",
    )
    assert done.troubles == {}
    last = at(done, "q9")
    assert list(last.listing) == ["numbers.txt"]
    assert last.numbers == "1 2 3"
    assert last.seen == [1]
    assert last.batches == [[0, 1], [2, 3]]
    assert (last.z, last.w) == (1, 2)


@pytest.mark.parametrize(
    ("cell", "line"),
    [("1 / 0", 1), ("\n\n1 / 0", 3), ("\n  x = 1\n  1 / 0", 3), ("x = [\n 1]\n\n1 / 0", 4)],
)
def test_the_line_is_named_as_the_student_counts_it(run: Run, cell: str, line: int) -> None:
    done = run(cell, "\n\n%%time\ny = 1")
    assert done.troubles[0].error["lines"][-1][1] == line
    assert at(done, "q2").y == 1


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("input()", "EOFError"),
        ("print 'old'", "SyntaxError"),
        ("import sys; sys.exit(1)", "SystemExit"),
    ],
)
def test_cells_that_can_not_work_say_why(run: Run, cell: str, kind: str) -> None:
    done = run(cell, "y = 1")
    assert done.troubles[0].error["type"] == kind
    assert at(done, "q2").y == 1


def test_a_process_with_many_student_threads_can_be_judged(run: Run) -> None:
    done = run(
        "import threading, time, torch\n"
        "torch.set_num_threads(4)\n"
        "x = torch.ones(200, 200) @ torch.ones(200, 200)\n"
        "for _ in range(8):\n"
        "    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()\n"
        "def product():\n    return float((x @ x)[0, 0])"
    )
    assert at(done, "q1").product() == 200.0 * 200 * 200


def test_checks_that_have_ended_do_not_count_against_the_limit_on_processes(run: Run) -> None:
    done = run("x = 1")
    for _ in range(2 * LIMITS.processes):
        child = done.snapshots["q1"].fork()
        assert Student(child).x == 1
        child.kill()


def test_a_check_that_hangs_or_dies_is_told_apart(run: Run) -> None:
    done = run("import os\ndef hang():\n    while True: pass\ndef die():\n    os._exit(0)")
    hanging = done.snapshots["q1"].fork()
    hanging.request_seconds = 0.5
    with pytest.raises(TimedOut):
        Student(hanging).hang()
    hanging.kill()
    with pytest.raises(Ended):
        at(done, "q1").die()
    assert at(done, "q1").os is not None


@pytest.fixture
def half_a_processor(sandbox: Sandbox) -> Iterator[None]:
    """The sandbox shares one processor with a process that never rests."""
    first = sandbox.first.pid
    assert first is not None
    before = os.sched_getaffinity(first)
    # In a session of its own: Linux shares the processor out by session first.
    restless = [sys.executable, "-c", "while True: pass"]
    with subprocess.Popen(restless, start_new_session=True) as other:
        try:
            for pid in other.pid, first:
                os.sched_setaffinity(pid, {min(before)})
            yield
        finally:
            os.sched_setaffinity(first, before)
            other.kill()


WORK = "import time\nstart = time.process_time()\nwhile time.process_time() - start < 1.2: pass"


@pytest.mark.usefixtures("half_a_processor")
def test_time_that_others_took_does_not_count(run: Run) -> None:
    started = time.monotonic()
    done = run(WORK, "def work():\n" + indent(WORK, "    "), cell_seconds=1.6)
    assert done.troubles == {}
    assert time.monotonic() - started > 1.6, "nobody took any time"
    checked = done.snapshots["q2"].fork()
    checked.limit_all(1.6)
    Student(checked).work()


@pytest.mark.usefixtures("half_a_processor")
def test_a_cell_without_end_ends_where_others_take_time_too(run: Run) -> None:
    started = time.monotonic()
    done = run("while True: pass", cell_seconds=1)
    assert done.troubles[0].ending == Ending.TIMED_OUT
    assert time.monotonic() - started < 2 + 1


def test_a_checkpoint_is_loaded_in_place_of_the_training_cell(sandbox: Sandbox) -> None:
    import torch

    tensors = {"weight": torch.full((1, 2), 3.0), "bias": torch.zeros(1)}
    steps = [
        Step(1, "import torch\nNet = lambda: torch.nn.Linear(2, 1)", "q1", 3),
        Step(2, "", "q2", 3, ("q2",), Checkpoint("model", "Net()", tensors)),
    ]
    done = run_notebook(sandbox, steps, {"model.bin": b"abc"}, 2**20, 30)
    assert done.troubles == {}
    student = at(done, "q2")
    assert student.model(torch.ones(1, 2)).item() == 6.0


def test_a_checkpoint_that_does_not_fit_is_told(sandbox: Sandbox) -> None:
    steps = [
        Step(1, "import torch\nmodel = torch.nn.Linear(2, 1)", "q1", 3),
        Step(2, "", "q2", 3, ("q2",), Checkpoint("model", "None", {})),
    ]
    done = run_notebook(sandbox, steps, {}, 2**20, 30)
    assert "Missing key" in str(done.troubles[1].error["message"])


def test_time_for_the_whole_notebook_is_bounded(run: Run) -> None:
    done = run("import time; time.sleep(1.5)", "time.sleep(1.5)", "x = 1", seconds=2)
    assert done.out_of_time
    assert "q1" in done.snapshots
    assert "q3" not in done.snapshots


def test_of_an_exception_is_kept_what_is_told_and_no_more() -> None:
    """A notebook of many cells that each raise 60 MB would fill the judge's memory."""
    line = [3, 1, "f", "x" * 10_000]
    error = {
        "type": "x" * 10**6,
        "message": ["no", "text"],
        "missing": True,
        "lines": [*([line] * 100), [3, 1, "f"], "nothing", [3, [0] * 10**5, "f", "x"]],
        "more": "x" * 10**6,
        7: "x",
    }
    kept = told(error)
    assert set(kept) == {"type", "message", "missing", "lines"}
    assert len(kept["type"]) == len(kept["lines"][0][3]) == 4_000
    assert (len(kept["lines"]), kept["message"], kept["missing"]) == (20, [], True)
