"""The warm server's entry: import what notebooks import, and open rooms.

Called with one argument, like ``{"fd": 3, "warm": ["torch"]}``: the connection to the judge, and
the modules to import.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator

import numpy

from .confinement import (
    PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    control,
)

SEED = 0
"""Of the random state that a notebook starts with; torch has a default of its own."""


@contextlib.contextmanager
def _fonts_at_hand() -> Iterator[None]:
    """While matplotlib is imported, its list of fonts lies where it may write.

    It does not look for the list in a folder that it may only read, and makes a new one.
    """
    kept = os.environ["MPLCONFIGDIR"]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        os.environ["MPLCONFIGDIR"] = folder
        try:
            yield
        finally:
            os.environ["MPLCONFIGDIR"] = kept


def main() -> None:
    """Start up as the configuration in the first argument says, and serve until told to end."""
    config = json.loads(sys.argv[1])
    connection = socket.socket(fileno=config["fd"])
    control("no_new_privs", PR_SET_NO_NEW_PRIVS, 1)
    sys.argv = ["notebook"]
    with _fonts_at_hand():
        for module in config["warm"]:
            with contextlib.suppress(ModuleNotFoundError):
                importlib.import_module(module)
    from .forking import prepare_for_forks
    from .rehearsal import rehearse
    from .rooms import WarmServer
    from .shell import make_shell

    shell = make_shell()
    rehearse(shell)
    # Every submission starts from this process's state: the same in each class and each run.
    random.seed(SEED)
    numpy.random.seed(SEED)
    prepare_for_forks()
    # Without it, what the same user's next process may read of this one includes its memory.
    control("dumpable", PR_SET_DUMPABLE, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Orphans come here and go at once: a container's first process may leave them as zombies, and
    # each counts against a student's limit on processes.
    control("subreaper", PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    WarmServer(connection, shell).serve()
    os._exit(0)
