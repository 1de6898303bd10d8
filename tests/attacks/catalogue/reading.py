"""Looking for what is hidden (promise 2). What is found is raised by the answer, and so shown."""

from __future__ import annotations

from tests.attacks.model import Attack

HIDDEN = (
    "standardised_twice_over",
    "Mean and variance run over rows",
    "The extremes of the data fix both ends",
    "bounces between its walls",
)
"""Of the checks, hints, quiz answers and rubric references of the small assignment."""

# Backwards, lest a search finds itself.
WORDS = f"[w[::-1] for w in {tuple(word[::-1] for word in HIDDEN)!r}]"

FOUND = f"""
import os, sys, re
words = {WORDS}
found = []
def tell(what, text):
    if type(text) is bytes:
        text = text.decode("latin-1")
    found.extend([what] if any(word in text for word in words) else [])
def tell_file(path):
    try:
        with open(path, "rb") as file:
            data = file.read(500_000)
    except OSError:
        return
    tell(path, data)
"""
RAISED = """
if found:
    raise RuntimeError("LEA" + "KED " + found[0][:200])
"""


def search(name: str, code: str, promise: str = "2") -> Attack:
    """An attack that looks around in its cell."""
    return Attack(name, promise, FOUND + code, RAISED)


def search_when_called(name: str, code: str, promise: str = "2") -> Attack:
    """An attack that looks around while a check waits for it."""
    return Attack(name, promise, FOUND, code + RAISED)


WALK = """
for top in ({tops}):
    for folder, folders, names in os.walk(top):
        folders[:] = [it for it in folders if it not in ("site-packages", "proc", "sys", "lib")]
        for name in names:
            if name.endswith((".py", ".json", ".yml", ".npz", ".txt", ".sqlite", ".zip")):
                tell_file(os.path.join(folder, name))
"""
FRAMES = """
frame = sys._getframe()
while frame:
    for name, value in list(frame.f_locals.items()):
        if type(value) in (str, bytes):
            tell("frame " + name, value)
    tell("code", frame.f_code.co_name + frame.f_code.co_filename)
    frame = frame.f_back
"""
MODULES = """
for name, module in list(sys.modules.items()):
    tell("module " + name, " ".join(map(str, dir(module))))
    tell_file(getattr(module, "__file__", None) or "/nowhere")
"""
MEMORY = """
import gc
for item in gc.get_objects():
    if type(item) is dict:
        for key in list(item):
            if type(key) is str:
                tell("memory", key)
"""
PROC = """
for pid in os.listdir("/proc"):
    if pid.isdigit():
        for part in ("environ", "cmdline"):
            tell_file(f"/proc/{pid}/{part}")
"""

ATTACKS = (
    search(
        "files of the system", WALK.format(tops="'/autograder', '/opt', '/srv', '/home', '/etc'")
    ),
    search("files of tmp", WALK.format(tops="'/tmp', '/var/tmp', '/dev/shm', '/run'")),
    search("files of the grader's home", WALK.format(tops="'/root', os.path.expanduser('~')")),
    search("files around it", WALK.format(tops="'.', '..', '../..', '../../..'")),
    search("other processes", PROC),
    search("its own environment", "tell('environ', repr(dict(os.environ)))"),
    search("frames above the cell", FRAMES),
    search_when_called("frames above the call", FRAMES),
    search("modules that are loaded", MODULES),
    search_when_called("modules during the check", MODULES),
    search("memory of its process", MEMORY),
    search_when_called("memory during the check", MEMORY),
    search(
        "memory of its parent",
        """
try:
    with open(f"/proc/{os.getppid()}/maps") as maps, open(f"/proc/{os.getppid()}/mem", "rb") as mem:
        for line in maps:
            if " rw-p " in line:
                start, end = (int(it, 16) for it in line.split()[0].split("-"))
                mem.seek(start)
                tell("parent", mem.read(min(end - start, 2**24)))
except OSError:
    pass
""",
    ),
    search(
        "the package itself",
        "try:\n    import autograder.judge.run as run\n"
        "    found.append('the package')\n"
        "except ImportError:\n    pass",
    ),
    search(
        "descriptors left open",
        "for name in os.listdir('/proc/self/fd'):\n"
        "    try:\n        target = os.readlink(f'/proc/self/fd/{name}')\n"
        "    except OSError:\n        continue\n"
        "    if target.startswith('/') and not target.startswith(('/dev/null', '/proc')):\n"
        "        tell_file(target)",
    ),
    search(
        "other students' hand-ins",
        "for top in ('/autograder', '/tmp', os.getcwd(), '@CANARY@/..'):\n"
        "    for folder, folders, names in os.walk(top):\n"
        "        for name in names:\n"
        "            if name.startswith(('harmless', 'aa-bystander')):\n"
        "                found.append(name)",
    ),
)
