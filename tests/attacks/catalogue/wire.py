"""Student code that speaks the judge's protocol by itself (promise 7)."""

from __future__ import annotations

from tests.attacks.model import Attack
from tests.sandbox.conformance.cases.wire import OWN_CONNECTION

BLOCK = """
def block(tag, dtype, shape, data):
    sizes = b"".join(struct.pack("<q", it) for it in shape)
    size = struct.pack("<I", len(data))
    return tag + struct.pack("<I", len(dtype)) + dtype + bytes([len(shape)]) + sizes + size + data
array = block(b"a", b"<f4", (2,), bytes(8))
ARRAYS = frame(b"l" + struct.pack("<I", 2) + array + array)
"""
SPEAK = "import os, socket, struct, time\n" + OWN_CONNECTION + BLOCK


def speak(name: str, action: str, when: str = "call") -> Attack:
    """An attack that writes to its connection, in its cell or when it is called."""
    guarded = "line = connection()\nif line is not None:\n    " + action.replace("\n", "\n    ")
    if when == "cell":
        return Attack(name, "7", f"{SPEAK}\n{guarded}")
    return Attack(name, "7", SPEAK, guarded)


COLLIDING = """
def colliding(k):
    number = (k + 1) * (2**61 - 1)
    data = number.to_bytes(number.bit_length() // 8 + 1, 'little', signed=True)
    return b'I' + struct.pack('<I', len(data)) + data
keys = [colliding(k) for k in range(20000)]
"""

ATTACKS = (
    speak("noise", "line.sendall(os.urandom(4096))"),
    speak("noise in the cell", "line.sendall(os.urandom(4096))", "cell"),
    speak("a frame of 4 GB", "line.sendall(frame(b'', 2**32 - 1))"),
    speak(
        "a frame that never ends",
        "line.sendall(frame(b'', 2**26))\nwhile True:\n    line.sendall(bytes(2**16))",
    ),
    speak("a thousand answers", "line.sendall(ok(b'T') * 1000)"),
    speak("a thousand answers in the cell", "line.sendall(ok(b'N') * 1000)", "cell"),
    speak("deep frame", "line.sendall(ok((b'l' + struct.pack('<I', 1)) * 5000 + b'N'))"),
    speak("many parts", "line.sendall(ok(b'l' + struct.pack('<I', 10**6) + b'N' * 10**6))"),
    speak("a handle that is not", "line.sendall(ok(b'h' + struct.pack('<q', -1)))"),
    speak("verdicts", "line.sendall(ok(b's' + struct.pack('<I', 6) + b'passed'))"),
    speak("descriptors", "socket.send_fds(line, [b'x'], [0] * 60)"),
    speak("closes its connection", "line.shutdown(socket.SHUT_RDWR)"),
    speak(
        "colliding keys",
        COLLIDING + "line.sendall(ok(b'S' + struct.pack('<I', len(keys)) + b''.join(keys)))",
    ),
    speak(
        "colliding keys in every part",
        COLLIDING + "sets = (b'S' + struct.pack('<I', len(keys)) + b''.join(keys)) * 19\n"
        "line.sendall(ok(b'l' + struct.pack('<I', 19) + sets))",
    ),
    speak("reads the judge's questions", "line.recv(10**6, socket.MSG_DONTWAIT | socket.MSG_PEEK)"),
    speak(
        "a stop at no question",
        "line.sendall(ok(b'd' + struct.pack('<I', 1) + b's' + struct.pack('<I', 5) + b'check'\n"
        "    + b'l' + struct.pack('<I', 0)))",
        "cell",
    ),
    speak("a word that is an array", "line.sendall(ARRAYS)"),
    speak("a word that is an array in the cell", "line.sendall(ARRAYS)", "cell"),
    speak(
        "an error of no form",
        "line.sendall(ok(b'd' + struct.pack('<I', 1) + b'i' + struct.pack('<q', 0) + b'T'))",
        "cell",
    ),
    speak(
        "an answer in drops", "for it in ok(b'T'):\n    line.sendall(bytes([it])); time.sleep(0.5)"
    ),
    speak("an answer twice", "line.sendall(ok(b'T')); line.sendall(ok(b'F'))"),
    speak("a dtype of Python objects", "line.sendall(ok(block(b'a', b'|O', (2, 2), bytes(32))))"),
    speak("a dtype with fields", "line.sendall(ok(block(b'a', b'f4,f4', (2, 2), bytes(32))))"),
    speak("a shape that overflows", "line.sendall(ok(block(b'x', b'float32', (2**62, 4), b'')))"),
    speak("a negative shape", "line.sendall(ok(block(b'x', b'float32', (-1, -4), bytes(16))))"),
    speak(
        "a truth that is neither", "line.sendall(ok(block(b'x', b'bool', (4,), b'\\2\\3\\4\\5')))"
    ),
    speak("text that is no UTF-8", "line.sendall(ok(b's' + struct.pack('<I', 2) + b'\\xff\\xfe'))"),
    speak(
        "an error of another's",
        "line.sendall(frame(b'l' + struct.pack('<I', 2) + b's'\n"
        "    + struct.pack('<I', 5) + b'error' + b'd' + struct.pack('<I', 0)))",
    ),
    speak(
        "two processes that answer",
        "import threading\nfor _ in range(3):\n    if os.fork() == 0:\n"
        "        line.sendall(ok(b'T'))\n        os._exit(0)\ntime.sleep(0.5)",
    ),
    speak(
        "an answer before the next question",
        "import threading\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), line.sendall(ok(b'T') * 9))).start()",
    ),
    Attack(
        "exception whose text never comes",
        "7",
        "class Late(Exception):\n    def __str__(self):\n        while True: pass\n"
        "    __repr__ = __reduce__ = __str__",
        "raise Late()",
    ),
    Attack(
        "exception whose text raises",
        "7",
        "class Late(BaseException):\n    def __str__(self): raise self\n    __repr__ = __str__\n"
        "    __traceback__ = property(lambda self: 1 / 0)",
        "raise Late()",
    ),
    Attack(
        "an endless length",
        "7",
        "class Long:\n    def __len__(self): return 2**62\n"
        "    def __getitem__(self, i): return self",
        result="Long()",
    ),
    Attack(
        "values without end",
        "7",
        "class Endless(list):\n    def __len__(self): return 2\n"
        "    def __iter__(self):\n        while True: yield 0",
        result="Endless()",
    ),
    Attack("a value in itself", "7", "x = []\nx.append(x)", result="x"),
    Attack("a value of 2 GB", "7", "", result="[bytes(2**20) for _ in range(1000)]"),
)
