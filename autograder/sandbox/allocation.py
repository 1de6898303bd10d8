"""How memory is handed out in processes that are forked and compute.

A fresh process pays for each page at its first touch, and glibc gives large blocks back as soon as
they are free: in a fork that lives for one check, a tensor's pages are then made and cleared again
and again. With these settings blocks below 32 MB come from one heap, which keeps what was freed and
lies on huge pages; student code of `a07-attention` ran a fifth faster so. Where the C library is
another one, the variable says nothing.
"""

_SETTINGS = {
    # Large pages for the heap, where the kernel offers them on request.
    "hugetlb": 1,
    # The largest that glibc takes.
    "mmap_threshold": 32 * 2**20,
    "trim_threshold": 512 * 2**20,
    "top_pad": 4 * 2**20,
}

ALLOCATION = {
    "GLIBC_TUNABLES": ":".join(f"glibc.malloc.{name}={value}" for name, value in _SETTINGS.items())
}
"""For the environment of such a process; read when a program starts.

https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html
"""
