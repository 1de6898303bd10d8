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
    carry("raised as a syntax error", "", f"raise SyntaxError('x', ('<cell 9>', 1, 1, {TEXT}))"),
    carry("raised as a missing file", "", f"raise FileNotFoundError(2, 'x', {TEXT})"),
    carry("raised as a missing module", "", f"raise ImportError('x', name={TEXT})"),
    carry("raised as a missing name", "", f"raise AttributeError('x', name={TEXT}, obj=[])"),
    carry("raised as bad text", "", f"raise UnicodeDecodeError('utf-8', b'x', 0, 1, {TEXT})"),
    carry("raised by an exit", "", f"raise SystemExit({TEXT})"),
    carry("raised at the end", "", f"raise StopIteration({TEXT})"),
    carry("raised in a group", "", f"raise ExceptionGroup({TEXT}, [ValueError({TEXT})])"),
    carry("raised as a cause", "", f"raise ValueError('x') from KeyError({TEXT})"),
    carry(
        "in a code's name",
        "",
        "def told(): 1 / 0\n"
        "told.__code__ = told.__code__.replace(co_name='LEA' + 'KED', co_qualname='LEA' + 'KED')\n"
        "told()",
    ),
    carry(
        "in a variable of a later cell",
        "kept = []",
        f"kept.append({TEXT}); __import__('builtins').kept = kept",
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
        "in a file read by another question's check",
        "11",
        HIDDEN,
        "if is_hidden(args):\n    open('/tmp/kept', 'w').write('LEA' + 'KED')",
        answers={
            "q2_2": """
            def furthest(values):
                try: text = open("/tmp/kept").read()
                except OSError: text = ""
                raise RuntimeError(text)
            """
        },
    ),
    Attack(
        "in memory that all copies share",
        "11",
        HIDDEN + "import mmap\nshared = mmap.mmap(-1, 4096)\n",
        "if is_hidden(args):\n    shared[:6] = b'LEA' + b'KED'",
        answers={
            "q2_2": """
            def furthest(values):
                raise RuntimeError(shared[:6].decode("latin-1"))
            """
        },
    ),
    Attack(
        "in the environment of later programs",
        "11",
        HIDDEN + "import os, subprocess\n",
        "if is_hidden(args):\n    subprocess.run('echo LEA''KED > /dev/shm/kept; '\n"
        "        'echo LEA''KED > ~/kept; echo LEA''KED > /var/tmp/kept', shell=True)",
        answers={
            "q2_2": """
            def furthest(values):
                for path in ("/dev/shm/kept", os.path.expanduser("~/kept"), "/var/tmp/kept"):
                    try: text = open(path).read()
                    except OSError: continue
                    raise RuntimeError(text)
            """
        },
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
