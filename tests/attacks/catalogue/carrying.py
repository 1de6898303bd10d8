"""Carrying a hidden input home, or from one check to the next (promise 11)."""

from __future__ import annotations

from tests.attacks.model import Attack

TEXT = "'LEA' + 'KED ' + repr(args)[:200].replace('LEA', '')"
"""Says what the function was called with. A public check's input is no secret: `hidden` rules."""

HIDDEN = """
def is_hidden(args):
    # The public example is known; whatever else comes is hidden.
    value = args[0] if args else None
    return getattr(value, "numel", lambda: 0)() > 4
"""


def carry(name: str, setup: str, call: str) -> Attack:
    """An attack that does ``call`` when a hidden input comes."""
    body = "if is_hidden(args):\n    " + call.replace("\n", "\n    ")
    return Attack(name, "11", HIDDEN + setup, body)


ATTACKS = (
    carry("raised as a message", "", f"raise ValueError({TEXT})"),
    carry(
        "raised as a type",
        "",
        f"raise type('x', (Exception,), {{'__module__': 'torch', '__name__': 'E'}})({TEXT})",
    ),
    carry(
        "raised as a type of torch",
        "",
        "raise type('LEA' + 'KEDError', (Exception,), {'__module__': 'torch'})()",
    ),
    carry(
        "raised as a type of Python",
        "",
        "raise type('LEA' + 'KED', (Exception,), {'__module__': 'builtins'})()",
    ),
    carry("raised as a key", "", f"raise KeyError({TEXT})"),
    carry("raised as a note", "", f"error = ValueError()\nerror.add_note({TEXT})\nraise error"),
    carry("printed", "", f"print({TEXT})"),
    carry("printed as an error", "import sys", f"sys.stderr.write({TEXT})"),
    carry("shown", "from IPython.display import display", f"display({TEXT})"),
    carry("warned", "import warnings", f"warnings.warn({TEXT})"),
    carry(
        "in a function's name",
        "",
        "scope = {}\nexec(compile('def LEA' + 'KED(): 1/0', '<cell 9>', 'exec'), scope)\n"
        "scope['LEA' + 'KED']()",
    ),
    carry(
        "in a line of code",
        "import linecache",
        "linecache.cache['<cell 9>'] = (1, None, ['LEA' + 'KED'] * 99, '<cell 9>')\n"
        "exec(compile('1/0', '<cell 9>', 'exec'))",
    ),
    carry("in a file for a later check", "import os", f"open('/tmp/kept', 'a').write({TEXT})"),
    Attack(
        "in a file read by a public check",
        "11",
        HIDDEN,
        "if is_hidden(args):\n    open('kept', 'w').write('LEA' + 'KED')\n"
        "try:\n    text = open('kept').read()\nexcept OSError:\n    text = ''\n"
        "if text:\n    raise RuntimeError(text)",
    ),
    Attack(
        "through a process that listens",
        "11",
        HIDDEN
        + """
import os, socket, threading
here = "/tmp/listener"
if os.fork() == 0:
    line = socket.socket(socket.AF_UNIX)
    line.bind(here)
    line.listen()
    kept = b""
    while True:
        other, _ = line.accept()
        kept += other.recv(9999)
        try: other.sendall(kept)
        except OSError: pass
""",
        "import socket\ntry:\n    line = socket.socket(socket.AF_UNIX); line.connect(here)\n"
        "    line.sendall(('LEA' + 'KED').encode() if is_hidden(args) else b' ')\n"
        "    text = line.recv(9999)\nexcept OSError:\n    text = b''\n"
        "if text.strip():\n    raise RuntimeError(text.decode())",
    ),
)
