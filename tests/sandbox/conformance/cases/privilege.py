"""Promise 6: no privilege is gained."""

from __future__ import annotations

from tests.sandbox.conformance.model import Case, cells

CAPS = "needs a capability that student code does not have"

CALLS: tuple[tuple[str, int, str, str], ...] = (
    # Name, number (x86-64), arguments that get past the first look, what the kernel says unasked.
    ("ptrace", 101, "0, 0, 0, 0", ""),
    ("bpf", 321, "0, 0, 0", ""),
    ("perf_event_open", 298, "0, 0, -1, -1, 0", ""),
    ("userfaultfd", 323, "1", ""),
    ("io_uring_setup", 425, "1, 0", ""),
    ("io_setup", 206, "0, 0", ""),
    ("io_uring_register", 427, "-1, 0, 0, 0", ""),
    ("add_key", 248, "b'user', b'canary', b'x', 1, -3", ""),
    ("request_key", 249, "b'user', b'canary', 0, -3", ""),
    ("keyctl", 250, "0, -3, 1", ""),
    ("kcmp", 312, "0, 0, 0, 0, 0", ""),
    ("mount", 165, "0, b'/tmp', b'tmpfs', 0, 0", CAPS),
    ("umount2", 166, "b'/tmp', 0", CAPS),
    ("pivot_root", 155, "b'/tmp', b'/tmp'", CAPS),
    ("chroot", 161, "b'/tmp'", CAPS),
    ("fsopen", 430, "b'tmpfs', 0", CAPS),
    ("open_tree", 428, "-1, b'/tmp', 0", ""),
    ("move_mount", 429, "-1, b'', -1, b'', 4", CAPS),
    ("mount_setattr", 442, "-1, b'', 0, 0, 0", ""),
    ("setns", 308, "-1, 0", ""),
    ("unshare", 272, "0", ""),
    ("swapon", 167, "b'/tmp', 0", CAPS),
    ("init_module", 175, "0, 0, b''", CAPS),
    ("finit_module", 313, "-1, b'', 0", CAPS),
    ("delete_module", 176, "b'x', 0", CAPS),
    ("kexec_load", 246, "0, 0, 0, 0", CAPS),
    ("reboot", 169, "0, 0, 0, 0", CAPS),
    ("syslog", 103, "10, 0, 0", "needs CAP_SYSLOG where dmesg_restrict is set"),
    ("acct", 163, "0", CAPS),
    ("quotactl", 179, "0, 0, 0, 0", ""),
    ("sethostname", 170, "b'x', 1", CAPS),
    ("settimeofday", 164, "0, 0", CAPS),
    ("clock_adjtime", 305, "0, 0", ""),
    ("iopl", 172, "3", CAPS),
    ("ioperm", 173, "0, 1, 1", CAPS),
    ("modify_ldt", 154, "0, 0, 0", ""),
    ("memfd_secret", 447, "0", ""),
    ("fanotify_init", 300, "0, 0", CAPS),
    ("open_by_handle_at", 304, "-1, 0, 0", ""),
    ("name_to_handle_at", 303, "-100, b'/', 0, 0, 0", ""),
    ("process_vm_writev", 311, "0, 0, 0, 0, 0, 0", ""),
    ("process_madvise", 440, "-1, 0, 0, 0, 0", ""),
    ("migrate_pages", 256, "0, 0, 0, 0", ""),
    ("move_pages", 279, "0, 0, 0, 0, 0, 0", ""),
    ("vmsplice", 278, "-1, 0, 0, 0", ""),
    ("shmget", 29, "0, 4096, 0o1600", ""),
    ("msgget", 68, "0, 0o1600", ""),
    ("semget", 64, "0, 1, 0o1600", ""),
    ("mq_open", 240, "b'canary', 0o101, 0o600, 0", ""),
)

NAMESPACES = {
    "user": 0x10000000,
    "mount": 0x00020000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "cgroup": 0x02000000,
}


def _call(number: int, arguments: str) -> str:
    return f"""
    libc.syscall.restype = ctypes.c_long
    ctypes.set_errno(0)
    result = libc.syscall({number}, {arguments})
    # Refused by the filter, or not there at all: any other answer is the kernel's own.
    if ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        got.append(f"{{result}} {{errno.errorcode.get(ctypes.get_errno())}}")
    """


CASES = (
    Case(
        "6",
        "capabilities",
        cells(
            """
            status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
            for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                got += [name] if int(status[name], 16) else []
            """
        ),
        ("uid", "capabilities"),
    ),
    Case(
        "6",
        "rights from set-uid programs",
        cells(
            """
            status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
            got += [] if status["NoNewPrivs"].strip() == "1" else ["new privileges"]
            """
        ),
        ("no_new_privs",),
        kernel="bubblewrap sets it as well, for all that it starts",
    ),
    Case(
        "6",
        "another uid",
        cells(
            """
            for number in (0, 1, 1000):
                if number != os.getuid():
                    attempt(f"setuid {number}", os.setuid, number)
                    attempt(f"setgid {number}", os.setgid, number)
                    attempt(f"setresuid {number}", os.setresuid, number, number, number)
            attempt("groups", os.setgroups, [0])
            got += ["uid 0 outside"] if os.getuid() == 0 else []
            own = ([], [os.getgid()], [65534])
            got += ["a group of others"] if os.getgroups() not in own else []
            """
        ),
        ("uid", "capabilities"),
    ),
    Case(
        "6",
        "characters into the terminal",
        cells(
            """
            import fcntl
            terminal, slave = os.openpty()
            attempt("TIOCSTI", fcntl.ioctl, slave, 0x5412, b"x")
            attempt("TIOCLINUX", fcntl.ioctl, slave, 0x541C, b"x")
            """
        ),
        ("filter ioctl",),
        kernel="TIOCSTI needs a controlling terminal or CAP_SYS_ADMIN",
    ),
    *(
        Case(
            "6",
            f"a new {name} namespace",
            cells(
                f"""
                libc.syscall.restype = ctypes.c_long
                child = libc.syscall(56, {flag} | 17, 0, 0, 0, 0)
                if child == 0:
                    os._exit(0)
                if child > 0:
                    got.append("cloned")
                """
            ),
            ("filter clone",),
            kernel="" if name == "user" else CAPS,
        )
        for name, flag in NAMESPACES.items()
    ),
    Case(
        "6",
        "a process made where the filter can't look",
        cells(
            """
            libc.syscall.restype = ctypes.c_long
            ctypes.set_errno(0)
            libc.syscall(435, 0, 0)
            got += [] if ctypes.get_errno() == errno.ENOSYS else ["clone3"]
            """
        ),
        ("filter clone3",),
    ),
    Case(
        "6",
        "system calls of 32 bits",
        cells(
            """
            # int 0x80 with eax = 20, getpid of the old interface, in a process of its own.
            child = os.fork()
            if child == 0:
                code = bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3])
                area = mmap.mmap(-1, 4096, prot=7)
                area.write(code)
                here = ctypes.addressof(ctypes.c_char.from_buffer(area))
                os._exit(0 if ctypes.CFUNCTYPE(ctypes.c_int)(here)() > 0 else 1)
            _, status = os.waitpid(child, 0)
            got += ["getpid answered"] if status == 0 else []
            """
        ),
        ("filter",),
    ),
    *(
        Case(
            "6",
            f"system call {name}",
            cells(_call(number, arguments)),
            (f"filter {name}",),
            kernel=why,
        )
        for name, number, arguments, why in CALLS
    ),
)
