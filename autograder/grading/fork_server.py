"""The process that workers are forked from: it imports for all of them, once."""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver as forkserver
import os
from collections.abc import Sequence

from autograder.grading.environment import ENVIRONMENT


def start_importing(preload: Sequence[str]) -> None:
    """Let the process that workers are forked from import these, while the client does more."""
    os.environ.update(ENVIRONMENT)
    multiprocessing.set_forkserver_preload(list(preload))
    forkserver.ensure_running()
