"""Reaching the host: files, network, processes, privilege (promises 1, 3, 4, 6)."""

from __future__ import annotations

from tests.attacks.model import Attack

CONNECT = """
import socket
def reach(family, address):
    try:
        with socket.socket(family) as line:
            line.settimeout(2)
            line.connect(address)
            line.sendall(b"canary")
    except OSError:
        pass
"""
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        try:
            os.execv(sys.executable, [sys.executable, "-c", {code!r}, "canary-daemon"])
        finally:
            os._exit(0)
    os._exit(0)
time.sleep(0.3)
"""

ATTACKS = (
    Attack(
        "writes where it is not asked to",
        "3",
        """
        import os
        for folder in ("@CANARY@", "/tmp/..", "/etc", "/usr/local/bin", "/root", "/var/tmp"):
            try:
                open(os.path.join(folder, "canary-written"), "w").write("x")
            except OSError:
                pass
        """,
    ),
    Attack(
        "shell",
        "3",
        "import os, subprocess\nos.system('touch @CANARY@/canary-written')\n"
        "subprocess.run('echo x > @CANARY@/canary-written2', shell=True)",
    ),
    Attack(
        "when a check calls",
        "3",
        "import os",
        "try:\n    open('@CANARY@/canary-written', 'w').write('x')\nexcept OSError:\n    pass",
    ),
    Attack("tcp", "1", CONNECT + "reach(socket.AF_INET, ('127.0.0.1', int('@PORT@')))"),
    Attack("tcp when called", "1", CONNECT, "reach(socket.AF_INET, ('127.0.0.1', int('@PORT@')))"),
    Attack("unix socket", "1", CONNECT + "reach(socket.AF_UNIX, '@CANARY@/../socket')"),
    Attack(
        "download",
        "1",
        "import urllib.request\n"
        "try:\n    urllib.request.urlopen('http://127.0.0.1:@PORT@/x', timeout=2)\n"
        "except OSError:\n    pass",
    ),
    Attack(
        "kills by number",
        "4",
        "import os\ntry:\n    os.kill(int('@PID@'), 9)\nexcept OSError:\n    pass",
    ),
    Attack(
        "kills all",
        "4",
        "import os, signal\ntry:\n    os.kill(-1, signal.SIGKILL)\nexcept OSError:\n    pass",
    ),
    Attack(
        "stops its parent",
        "4",
        "import os, signal\ntry:\n    os.kill(os.getppid(), signal.SIGSTOP)\n"
        "except OSError:\n    pass",
    ),
    Attack("daemon", "4", DAEMON.format(code="import time; time.sleep(300)")),
    Attack(
        "daemon that rewrites results",
        "4",
        DAEMON.format(
            code="import time, glob\n"
            "for _ in range(3000):\n"
            "    for path in glob.glob('/autograder/results/*') + glob.glob('@CANARY@/../*'):\n"
            "        try: open(path, 'w').write('{\"tests\": [], \"score\": 100}')\n"
            "        except OSError: pass\n"
            "    time.sleep(0.1)"
        ),
    ),
    Attack(
        "becomes root",
        "6",
        "import os\nfor call in (os.setuid, os.seteuid):\n    try:\n        call(0)\n"
        "        open('@CANARY@/canary-written', 'w').write('x')\n"
        "    except OSError:\n        pass",
    ),
    Attack(
        "mounts and namespaces",
        "6",
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.unshare(0x10020000)\n"
        "libc.mount(b'/', b'/mnt', None, 4096, None)\nlibc.chroot(b'/')",
    ),
    Attack(
        "module in the grader's path",
        "3",
        "import site, sys, os\n"
        "for folder in [*site.getsitepackages(), sys.prefix, os.path.dirname(os.__file__)]:\n"
        "    try:\n"
        "        open(os.path.join(folder, 'canary_written.pth'), 'w').write('import os')\n"
        "    except OSError:\n        pass",
    ),
)
