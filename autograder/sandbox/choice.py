"""Which wall stands on this machine."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from autograder.errors import WallError
from autograder.sandbox.bare import Bare
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.container import Container
from autograder.sandbox.wall import Wall


def choose_wall(wish: str, closed: Sequence[Path] = ()) -> Wall:
    """The wall of that name; for ``auto`` the strongest that stands here.

    ``closed`` is what student code must not read; bubblewrap does not even mount it. The container
    wall stands only where there is something to close, that is in a grading container. Raises
    WallError where none stands: only ``none`` by name does without.
    """
    if wish == "none":
        return Bare()
    if wish == "bubblewrap" or (wish == "auto" and bubblewrap_works()):
        return Bubblewrap()
    if closed and (wish == "container" or (wish == "auto" and os.geteuid() == 0)):
        return Container(closed)
    if wish == "container":
        raise WallError(
            "the container wall stands only in a grading container",
            remedy="Use `bubblewrap`: elsewhere nobody says what student code must not read.",
        )
    raise WallError(
        "no wall stands on this machine: bubblewrap is missing, or may not make namespaces",
        remedy="Install bubblewrap (`apt-get install bubblewrap` or `dnf install bubblewrap`) and "
        "run `autograder doctor`. The wall `none` is for submissions that you trust.",
    )


@functools.cache
def bubblewrap_works() -> bool:
    """Whether bubblewrap is installed and may make the namespaces that it needs."""
    if shutil.which("bwrap") is None:
        return False
    trial = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--ro-bind", "/", "/"]
    done = subprocess.run([*trial, "--proc", "/proc", "true"], capture_output=True, check=False)
    return done.returncode == 0
