"""Stock `otter run` on one submission, in a process of its own with a time limit."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.sandbox.memory import descendants
from autograder.submission.text import one_line

_LAST_ERROR = re.compile(r"^[\w.]*(?:Error|Exception|NoSuchKernel|Interrupt)\b.*", re.MULTILINE)


@dataclass(frozen=True)
class OtterRun:
    """What otter made of a submission."""

    seconds: float
    scores: dict[str, float] = field(default_factory=dict)
    """By question; empty where otter lost them."""
    total: float | None = None
    """The whole score, where the bundle scales it."""
    lost: str = ""
    """Why there are no scores; empty where there are."""


def otter_run(bundle: Path, submission: Path, seconds: float, memory_mb: int) -> OtterRun:
    """Run it as a person would, and read the results.json that it writes.

    Student code runs with all rights of the caller, as it always does under `otter run`; but no
    process may take more than ``memory_mb``, as here, so that one submission can't end a machine.
    """
    with tempfile.TemporaryDirectory(prefix="otter-run-") as out:
        command = [sys.executable, "-m", "otter", "run", "--no-logo"]
        command += ["-a", str(bundle.resolve()), "-o", out, str(submission.resolve())]
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=out,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (memory_mb * 2**20,) * 2)
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            return OtterRun(time.monotonic() - started, lost=f"stopped after {seconds:g} s")
        took = time.monotonic() - started
        results = Path(out, "results.json")
        if not results.is_file():
            return OtterRun(took, lost=_why(said.decode("utf-8", "replace"), process.returncode))
        return _read(json.loads(results.read_text()), took)


def _end(process: subprocess.Popen[bytes]) -> None:
    # The kernel is in a session of its own.
    below = list(descendants(process.pid))
    for pid in (process.pid, *below):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate()


def _why(said: str, status: int) -> str:
    errors = _LAST_ERROR.findall(said)
    return f"no results: {one_line(errors[-1], 160) if errors else f'exit status {status}'}"


def _read(results: dict[str, Any], seconds: float) -> OtterRun:
    scores = {test["name"]: float(test["score"]) for test in results["tests"] if "score" in test}
    if not scores:
        told = " ".join(str(test.get("output", "")) for test in results["tests"])
        errors = _LAST_ERROR.findall(told)
        return OtterRun(
            seconds, lost=f"results lost: {one_line(errors[-1], 160) if errors else ''}"
        )
    return OtterRun(seconds, scores, results.get("score"))
