"""The notebook's own machinery turned on its grader: hooks of IPython and Python, magics."""

from __future__ import annotations

from tests.attacks.model import Attack

REWRITE = """
def cheat(lines):
    other = ["def furthest(values): return float('nan')\\n"]
    return other if "furthest" in "".join(lines) else lines
"""

ATTACKS = (
    Attack(
        "events of IPython",
        "10",
        """
        def after(result=None):
            result.error_in_exec = result.error_before_exec = None
            result.success = True
        shell = get_ipython()
        for event in ("pre_execute", "pre_run_cell", "post_execute", "post_run_cell"):
            shell.events.register(event, lambda *a: after(*a) if a else None)
        """,
    ),
    Attack(
        "cells rewritten on their way",
        "10",
        REWRITE + "get_ipython().input_transformers_post.append(cheat)",
    ),
    Attack(
        "syntax trees rewritten",
        "10",
        """
        import ast
        class Cheat(ast.NodeTransformer):
            def visit_Assert(self, node): return None
            def visit_Compare(self, node): return ast.Constant(True)
        get_ipython().ast_transformers.append(Cheat())
        """,
    ),
    Attack(
        "the shell's way to run cells replaced",
        "7",
        """
        import types
        shell = get_ipython()
        result = types.SimpleNamespace(error_before_exec=None, error_in_exec=None, success=True)
        type(shell).run_cell = lambda self, *a, **k: result
        """,
    ),
    Attack(
        "formatter of its own",
        "9",
        """
        html = get_ipython().display_formatter.formatters["text/html"]
        html.for_type(int, lambda value: "<script>alert(1)</script>")
        display(1)
        """,
    ),
    Attack(
        "exception handler of its own",
        "10",
        """
        get_ipython().set_custom_exc((BaseException,), lambda *a, **k: print("q2_1 passed"))
        import sys
        sys.excepthook = sys.unraisablehook = lambda *a: None
        """,
        "raise ValueError('never seen')",
    ),
    Attack(
        "bash in a cell",
        "3",
        answers={
            "q2_2": "%%bash\ntouch @CANARY@/canary-written /etc/canary-written\n"
            "(setsid sh -c 'sleep 300; : canary-daemon' &)"
        },
    ),
    Attack(
        "a script run by magic",
        "3",
        """
        open("run_me.py", "w").write("open('@CANARY@/canary-written', 'w')")
        %run run_me.py
        %load_ext run_me
        """,
    ),
    Attack(
        "a background job by magic",
        "4",
        answers={"q2_2": "%%script --bg sh\nsleep 300 & exec -a canary-daemon sleep 300"},
    ),
    Attack(
        "profile that starts later shells",
        "8",
        """
        import os, pathlib
        for home in (pathlib.Path.home(), "/root", os.environ.get("IPYTHONDIR", "/nowhere")):
            try:
                folder = pathlib.Path(home, ".ipython", "profile_default", "startup")
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "canary.py").write_text("open('@CANARY@/canary-written', 'w')")
            except OSError:
                pass
        """,
    ),
    Attack(
        "profiler that reads its callers",
        "11",
        """
        import sys
        kept = []
        def profile(frame, event, argument):
            if event == "call" and "request" in frame.f_locals:
                kept.append(repr(frame.f_locals["request"])[:500])
        sys.setprofile(profile)
        """,
        "if kept and 'expected' in ''.join(kept):\n    raise RuntimeError('LEA' + 'KED')",
    ),
    Attack(
        "importer of its own",
        "10",
        """
        import sys, types
        class Importer:
            def find_spec(self, name, path=None, target=None):
                if name.startswith(("autograder", "pytest", "otter", "dill")):
                    sys.modules[name] = types.ModuleType(name)
        sys.meta_path.insert(0, Importer())
        """,
    ),
    Attack(
        "code at the end of the process",
        "4",
        """
        import atexit, os, threading, weakref
        def last():
            try: open("@CANARY@/canary-written", "w").write("x")
            except OSError: pass
        atexit.register(last)
        threading._register_atexit(last)
        class Dies:
            __del__ = lambda self: last()
        kept = Dies()
        os.register_at_fork(before=last, after_in_child=last, after_in_parent=last)
        """,
    ),
    Attack(
        "threads that outlive the cell",
        "8",
        """
        import threading, time
        def spoil():
            while True:
                globals()["standardise"] = lambda values: values
                time.sleep(0.001)
        for _ in range(8):
            threading.Thread(target=spoil, daemon=True).start()
        """,
    ),
    Attack(
        "forks at each check",
        "4",
        "import os",
        "for _ in range(4):\n    os.fork()",
    ),
    Attack(
        "signals for the judge",
        "4",
        """
        import os, signal
        for number in range(1, 32):
            try: signal.signal(number, lambda *a: None)
            except (OSError, ValueError): pass
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        """,
        "os.kill(os.getppid(), signal.SIGUSR1)",
    ),
    Attack(
        "its own memory through proc",
        "6",
        """
        import ctypes
        number = ctypes.c_double(0.0)
        try:
            with open("/proc/self/mem", "r+b", buffering=0) as memory:
                memory.seek(ctypes.addressof(number))
                memory.write(b"\\0" * 8)
        except OSError:
            pass
        for pid in ("1", "@PID@"):
            try: open(f"/proc/{pid}/mem", "r+b").write(b"x")
            except OSError: pass
        """,
    ),
    Attack(
        "small numbers of Python rewritten",
        "10",
        """
        import ctypes
        for small in (1, 2, 3):
            ctypes.memset(id(small) + 24, 0, 4)
        """,
    ),
    Attack(
        "code made executable by hand",
        "6",
        """
        import ctypes, mmap
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        # setresuid(0, 0, 0) and back
        page.write(bytes.fromhex("31ff31f631d2b8750000000f05c3"))
        ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
        open("@CANARY@/canary-written", "w")
        """,
    ),
    Attack(
        "the guest's own modules patched",
        "7",
        """
        import sys
        for name, module in list(sys.modules.items()):
            if name.startswith("guest") and hasattr(module, "encode"):
                real = module.encode
                module.encode = lambda value, refer: real(["ok", True], refer)
        """,
    ),
    Attack(
        "the guest forks into itself",
        "7",
        """
        import gc, os, sys
        serve = sys.modules.get("guest.serve")
        if serve:
            serve.fork_as_it_is = lambda: 0
            serve.Server._become_student = lambda self: None
        """,
    ),
    *(
        Attack(
            f"snapshots that answer {name}",
            "7",
            f"""
            import os, sys
            [serve] = [it for name, it in sys.modules.items() if name.endswith("guest.serve")]
            me, real = os.getpid(), serve.Server._fork
            def fork(self):
                if os.getpid() == me:
                    return real(self)
                {answer}
            serve.Server._fork = fork
            """,
        )
        for name, answer in (
            ("without a fork", "self._send(['ok', None])"),
            ("with noise", "self._connection.sendall(bytes(64))"),
            ("with an error", "self._send(['error', {'public': 'MemoryError'}])"),
            ("with an end", "os._exit(0)"),
        )
    ),
    Attack(
        "a name that is no text",
        "7",
        """
        import ctypes, mmap
        ctypes.CDLL(None).prctl(15, b"\\xff\\x1cVmPTE:", 0, 0, 0)
        with open(b"\\xff\\r\\x0c", "w+b") as file:
            file.write(b"x")
            file.flush()
            mapped = mmap.mmap(file.fileno(), 1)
        """,
    ),
    Attack(
        "writes of its process intercepted",
        "7",
        """
        import os, socket
        real = os.write
        os.write = lambda number, data: real(number, data.replace(b"error", b"ok..."))
        def sendall(self, data, *flags):
            return socket.socket.send(self, bytes(data).replace(b"error", b"ok..."))
        try: socket.socket.sendall = sendall
        except TypeError: pass
        """,
        "raise ValueError('error')",
    ),
)
