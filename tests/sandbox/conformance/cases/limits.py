"""Promise 5: no more than its share, and it is told which limit it met."""

from __future__ import annotations

import time

from autograder.assignment import Limits
from autograder.results import Ending
from autograder.sandbox.channel import GRACE_SECONDS
from autograder.sandbox.memory import descendants
from tests.sandbox.conformance.model import LIMITS, Case, Try, World, cells, got

ROOMY = LIMITS.model_copy(update={"cell_seconds": 30.0})
MB = LIMITS.memory_mb


def _memory_outside(source: str, refused: str = "", limits: Limits = ROOMY) -> Try:
    """A case that takes memory which no count of its own pages shows; seen by its end."""

    def tried(world: World) -> list[str]:
        with world.room(limits) as sandbox:
            done = world.run(sandbox, source, limits=limits)
            met = done.troubles.get(1)
            if met and (met.ending == Ending.OUT_OF_MEMORY or met.error.get("type") == refused):
                return []
            return ["held it" if met is None else f"ended as {met.ending}: {met.error}"]

    return tried


def _in_time(source: str) -> Try:
    """A cell that never ends by itself ends as timed out, and no later than agreed."""

    def tried(world: World) -> list[str]:
        started = time.monotonic()
        broken = cells(source, ending=Ending.TIMED_OUT)(world)
        took = time.monotonic() - started
        late = took > LIMITS.cell_seconds + GRACE_SECONDS + 4
        return [*broken, f"ran for {took:.0f} s"] if late else broken

    return tried


def _pipes_stay_empty(world: World) -> list[str]:
    """Output past Python: a flood to descriptors 1 and 2 must fill nothing that others share."""
    with world.room() as sandbox:
        done = world.run(
            sandbox,
            "for _ in range(64):\n    os.write(1, b'x' * 2**16)\n    os.write(2, b'x' * 2**16)",
            "y = 1",
        )
        return [str(it.ending) for it in done.troubles.values()] or got(done, "q2")


def _killed_with_its_tree(world: World) -> list[str]:
    """A bomb of forks: bounded while it runs, gone when its cell has ended."""
    with world.room() as sandbox:
        done = world.run(
            sandbox,
            """
            started = 0
            for _ in range(200):
                try:
                    pid = os.fork()
                except OSError:
                    break
                if pid == 0:
                    time.sleep(30)
                    os._exit(0)
                started += 1
            """,
        )
        first = sandbox.first.pid
        living = len(list(descendants(first))) if first else 0
        del done
    return [f"{living} processes at once"] if living > LIMITS.processes + 4 else []


CASES = (
    Case(
        "5",
        "memory of one process",
        cells(f"hog = bytearray({MB * 3} * 2**20)", ending=Ending.OUT_OF_MEMORY, limits=ROOMY),
        ("RLIMIT_DATA", "memory watch"),
    ),
    Case(
        "5",
        "memory of many processes",
        _memory_outside(
            f"""
            for _ in range(4):
                if os.fork() == 0:
                    hog = bytearray({MB // 2} * 2**20)
                    hog[::4096] = b'x' * len(hog[::4096])
                    time.sleep(8)
                    os._exit(0)
            for _ in range(4):
                _, status = os.wait()
                if status:
                    os.kill(os.getpid(), signal.SIGKILL)
            """
        ),
        ("memory watch",),
    ),
    Case(
        "5",
        "memory of processes that a thread started",
        _memory_outside(
            f"""
            def start():
                for _ in range(4):
                    if os.fork() == 0:
                        hog = bytearray({MB // 2} * 2**20)
                        hog[::4096] = b'x' * len(hog[::4096])
                        time.sleep(8)
                        os._exit(0)
                for _ in range(4):
                    _, status = os.wait()
                    if status:
                        os.kill(os.getpid(), signal.SIGKILL)
            thread = threading.Thread(target=start)
            thread.start()
            thread.join()
            """
        ),
        ("children of threads",),
    ),
    Case(
        "5",
        "memory behind a name that is no text",
        _memory_outside(
            f"""
            import ctypes
            ctypes.CDLL(None).prctl(15, b'\\xff\\x1cVmPTE:', 0, 0, 0)
            for _ in range(4):
                if os.fork() == 0:
                    hog = bytearray({MB // 2} * 2**20)
                    hog[::4096] = b'x' * len(hog[::4096])
                    time.sleep(8)
                    os._exit(0)
            for _ in range(4):
                _, status = os.wait()
                if status:
                    os.kill(os.getpid(), signal.SIGKILL)
            """
        ),
        ("names of any bytes",),
    ),
    Case(
        "5",
        "shared memory that nobody maps any more",
        _memory_outside(
            """
            area = mmap.mmap(-1, 24 * 64 * 2**20)
            piece = b"x" * 64 * 2**20
            for place in range(0, len(area), len(piece)):
                area[place:place + len(piece)] = piece
                # The pages stay in the object, but in no process's count.
                area.madvise(mmap.MADV_DONTNEED)
            time.sleep(1)
            """
        ),
        ("count of shared memory",),
    ),
    Case(
        "5",
        "memory as a file without a name",
        _memory_outside(
            f"""
            files = []
            for number in range({MB * 2 // 4}):
                file = os.memfd_create(str(number))
                os.write(file, b"x" * 4 * 2**20)
                files.append(file)
            time.sleep(1)
            """,
            refused="PermissionError",
        ),
        ("filter memfd_create",),
    ),
    Case(
        "5",
        "memory in the tables of pages",
        _memory_outside(
            """
            # Nothing is written: every page is the one of zeros.
            flags = mmap.MAP_PRIVATE | 0x4000  # MAP_NORESERVE
            area = mmap.mmap(-1, 2**40, flags=flags, prot=mmap.PROT_READ)
            area.madvise(mmap.MADV_NOHUGEPAGE)
            for place in range(0, 400_000 * 2**21, 2**21):
                area[place]
            time.sleep(1)
            """
        ),
        ("count of page tables",),
    ),
    Case(
        "5",
        "memory in the buffers of sockets",
        _memory_outside(
            """
            def fill():
                for one in socket.socketpair():
                    held.append(one)
                    one.setblocking(False)
                    try:
                        while one.send(bytes(2**16)):
                            pass
                    except BlockingIOError:
                        pass
            for _ in range(8):
                if os.fork() == 0:
                    held = []
                    for _ in range(480):
                        fill()
                    time.sleep(8)
                    os._exit(0)
            for _ in range(8):
                _, status = os.wait()
                if status:
                    os.kill(os.getpid(), signal.SIGKILL)
            """
        ),
        ("count of socket buffers",),
    ),
    Case(
        "5",
        "a larger buffer for a socket",
        cells(
            """
            with socket.socket(socket.AF_UNIX) as line:
                usual = line.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
                line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**23)
                if line.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) > usual:
                    got.append("a larger one")
            """
        ),
        ("filter setsockopt",),
    ),
    Case("5", "processes without end", _killed_with_its_tree, ("RLIMIT_NPROC",)),
    Case(
        "5",
        "threads without end",
        cells(
            """
            # Small stacks: their memory is not what is tried here.
            threading.stack_size(2**16)
            gate = threading.Event()
            def many():
                for _ in range(200):
                    threading.Thread(target=gate.wait, daemon=True).start()
            attempt("threads", many)
            gate.set()
            time.sleep(0.2)
            """
        ),
        ("RLIMIT_NPROC",),
    ),
    Case(
        "5",
        "open files without end",
        cells(
            """
            def many():
                global files
                files = [open("/dev/null") for _ in range(2000)]
            try:
                attempt("files", many)
            finally:
                files = []
            """
        ),
        ("RLIMIT_NOFILE",),
    ),
    Case(
        "5",
        "a higher limit",
        cells(
            """
            for name in ("NPROC", "DATA", "NOFILE", "FSIZE", "CPU"):
                number = getattr(resource, "RLIMIT_" + name)
                soft, hard = resource.getrlimit(number)
                if hard == resource.RLIM_INFINITY:
                    got.append(f"{name} is unlimited")
                else:
                    attempt(name, resource.setrlimit, number, (hard + 1, hard + 1))
            """
        ),
        ("uid", "capabilities"),
        kernel="needs CAP_SYS_RESOURCE, which not every machine gives its root",
    ),
    Case(
        "5",
        "a core file",
        cells("got += [1] if resource.getrlimit(resource.RLIMIT_CORE)[1] not in (0, 1) else []"),
        ("RLIMIT_CORE",),
    ),
    Case(
        "5",
        "a program of the host that takes core files",
        cells(
            """
            for call in (160, 302):
                limits = struct.pack("QQ", 0, 0)
                arguments = (0, 4, limits, 0) if call == 302 else (4, limits)
                libc.syscall(call, *arguments)
            # With any other limit the kernel starts it as root, for a dump as large as we like.
            got += [1] if resource.getrlimit(resource.RLIMIT_CORE) != (1, 1) else []
            """
        ),
        ("filter setrlimit", "filter prlimit64"),
    ),
    Case(
        "5",
        "output without end",
        cells("while True:\n    print('x' * 10_000)", ending=Ending.TOO_MUCH_OUTPUT),
        ("output cap",),
    ),
    Case(
        "5",
        "output as a picture",
        cells(
            "from IPython.display import display, HTML\n"
            "while True:\n    display(HTML('x' * 10_000))",
            ending=Ending.TOO_MUCH_OUTPUT,
        ),
        ("output cap",),
    ),
    Case("5", "a flood past Python's own output", _pipes_stay_empty, ("silent descriptors",)),
    Case("5", "wall time", _in_time("while True:\n    pass"), ("deadline",)),
    Case(
        "5",
        "wall time asleep and deaf to signals",
        _in_time("signal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(600)"),
        ("deadline",),
    ),
    Case(
        "5",
        "processor time",
        cells(
            "hard = resource.getrlimit(resource.RLIMIT_CPU)[1]\n"
            "got += [1] if hard == resource.RLIM_INFINITY else []"
        ),
        ("RLIMIT_CPU",),
    ),
)
