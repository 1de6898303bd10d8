"""Using up time, memory, processes, output, or ending the process (promise 5)."""

from __future__ import annotations

from tests.attacks.model import Attack

ATTACKS = (
    Attack("ends its process", "5", "import os\nos._exit(0)"),
    Attack("ends its process when called", "5", "import os", "os._exit(0)"),
    Attack("segfault", "5", "import ctypes\nctypes.string_at(0)"),
    Attack("segfault when called", "5", "import ctypes", "ctypes.string_at(0)"),
    Attack("endless loop", "5", "while True:\n    pass"),
    Attack("endless loop when called", "5", "", "while True:\n    pass"),
    Attack(
        "endless loop that heeds nothing",
        "5",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    try:\n"
        "        while True:\n            pass\n    except BaseException:\n        pass",
    ),
    Attack("sleep", "5", "import time\ntime.sleep(3600)"),
    Attack("memory", "5", "hog = [bytearray(2**28) for _ in range(64)]"),
    Attack("memory when called", "5", "", "hog = [bytearray(2**28) for _ in range(64)]"),
    Attack("tensor too large", "5", "import torch\nhog = torch.ones(2**34)"),
    Attack(
        "fork bomb",
        "5",
        "import os, time\nfor _ in range(2000):\n    try:\n        if os.fork() == 0:\n"
        "            time.sleep(20)\n            os._exit(0)\n    except OSError:\n        break",
    ),
    Attack(
        "thread bomb",
        "5",
        "import threading, time\ntry:\n    for _ in range(2000):\n"
        "        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()\n"
        "except RuntimeError:\n    pass",
    ),
    Attack("200 MB of output", "5", "for _ in range(200):\n    print('x' * 2**20)"),
    Attack(
        "200 MB past Python",
        "5",
        "import os\nfor _ in range(200):\n    os.write(1, b'x' * 2**20)",
    ),
    Attack("output when called", "5", "", "for _ in range(200):\n    print('x' * 2**20)"),
    Attack(
        "fills the disk",
        "5",
        "try:\n    with open('big', 'wb') as file:\n        for _ in range(4000):\n"
        "            file.write(bytes(2**20))\nexcept OSError:\n    pass",
    ),
    Attack(
        "all descriptors",
        "5",
        "files = []\ntry:\n    while True:\n        files.append(open('/dev/null'))\n"
        "except OSError:\n    pass",
    ),
    Attack(
        "endless recursion",
        "5",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f():\n    return f()\nf()",
    ),
    Attack(
        "memory in shared pages",
        "5",
        "import mmap\nhogs = []\nfor _ in range(64):\n    hogs.append(mmap.mmap(-1, 2**28))\n"
        "    hogs[-1].write(b'x' * 2**28)",
    ),
    Attack(
        "memory in buffers of sockets",
        "5",
        "import socket\npairs = []\ntry:\n    while True:\n"
        "        pairs.append(socket.socketpair())\n        pairs[-1][0].setblocking(False)\n"
        "        try:\n            while True:\n                pairs[-1][0].send(bytes(2**16))\n"
        "        except BlockingIOError:\n            pass\nexcept OSError:\n    pass",
    ),
    Attack(
        "memory in small files",
        "5",
        "import os\ntry:\n    for n in range(10**6):\n"
        "        os.symlink('x' * 4000, f'link{n}')\nexcept OSError:\n    pass",
    ),
    Attack(
        "a notebook of a picture without end",
        "5",
        "import matplotlib.pyplot as plt\n"
        "for _ in range(300):\n    plt.figure(figsize=(40, 40)); plt.plot([1, 2])\n"
        "    plt.show()",
    ),
    Attack(
        "limits raised",
        "5",
        "import os, resource\nfor which in range(16):\n    try:\n"
        "        resource.setrlimit(which, (-1, -1))\n    except (OSError, ValueError):\n"
        "        pass\ntry:\n    os.nice(-20)\nexcept OSError:\n    pass\n"
        "hog = [bytearray(2**28) for _ in range(64)]",
    ),
    Attack(
        "a scheduler for itself alone",
        "5",
        "import os\nfor policy in (os.SCHED_FIFO, os.SCHED_RR):\n    try:\n"
        "        os.sched_setscheduler(0, policy, os.sched_param(99))\n"
        "        open('@CANARY@/canary-written', 'w')\n    except OSError:\n        pass",
    ),
    Attack(
        "a table of terabytes for the judge",
        "5",
        "import numpy, torch",
        result="numpy.zeros((2_000_000, 1), dtype='float32')",
    ),
    Attack(
        "a number without end for the judge",
        "5",
        answers={"q2_2": "def furthest(values):\n    return 10 ** 1_200"},
    ),
    Attack("exit", "5", "raise SystemExit(0)"),
    Attack("pattern that never ends", "5", "import re\nre.match(r'(a+)+$', 'a' * 64 + 'b')"),
)
