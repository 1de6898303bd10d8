"""The warm server's entry: set limits, import what notebooks import, serve.

Run as ``python -m guest.main '{"fd": 3, ...}'``.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
import os
import resource
import signal
import socket
import sys

from .confinement import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, Confinement, control


def main() -> None:
    """Start up as the configuration in the first argument says, and serve until told to end."""
    config = json.loads(sys.argv[1])
    connection = socket.socket(fileno=config["fd"])
    control("no_new_privs", PR_SET_NO_NEW_PRIVS, 1)
    for name, value in config["rlimits"].items():
        number = getattr(resource, name)
        _, hard = resource.getrlimit(number)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))
    os.chdir(config["home"])
    # A notebook's first entry on the path is its own folder, not this package's.
    sys.path[0] = ""
    sys.argv = ["notebook"]
    for module in config["warm"]:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(module)
    from .serve import Server
    from .shell import make_shell

    shell = make_shell()
    # Without it, what the same user's next process may read of this one includes its memory.
    control("dumpable", PR_SET_DUMPABLE, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # This process may be the first of its pid namespace, and then inherits every orphan.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    confinement = Confinement(config["uid"], base64.b64decode(config["filter"]))
    Server(connection, shell, confinement).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
