"""Promise 1: no network, nor sockets of the host."""

from __future__ import annotations

from tests.sandbox.conformance.model import Case, World, cells

CONNECT = """
def connect(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as line:
        line.settimeout(1)
        line.connect(address)
"""


def _udp(world: World) -> list[str]:
    datagram = cells(
        """
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            attempt("sent", line.sendto, b"canary", ("127.0.0.1", outside["udp"]))
        """
        if world.wall.name == "none"
        else """
        def send():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                line.sendto(b"canary", ("127.0.0.1", outside["udp"]))
        attempt("sent", send)
        got.clear()
        """
    )
    datagram(world)
    try:
        return [str(world.outside.queue.recv(100))]
    except BlockingIOError:
        return []


def _socket(family: str, kind: str, protocol: int = 0) -> str:
    return f"""
    def make():
        socket.socket({family}, {kind}, {protocol}).close()
    attempt("a socket", make)
    """


NET = ("net namespace", "filter socket", "landlock")

CASES = (
    Case(
        "1",
        "tcp",
        cells(CONNECT, "attempt('tcp', connect, socket.AF_INET, ('127.0.0.1', outside['tcp']))"),
        NET,
        ("filter socket", "landlock"),
    ),
    Case("1", "udp", _udp, NET, ("filter socket", "landlock")),
    Case(
        "1",
        "abstract socket of the host",
        cells(CONNECT, "attempt('unix', connect, socket.AF_UNIX, chr(0) + outside['abstract'])"),
        ("net namespace", "landlock"),
        only=("bubblewrap",),
    ),
    Case(
        "1",
        "unix socket of the host",
        cells(CONNECT, "attempt('unix', connect, socket.AF_UNIX, outside['unix'])"),
        ("host files",),
        only=("bubblewrap",),
    ),
    *(
        Case("1", name, cells(_socket(family, kind, protocol)), ("filter socket",), kernel=why)
        for name, family, kind, protocol, why in (
            ("a socket at all", "socket.AF_INET", "socket.SOCK_STREAM", 0, ""),
            ("a socket at all of version 6", "socket.AF_INET6", "socket.SOCK_STREAM", 0, ""),
            ("netlink", "socket.AF_NETLINK", "socket.SOCK_RAW", 0, ""),
            ("netlink route", "16", "socket.SOCK_DGRAM", 0, ""),
            ("vsock", "40", "socket.SOCK_STREAM", 0, ""),
            ("algorithms", "38", "socket.SOCK_SEQPACKET", 0, "this kernel has none"),
            ("raw", "socket.AF_INET", "socket.SOCK_RAW", 1, "needs CAP_NET_RAW"),
            ("packets", "17", "socket.SOCK_RAW", 0, "needs CAP_NET_RAW"),
        )
    ),
)
