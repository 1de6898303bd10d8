"""A class on a real cluster: scheduler and workers are processes of their own, some are killed.

A machine of the cluster is a worker process here; all of them share this machine.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dask
import pytest

import autograder
from autograder.assignment.kit import Kit
from autograder.errors import ClusterError, StoreError
from autograder.grading.cluster import grade_on_cluster
from autograder.grading.connection import connected, number_of_slots
from autograder.grading.hand_in import HandIn
from autograder.grading.job import KitJob
from autograder.sandbox.memory import descendants
from autograder.store import open_store
from tests.grading.conftest import TRAINING, notebook
from tests.grading.test_resume import CLASS, gradebook, make_class

QUICK = {
    **os.environ,
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "10",
    "OMP_NUM_THREADS": "1",
}
"""Give up an address after five seconds; kills come faster here than machines fail."""


class Cluster:
    """A scheduler, and workers with one thread each."""

    def __init__(self, folder: Path, *tls: str) -> None:
        self.folder = folder
        self.tls = tls
        self.processes: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.start_scheduler(port=0)

    def start_scheduler(self, port: int) -> None:
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        self.scheduler = self._start(
            *("dask_scheduler", "--host", "127.0.0.1", "--port", str(port)),
            *("--scheduler-file", str(file)),
            *self.tls,
        )
        while not file.is_file() or not file.read_text().endswith("}"):
            assert self.scheduler.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.1)
        self.address: str = json.loads(file.read_text())["address"]

    def start_worker(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        worker = self._start(
            *("dask_worker", self.address, "--nthreads", "1", *options),
            *("--local-directory", str(self.folder / f"worker-{len(self.workers)}")),
            **environment,
        )
        self.workers.append(worker)
        return worker

    def _start(self, program: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard", *options],
                stdout=log,
                stderr=log,
                # With -m the current folder comes first on the path: not this checkout.
                cwd=self.folder,
                env={**QUICK, **environment},
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def worker_processes(self) -> list[int]:
        """The pids of the workers themselves; a nanny starts a new one for each that is killed."""
        with connected(self.address) as client:
            return sorted(client.run(os.getpid).values())

    def kits(self) -> list[Path]:
        """The builds that lie unpacked on some machine."""
        return [*self.folder.glob("worker-*/dask-scratch-space/*/autograder-*")]

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers, each with a nanny that starts it anew when it dies."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    for _ in range(2):
        cluster.start_worker()
    yield cluster
    cluster.stop()


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler without workers."""
    (tmp_path / "lonely").mkdir()
    cluster = Cluster(tmp_path / "lonely")
    yield cluster
    cluster.stop()


@pytest.fixture
def root(kit: Kit, tmp_path: Path) -> Path:
    """A folder with the built assignment."""
    shutil.copytree(kit.folder, tmp_path / "dist" / "tiny")
    return tmp_path


def make_slow_class(folder: Path, size: int) -> None:
    """A class whose hand-ins take a second each, so that there is a middle to kill in."""
    make_class(folder, 0)
    for number, kind in zip(range(size), itertools.cycle(CLASS), strict=False):
        text = notebook(
            CLASS[kind],
            essay=f"Student {number} writes this.",
            training=f"import time\ntime.sleep(1)\n{TRAINING}",
        )
        (folder / f"{number:02}-{kind}.ipynb").write_text(text)


@pytest.fixture(scope="module")
def calm(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the built assignment and a class of nine, graded on this machine alone."""
    root = tmp_path_factory.mktemp("calm")
    shutil.copytree(kit.folder, root / "dist" / "tiny")
    make_slow_class(root / "class", 8)
    assert grade(root, "local", "--jobs", "2").wait() == 1
    return root


def grade(root: Path, out: str, *options: str) -> subprocess.Popen[bytes]:
    command = ["grade", "tiny", "class", "--out", out, *options]
    with (root / f"{out}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "autograder", *command],
            cwd=root,
            stdout=log,
            stderr=log,
            env=QUICK,
            start_new_session=True,
        )


def graded(root: Path, out: str) -> list[str]:
    """What stands in the store by now."""
    try:
        with open_store(root / out) as store:
            return [record.submission for record in store.submissions()]
    except StoreError:
        return []


def until(true: Callable[[], object], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.1)


def alive(pids: list[int]) -> list[int]:
    """Those that run; a zombie does not."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.append(pid)
    return found


def require_same(root: Path, out: str) -> None:
    """The gradebook is that of a run on this machine alone, and each hand-in stands there once."""
    if not (root / "local").exists():
        assert grade(root, "local", "--jobs", "2").wait() == 1
    assert gradebook(root, out) == gradebook(root, "local")
    paths = graded(root, out)
    assert len(paths) == len(set(paths)) == len(gradebook(root, "local"))


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_of_a_class_loses_and_doubles_nothing(
    cluster: Cluster, calm: Path
) -> None:
    victim = cluster.worker_processes()[0]
    run = grade(calm, "worker-killed", "--scheduler", cluster.address)
    until(lambda: graded(calm, "worker-killed"))
    its_own = descendants(victim)
    os.kill(victim, signal.SIGKILL)
    assert len(graded(calm, "worker-killed")) < 9, "the class was done before the worker was killed"
    until(lambda: not alive(its_own))
    assert run.wait() == 1
    require_same(calm, "worker-killed")
    with open_store(calm / "worker-killed") as store:
        walls = {record.result.wall for record in store.submissions()}
    assert walls == {"bubblewrap"}
    assert re.search(r"grading \(\d workers?\)", (calm / "worker-killed.log").read_text())
    assert not cluster.kits()


@pytest.mark.long
def test_a_client_that_is_interrupted_and_one_that_is_killed_go_on(
    cluster: Cluster, calm: Path
) -> None:
    run = grade(calm, "client-killed", "--scheduler", cluster.address)
    until(lambda: graded(calm, "client-killed"))
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(timeout=30) == 130
    until(lambda: not cluster.kits())
    first = len(graded(calm, "client-killed"))
    assert first < 9
    run = grade(calm, "client-killed", "--scheduler", cluster.address)
    until(lambda: len(graded(calm, "client-killed")) > first)
    run.kill()
    run.wait()
    assert grade(calm, "client-killed", "--scheduler", cluster.address).wait() == 1
    require_same(calm, "client-killed")


@pytest.mark.long
def test_a_class_of_thirty_outlives_six_killed_workers(cluster: Cluster, root: Path) -> None:
    make_slow_class(root / "class", 30)
    rng = random.Random(30)
    run = grade(root, "out", "--scheduler", cluster.address)
    for kill in range(6):
        until(lambda done=4 * kill + 1: len(graded(root, "out")) >= done)
        assert run.poll() is None, "the class was done before the worker was killed"
        os.kill(rng.choice(cluster.worker_processes()), signal.SIGKILL)
    assert run.wait() == 1
    require_same(root, "out")


@pytest.mark.long
def test_two_clients_with_one_class_and_one_store_double_nothing(
    cluster: Cluster, root: Path
) -> None:
    make_slow_class(root / "class", 10)
    runs = [grade(root, "out", "--scheduler", cluster.address) for _ in range(2)]
    assert [run.wait() for run in runs] == [1, 1]
    require_same(root, "out")


@pytest.mark.long
def test_a_scheduler_that_comes_back_loses_nothing(
    lonely: Cluster, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(QUICK, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "60s")
    make_slow_class(root / "class", 10)
    lonely.start_worker()
    run = grade(root, "out", "--scheduler", lonely.address)
    until(lambda: graded(root, "out"))
    lonely.scheduler.kill()
    lonely.scheduler.wait()
    lonely.start_scheduler(port=int(lonely.address.rpartition(":")[2]))
    lonely.start_worker()
    assert run.wait() == 1
    require_same(root, "out")


@pytest.mark.slow
def test_a_scheduler_that_is_gone_is_an_error_that_says_what_to_do(
    kit: Kit, lonely: Cluster, tmp_path: Path
) -> None:
    make_class(tmp_path / "class", 1)
    threading.Timer(3, lonely.scheduler.kill).start()
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),
        pytest.raises(ClusterError, match="the scheduler is gone") as caught,
    ):
        list(grade_on_cluster(KitJob(kit), hand_ins(tmp_path), lonely.address))
    assert "the same command goes on" in caught.value.remedy


def test_no_scheduler_there_is_an_error_that_says_what_to_do() -> None:
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(ClusterError, match="no scheduler answers there") as caught,
        connected("tcp://127.0.0.1:1"),
    ):
        pass
    assert caught.value.where == "tcp://127.0.0.1:1"
    assert "dask scheduler" in caught.value.remedy


@pytest.mark.slow
def test_a_worker_with_another_autograder_is_refused(
    kit: Kit, lonely: Cluster, tmp_path: Path
) -> None:
    make_class(tmp_path / "class", 1)
    shutil.copytree(Path(autograder.__file__).parent, tmp_path / "other" / "autograder")
    with (tmp_path / "other" / "autograder" / "results.py").open("a") as file:
        file.write("# Changed on this machine alone.\n")
    lonely.start_worker(PYTHONPATH=str(tmp_path / "other"))
    with pytest.raises(ClusterError, match=r"has autograder .* instead of"):
        list(grade_on_cluster(KitJob(kit), hand_ins(tmp_path), lonely.address))


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """A certificate for all, and the authority that signed it."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(*new, "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority")
    openssl(*new, "-keyout", "node.key", "-out", "node.csr", "-subj", "/CN=node")
    signed = ("x509", "-req", "-in", "node.csr", "-out", "node.pem", "-CAcreateserial")
    openssl(*signed, "-CA", "ca.pem", "-CAkey", "ca.key")
    return {name: str(tmp_path / name) for name in ("ca.pem", "node.pem", "node.key")}


@pytest.mark.slow
def test_tls_takes_the_certificate_that_dask_is_configured_with(
    certificates: dict[str, str], tmp_path: Path
) -> None:
    ca, certificate, key = certificates.values()
    (tmp_path / "tls").mkdir()
    cluster = Cluster(
        *(tmp_path / "tls", "--protocol", "tls", "--tls-ca-file", ca),
        *("--tls-cert", certificate, "--tls-key", key),
    )
    quick = {"distributed.comm.timeouts.connect": "5s"}
    ours = {
        "distributed.comm.tls.ca-file": ca,
        "distributed.comm.tls.client.cert": certificate,
        "distributed.comm.tls.client.key": key,
    }
    try:
        assert cluster.address.startswith("tls://")
        with (
            dask.config.set({**quick, **ours}),
            connected(cluster.address) as client,
        ):
            assert number_of_slots(client) == (0, 0)
        with (
            dask.config.set(quick),
            pytest.raises(ClusterError, match="no scheduler answers there"),
            connected(cluster.address),
        ):
            pass
    finally:
        cluster.stop()


def hand_ins(root: Path) -> list[HandIn]:
    return [HandIn(path, path.name) for path in sorted((root / "class").iterdir())]
