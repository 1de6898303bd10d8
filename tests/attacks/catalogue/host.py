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
    *(
        Attack(
            f"kills all again and again, {name}",
            "4",
            """
            import os, time
            if os.fork() == 0:
                os.setsid()
                while True:
                    try: os.kill(-1, @SIGNAL@)
                    except OSError: pass
                    time.sleep(@PAUSE@)
            time.sleep(1)
            """.replace("@SIGNAL@", signal).replace("@PAUSE@", pause),
        )
        for name, signal, pause in (
            ("at once", "9", "0"),
            ("after a while", "9", "0.003"),
            ("after a longer while", "9", "0.02"),
            ("to stop them", "19", "0.003"),
        )
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
        "results forged by a daemon",
        "4",
        DAEMON.format(
            code="import glob, json, time\n"
            "test = dict(name='q2_1', score=99, max_score=99, visibility='visible', output='')\n"
            'pickle = b\'cbuiltins\\nexec\\n(Vopen("@CANARY@/canary-written", "w")\\ntR.\'\n'
            "for _ in range(10**6):\n"
            "    for place in ('/autograder', '/tmp/*/autograder'):\n"
            "        for path in glob.glob(place + '/results/*'):\n"
            "            forged = pickle if path.endswith('.pkl') else json.dumps(\n"
            "                dict(score=99, tests=[test])).encode()\n"
            "            try: open(path, 'wb').write(forged)\n"
            "            except OSError: pass\n"
        ),
    ),
    Attack(
        "another hand-in waited for",
        "8",
        "import os, socket, time\nline = socket.socket(socket.AF_UNIX)\n"
        "for name in ('\\0gallery', '/tmp/gallery', '/dev/shm/gallery', '/var/tmp/gallery'):\n"
        "    try:\n        line.bind(name); line.listen()\n        break\n"
        "    except OSError:\n        pass",
    ),
    Attack(
        "devices",
        "3",
        "import os\nfor name in ('mem', 'kmem', 'sda', 'vda', 'tty', 'kvm', 'fuse', 'net/tun'):\n"
        "    try:\n        os.close(os.open(f'/dev/{name}', os.O_RDWR))\n"
        "        open('@CANARY@/canary-written', 'w')\n    except OSError:\n        pass\n"
        "try:\n    os.mknod('device', 0o60666, os.makedev(254, 0))\n"
        "    open('device', 'rb').read(1)\n    open('@CANARY@/canary-written', 'w')\n"
        "except OSError:\n    pass",
    ),
    Attack(
        "settings of the kernel",
        "6",
        """
        for path in (
            "/proc/sys/kernel/core_pattern",
            "/proc/sys/kernel/modprobe",
            "/proc/sysrq-trigger",
            "/sys/kernel/uevent_helper",
        ):
            try:
                open(path, "a").write("")
                open("@CANARY@/canary-written", "w")
            except OSError:
                pass
        """,
    ),
    Attack(
        "programs with the rights of others",
        "6",
        """
        import shlex, subprocess
        for line in (
            "su -c 'touch @CANARY@/canary-written'",
            "sudo -n touch @CANARY@/canary-written",
            "mount --bind / /mnt",
            "newgrp root",
            "bwrap --bind / / touch @CANARY@/canary-written",
            "unshare -rm touch @CANARY@/canary-written",
        ):
            try:
                subprocess.run(shlex.split(line), timeout=2, capture_output=True, input=b"")
            except (OSError, subprocess.TimeoutExpired):
                pass
        """,
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
