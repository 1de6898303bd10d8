"""Frames over a socket, and handing a socket to the other end."""

from __future__ import annotations

import socket
import struct

from . import wire

_LENGTH = struct.Struct("<I")


def send_frame(connection: socket.socket, frame: bytes) -> None:
    """Send one frame: its length, then its bytes."""
    connection.sendall(_LENGTH.pack(len(frame)) + frame)


def receive_frame(connection: socket.socket) -> bytes:
    """Wait for one frame. Raises EOFError where the other end has closed, WireError on a huge one.

    A frame that comes in slowly is bounded by the connection's own timeout for each piece only;
    the judge's side adds a deadline for the whole.
    """
    (length,) = _LENGTH.unpack(_receive_exactly(connection, _LENGTH.size))
    if length > wire.MAX_FRAME:
        raise wire.WireError("the frame is too large")
    return _receive_exactly(connection, length)


def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < size:
        piece = connection.recv(min(size - len(pieces), 2**20))
        if not piece:
            raise EOFError("the other end has closed")
        pieces.extend(piece)
    return bytes(pieces)
