"""Rooms of one warm server: each starts clean, and leaves nothing behind."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.errors import WallError
from autograder.judge.student import Student
from autograder.sandbox.choice import choose_wall
from autograder.sandbox.execution import Step, run_notebook
from autograder.sandbox.server import Sandbox, WarmServer, one_sandbox
from autograder.sandbox.wall import Furniture, matplotlib_cache
from tests.sandbox.conftest import LIMITS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmServer]:
    files = tmp_path_factory.mktemp("files")
    (files / "reviews.txt").write_text("good")
    with WarmServer(choose_wall("auto"), Furniture(files)) as server:
        yield server


InRoom = Callable[[str, str], object]


@pytest.fixture
def in_room(server: WarmServer) -> InRoom:
    """Run one cell in a new room of the server; the value of a name after it."""

    def in_room(cell: str, name: str) -> object:
        with Sandbox(server, LIMITS) as sandbox:
            done = run_notebook(sandbox, [Step(1, cell, "q1", 20, ("q1",))], {}, 2**20, 60)
            assert done.troubles == {}
            return getattr(Student(done.snapshots["q1"].fork()), name)

    return in_room


def processes_with(marker: str) -> list[Path]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (process / "cmdline").read_text():
                found.append(process)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("folder", [".", "/tmp", "/dev/shm"])
def test_what_one_room_writes_the_next_does_not_find(in_room: InRoom, folder: str) -> None:
    in_room(f"open('{folder}/left', 'w').write('x')", "_")
    names = in_room(f"import os; names = os.listdir('{folder}')", "names")
    assert isinstance(names, list)
    assert "left" not in names


def test_nowhere_else_can_be_written(in_room: InRoom) -> None:
    walk = """
import os, stat
open_folders = []
for top, folders, files in os.walk("/"):
    if top.startswith("/proc"):
        folders.clear()
    elif os.access(top, os.W_OK):
        open_folders.append(top)
"""
    found = in_room(walk, "open_folders")
    assert isinstance(found, list)
    roots = {folder for folder in found if not any(folder.startswith(f"{it}/") for it in found)}
    assert roots <= {"/home/student", "/tmp", "/dev/shm"}


def test_public_files_stand_beside_the_notebook_and_stay_as_they_are(in_room: InRoom) -> None:
    assert in_room("text = open('reviews.txt').read()", "text") == "good"
    assert in_room("import os; may = os.access('reviews.txt', os.W_OK)", "may") is False


def test_a_room_sees_its_own_processes_alone(in_room: InRoom) -> None:
    # The room's first process, the notebook and what looks.
    found = in_room("import os; found = [p for p in os.listdir('/proc') if p.isdigit()]", "found")
    assert isinstance(found, list)
    assert len(found) <= 3


def test_no_process_outlives_its_room(in_room: InRoom) -> None:
    cell = (
        "import subprocess\n"
        "subprocess.Popen(['setsid', 'sleep', '98761.5'])\n"
        "subprocess.Popen('sleep 98761.5 &', shell=True).wait()"
    )
    in_room(cell + "\nlook = open('/proc/self/status').read()", "look")
    assert processes_with("98761.5") == []


def test_a_notebook_inherits_its_own_connection_and_nothing_else(in_room: InRoom) -> None:
    cell = """
import os
folder = "/proc/self/fd/"
fds = [os.readlink(folder + n) for n in os.listdir(folder) if os.path.lexists(folder + n)]
"""
    kinds = in_room(cell, "fds")
    assert isinstance(kinds, list)
    assert sorted({kind.split(":")[0] for kind in kinds}) == ["/dev/null", "socket"]
    assert len([kind for kind in kinds if kind.startswith("socket")]) == 1


def test_writing_past_python_blocks_nobody(in_room: InRoom) -> None:
    assert in_room("import os\nfor _ in range(64): n = os.write(2, b'x' * 65536)", "n") == 65536


def test_random_state_is_the_same_in_each_room(in_room: InRoom) -> None:
    cell = (
        "import random, numpy, torch\n"
        "drawn = [random.random(), float(numpy.random.rand()), float(torch.rand(()))]"
    )
    assert in_room(cell, "drawn") == in_room(cell, "drawn")


def test_a_check_goes_on_with_the_random_state_of_the_notebook(server: WarmServer) -> None:
    cell = "import random\nrandom.seed(5)\ndraw = random.random"
    with Sandbox(server, LIMITS) as sandbox:
        done = run_notebook(sandbox, [Step(1, cell, "q1", 20, ("q1",))], {}, 2**20, 60)
        assert Student(done.snapshots["q1"].fork()).draw() == random.Random(5).random()


@pytest.mark.parametrize("first", ["", "torch.set_num_threads(4)"])
def test_torch_computes_after_the_forks(in_room: InRoom, first: str) -> None:
    cell = f"import torch\n{first}\na = torch.ones(300, 300)\nb = float((a @ a).sum())"
    assert in_room(cell, "b") == 300.0**3


def test_a_notebook_that_holds_threads_and_workers_is_judged(in_room: InRoom) -> None:
    cell = """
import threading, time, torch
from torch.utils.data import DataLoader
stop = threading.Event()
threads = [threading.Thread(target=stop.wait, daemon=True) for _ in range(4)]
for thread in threads: thread.start()
loader = iter(DataLoader(range(8), 2, num_workers=2, persistent_workers=True))
first = next(loader).tolist()
answer = float(torch.ones(200, 200).matmul(torch.ones(200, 200))[0, 0])
"""
    assert in_room(cell, "answer") == 200.0


def test_there_is_no_cuda_to_be_initialised_by_the_server(in_room: InRoom) -> None:
    cell = (
        "import os, torch\nseen = [torch.cuda.is_available(), torch.cuda.is_initialized()]\n"
        "seen += [os.environ['CUDA_VISIBLE_DEVICES']]"
    )
    assert in_room(cell, "seen") == [False, False, ""]


def test_figures_are_drawn(in_room: InRoom) -> None:
    cell = (
        "import io, matplotlib.pyplot as plt\nfile = io.BytesIO()\n"
        "open_before = len(plt.get_fignums())\nplt.plot([1, 2]); plt.savefig(file)\n"
        "size = [open_before, len(file.getvalue())]"
    )
    size = in_room(cell, "size")
    assert isinstance(size, list)
    assert size[0] == 0
    assert size[1] > 1000


def test_matplotlib_takes_the_list_of_fonts_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    [kept] = matplotlib_cache().glob("fontlist*.json")
    fonts = json.loads(kept.read_text())
    fonts["ttflist"][0]["name"] = "A Font Of This Test"
    kept.write_text(json.dumps(fonts))
    cell = "from matplotlib import font_manager\nnames = font_manager.get_font_names()"
    furniture = Furniture(tmp_path / "none", warm=("matplotlib.pyplot",))
    with one_sandbox(choose_wall("auto"), furniture, LIMITS) as sandbox:
        done = run_notebook(sandbox, [Step(1, cell, "q1", 20, ("q1",))], {}, 2**20, 60)
        assert "A Font Of This Test" in Student(done.snapshots["q1"].fork()).names


def test_a_rehearsal_leaves_nothing_in_sight(tmp_path: Path) -> None:
    cell = (
        "import linecache, os, sys\n"
        "names = [name for name in globals() if not name.startswith('_')]\n"
        "cells = [name for name in linecache.cache if name.startswith('<')]\n"
        "state = [os.getcwd(), get_ipython().execution_count, 'doctest' in sys.modules]"
    )
    furniture = Furniture(tmp_path, warm=("guest.otter_tests",))
    with one_sandbox(choose_wall("auto"), furniture, LIMITS) as sandbox:
        done = run_notebook(sandbox, [Step(7, cell, "q1", 20, ("q1",))], {}, 2**20, 60)
        student = Student(done.snapshots["q1"].fork())
        own = ["linecache", "os", "sys"]
        assert set(student.names) == {
            "In",
            "Out",
            "exit",
            "quit",
            "open",
            "get_ipython",
            "grader",
            *own,
        }
        assert student.cells == ["<cell 7>"]
        assert student.state == ["/home/student", 1, True]


def test_a_room_ends_with_its_watch_and_says_so(
    server: WarmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(pids: list[int]) -> None:
        raise ValueError("a line that is none")

    sandbox = Sandbox(server, LIMITS)
    sandbox.peak_memory = 1
    monkeypatch.setattr("autograder.sandbox.server.look_at", fail)
    step = Step(1, "import time; time.sleep(20)", "q1", 20, ("q1",))
    # The room is opened anew, and its watch fails again.
    with pytest.raises(WallError, match="a line that is none"):
        run_notebook(sandbox, [step], {}, 2**20, 60)
    with pytest.raises(WallError, match="a line that is none"):
        sandbox.close()


def test_a_server_that_is_gone_is_a_fault_of_ours(tmp_path: Path) -> None:
    with WarmServer(choose_wall("auto"), Furniture(tmp_path, warm=())) as server:
        server.ready()
        server._process.kill()
        with pytest.raises(WallError, match="does not stand"):
            Sandbox(server, LIMITS)
