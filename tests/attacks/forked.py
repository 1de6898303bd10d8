"""Stock otter's command in a fork of this process, which has imported it: quicker many times over.

What every start of it would do alike is done once: importing otter, torch and this package.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import otter.cli
import otter.run
import torch  # noqa: F401 - imported for the forks, as is the plugin

import autograder.bundle.plugin  # noqa: F401


def forked_otter(arguments: Sequence[str], folder: Path, seconds: float) -> bytes | None:
    """Otter with ``arguments`` in ``folder``; a `Run` of tests.attacks.ways."""
    with tempfile.TemporaryFile() as said:
        pid = os.fork()
        if pid == 0:
            _be_otter(arguments, folder, said.fileno())
        poll = select.poll()
        pidfd = os.pidfd_open(pid)
        try:
            poll.register(pidfd, select.POLLIN)
            ended = bool(poll.poll(seconds * 1000))
        finally:
            os.close(pidfd)
            if not ended:
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        said.seek(0)
        return said.read() if ended else None


def _be_otter(arguments: Sequence[str], folder: Path, output: int) -> None:
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(folder)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - it ends with the process
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
        sys.argv = ["otter", *arguments]
        otter.cli.cli()
    except SystemExit:
        pass
    # Nothing of the process that was forked may go on in this one.
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
