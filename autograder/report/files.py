"""Writing files so that a reader never finds half of one."""

from __future__ import annotations

import secrets
from pathlib import Path


def write_whole(path: Path, content: str) -> None:
    """Write text as UTF-8: the file is there as a whole, or as it was before.

    A file that holds this text already is left alone, with its time of change.
    """
    data = content.encode()
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
