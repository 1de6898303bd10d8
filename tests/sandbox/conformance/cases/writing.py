"""Promise 3: nothing that lasts is written, and no disk is filled."""

from __future__ import annotations

import pathlib
import subprocess
import tempfile

from tests.sandbox.conformance.model import LIMITS, Case, World, cells

LASTING = """
folders = ["/", "/etc", "/usr", "/usr/lib", "/opt", "/var", "/var/tmp", "/root", "/run", "/dev",
           "/proc", "/sys", "/opt/autograder/files", "/opt/autograder/guest", sys.prefix,
           outside["folder"], outside["closed"], os.path.dirname(os.__file__)]
for folder in folders:
    if os.path.realpath(folder).startswith(SCRATCH):
        continue
    attempt(folder, writes, f"{folder}/autograder-was-here")
"""

FILL = """
def fill(folder):
    done = 0
    for number in range(6):
        with open(f"{folder}/big{number}", "wb", buffering=0) as file:
            for _ in range(MB):
                done += file.write(bytes(2**20))
    return True
"""


def _leaves(world: World) -> list[str]:
    """What remains after the room in the folders where everybody may write."""
    cells(
        """
        for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "."):
            attempt(folder, writes, f"{folder}/canary-left")
        got.clear()
        """
    )(world)
    folders = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", str(world.outside.folder))
    left = [str(it) for folder in folders for it in pathlib.Path(folder).glob("canary-left")]
    for path in left:
        pathlib.Path(path).unlink()
    return left


def _public_files(world: World) -> list[str]:
    cells("attempt('data', writes, 'data/public.txt')\ngot.clear()")(world)
    text = (world.outside.folder / "files" / "data" / "public.txt").read_text()
    return [] if text == "for all" else [text]


def _nested(world: World) -> list[str]:
    """What remains of folders that are nested deeper than Python can walk."""
    temporary = pathlib.Path(tempfile.gettempdir())
    before = set(temporary.iterdir())
    nest = cells(
        """
        for folder in (os.getcwd(), os.environ["TMPDIR"], "/dev/shm"):
            os.chdir(folder)
            for _ in range(3000):
                os.mkdir("canary-left")
                os.chdir("canary-left")
        """
    )
    broken: list[str] = []
    try:
        nest(world)
    except RecursionError as error:
        broken.append(f"the grader stumbled: {error}")
    folders = [path for path in temporary.iterdir() if path not in before]
    folders += pathlib.Path("/dev/shm").glob("canary-left")
    for path in folders:
        subprocess.run(["rm", "-rf", "--", str(path)], check=True)
    return [*broken, *map(str, folders)]


CASES = (
    Case(
        "3",
        "in any folder of the system",
        cells("SCRATCH = ('/tmp', '/home/student', '/dev/shm')", LASTING),
        ("read-only root", "uid", "landlock"),
        only=("bubblewrap",),
    ),
    Case(
        "3",
        "in any folder but those of everybody",
        cells("SCRATCH = ('/tmp', '/var/tmp', '/dev/shm', '/run/lock', os.getcwd())", LASTING),
        behind_container=("uid", "landlock"),
        only=("container",),
    ),
    Case(
        "3",
        "folders that are nested too deep to be walked",
        _nested,
        behind_container=("removal of any folder",),
        only=("container",),
    ),
    Case("3", "files that stay when the room has ended", _leaves, ("scratch",), ("removal",)),
    Case("3", "the public files that all rooms share", _public_files, ("read-only files", "uid")),
    Case(
        "3",
        "a file larger than the disk",
        cells(
            """
            def large():
                with open("large", "wb", buffering=0) as file:
                    for _ in range(4 * DISK):
                        file.write(bytes(2**20))
            attempt("large", large)
            """.replace("DISK", str(LIMITS.disk_mb))
        ),
        ("RLIMIT_FSIZE", "scratch size"),
    ),
    Case(
        "3",
        "more than the disk in several files",
        cells(FILL.replace("MB", "6"), "attempt('full', fill, '.')"),
        ("scratch size",),
        only=("bubblewrap",),
    ),
    Case(
        "3",
        "more than the disk in shared memory",
        cells(FILL.replace("MB", "6"), "attempt('full', fill, '/dev/shm')"),
        ("scratch size",),
        only=("bubblewrap",),
    ),
    Case(
        "3",
        "endless empty files",
        cells(
            """
            def many():
                for number in range(30_000):
                    os.close(os.open(f"f{number}", os.O_CREAT))
            attempt("files", many)
            """
        ),
        ("scratch files",),
        only=("bubblewrap",),
    ),
)
