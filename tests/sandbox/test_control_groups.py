"""Control groups: found where the kernel has them, set as it wants, gone when the class is done.

The first tests work on folders that are laid out as the kernel lays out its own: a machine has one
version at most.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.assignment import Limits
from autograder.results import Ending
from autograder.sandbox import server
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.control_groups import (
    ControlGroup,
    Place,
    find_place,
    make_group,
    remove_groups_of,
)
from autograder.sandbox.execution import Step, run_notebook
from autograder.sandbox.server import Sandbox, WarmServer
from autograder.sandbox.wall import Furniture

UNIFIED = "30 23 0:26 / {point} rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate"
SPLIT = (
    "31 23 0:27 / {point}/memory rw,relatime - cgroup cgroup rw,memory\n"
    "32 23 0:28 / {point}/pids rw,relatime - cgroup cgroup rw,pids\n"
    "34 23 0:30 / {point}/cpu rw,relatime - cgroup  rw,cpu,cpuacct\n"
    "33 23 0:29 / {point}/unified rw,relatime - cgroup2 cgroup2 rw"
)


def lay_out(top: Path, folders: dict[str, str]) -> None:
    """Make folders with what each hands down to its children."""
    for folder, controllers in folders.items():
        (top / folder).mkdir(parents=True, exist_ok=True)
        (top / folder / "cgroup.subtree_control").write_text(controllers)


def test_version_2_is_found_at_the_nearest_group_that_hands_both_down(tmp_path: Path) -> None:
    handed_down = {".": "cpu memory pids", "user": "memory pids", "user/one": "memory"}
    lay_out(tmp_path, {**handed_down, "user/one/scope": ""})
    place = find_place(UNIFIED.format(point=tmp_path), "0::/user/one/scope")
    assert place == Place(2, tmp_path / "user", tmp_path / "user")


def test_version_2_shares_out_the_processor_where_that_is_handed_down(tmp_path: Path) -> None:
    lay_out(tmp_path, {".": "cpu memory pids", "user": ""})
    place = find_place(UNIFIED.format(point=tmp_path), "0::/user")
    assert place == Place(2, tmp_path, tmp_path, tmp_path)


def test_version_2_is_not_used_where_nothing_is_handed_down(tmp_path: Path) -> None:
    lay_out(tmp_path / "top", {".": "cpu", "user": ""})
    # A folder above the mount is none of its groups.
    (tmp_path / "cgroup.subtree_control").write_text("memory pids")
    assert find_place(UNIFIED.format(point=tmp_path / "top"), "0::/user") is None


def test_version_1_is_found_below_our_own_groups(tmp_path: Path) -> None:
    lay_out(tmp_path, {"memory/ours": "", "pids": "", "cpu": "", "unified": ""})
    memberships = "8:pids:/\n5:cpu,cpuacct:/\n4:memory:/ours\n0::/"
    place = find_place(SPLIT.format(point=tmp_path), memberships)
    assert place == Place(1, tmp_path / "memory/ours", tmp_path / "pids", tmp_path / "cpu")


def test_a_group_outside_what_is_mounted_is_not_taken(tmp_path: Path) -> None:
    lay_out(tmp_path, {".": "memory pids"})
    mounts = UNIFIED.format(point=tmp_path).replace(" / ", " /docker/box ", 1)
    assert find_place(mounts, "0::/user/one") is None


def limits_of(group: ControlGroup) -> dict[str, str]:
    """What stands in the files that limit a group."""
    return {
        path.name: path.read_text().strip()
        for folder in group._folders
        for path in folder.iterdir()
        if "max" in path.name or "limit" in path.name
    }


def test_version_2_is_limited_beyond_what_the_server_has(tmp_path: Path) -> None:
    group = ControlGroup(Place(2, tmp_path, tmp_path))
    (folder,) = group._folders
    for name, text in {
        "memory.swap.max": "max",
        "cgroup.procs": "41\n42\n",
        "pids.current": "3",
        "memory.stat": "anon 1000\nfile 5000\nshmem 24\n",
        "memory.events": "low 0\noom 3\noom_kill 2\n",
    }.items():
        (folder / name).write_text(text)
    assert not group.holds(4)
    assert group.holds(42)
    group.limit(2**20, 60)
    expected = {"memory.max": str(2**20 + 1024), "memory.swap.max": "0", "pids.max": "63"}
    assert limits_of(group) == expected
    assert group.kills() == 2


def test_version_1_is_limited_beyond_what_the_server_has(tmp_path: Path) -> None:
    lay_out(tmp_path, {"memory": "", "pids": "", "cpu": ""})
    group = ControlGroup(Place(1, tmp_path / "memory", tmp_path / "pids", tmp_path / "cpu"))
    memory, processes, processor = group._folders
    for folder in (memory, processes, processor):
        (folder / "cgroup.procs").write_text("42\n")
    (processes / "pids.current").write_text("3")
    (memory / "memory.memsw.limit_in_bytes").write_text("9")
    (memory / "memory.stat").write_text("rss 1\ntotal_rss 1000\ntotal_shmem 24\n")
    (memory / "memory.oom_control").write_text("under_oom 0\noom_kill 1\n")
    assert group.holds(42)
    group.limit(2**20, 60)
    assert limits_of(group) == {
        "memory.limit_in_bytes": str(2**20 + 1024),
        "memory.memsw.limit_in_bytes": str(2**20 + 1024),
        "pids.max": "63",
    }
    assert group.kills() == 1


def test_groups_of_graders_that_were_killed_are_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, living = tmp_path / f"autograder-{ended.pid}-a", tmp_path / f"autograder-{os.getpid()}-a"
    left.mkdir()
    living.mkdir()
    ControlGroup(Place(2, tmp_path, tmp_path))
    assert not left.exists()
    assert living.exists()


HOG = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        # Within the limits of one process.
        held = b"x" * (200 * 2**20)
        time.sleep(3)
        os._exit(0)
for _ in range(4):
    if os.wait()[1]:
        os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_the_kernel_ends_what_a_watch_does_not_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = make_group()
    if group is None:
        pytest.skip("no control group can be made here: run as root where they may be written")
    folders = [folder.parent for folder in group._folders]
    group.remove()
    monkeypatch.setattr(server, "WATCH_SECONDS", 1e6)
    limits = Limits(memory_mb=300, disk_mb=8, cell_seconds=20, processes=32)
    steps = [Step(1, "x = 1", "q1", 20, ("q1",)), Step(2, HOG, "q2", 20, ("q2",))]
    with WarmServer(Bubblewrap(), Furniture(tmp_path, ())) as warm:
        with Sandbox(warm, limits) as sandbox:
            assert "control groups" in warm.counted_by
            done = run_notebook(sandbox, steps, {}, 2**20, 60)
            assert done.troubles[1].ending is Ending.OUT_OF_MEMORY
            assert "q1" in done.snapshots
        with Sandbox(warm, limits) as sandbox:
            assert run_notebook(sandbox, steps[:1], {}, 2**20, 60).troubles == {}
    assert [it for folder in folders for it in folder.glob(f"autograder-{os.getpid()}-*")] == []


SERVER = """
import sys, time
from pathlib import Path
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.server import WarmServer
from autograder.sandbox.wall import Furniture
with WarmServer(Bubblewrap(), Furniture(Path(sys.argv[1]), ())) as server:
    server.ready()
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_whoever_kills_a_grader_removes_its_groups(tmp_path: Path) -> None:
    group = make_group()
    if group is None:
        pytest.skip("no control group can be made here: run as root where they may be written")
    folders = [folder.parent for folder in group._folders]
    group.remove()
    command = [sys.executable, "-c", SERVER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as grader:
        assert grader.stdout is not None
        assert grader.stdout.readline() == b"ready\n"
        left = [it for folder in folders for it in folder.glob(f"autograder-{grader.pid}-*")]
        assert len(left) == len(folders)
        grader.kill()
    remove_groups_of(grader.pid)
    assert [it for it in left if it.exists()] == []
