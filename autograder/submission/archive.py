"""An export zip: the one notebook in it and the small files beside it, nothing ever unpacked."""

from __future__ import annotations

import io
import lzma
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from autograder.errors import UnreadableSubmission
from autograder.submission.model import Caps, LeftOut
from autograder.submission.text import one_line

_AGAIN = "Run the export cell at the end of the notebook again and hand in the zip that it makes."
# What zipfile raises over damaged archives; anything else would be a fault of ours.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    IndexError,
)
_ENTRY = b"PK\x01\x02"
_OTTERS_OWN = {".OTTER_LOG", "__zip_filename__"}


@dataclass(frozen=True)
class Export:
    """What an export zip holds."""

    notebook_name: str
    notebook: bytes
    files: dict[str, bytes] = field(default_factory=dict)
    """Other files, by path relative to the notebook's folder."""
    left_out: tuple[LeftOut, ...] = ()


def read_export(data: bytes, where: str, caps: Caps) -> Export:
    """The notebook (or the script, where there is no notebook) of an export, and its other files.

    Nothing is written anywhere. A file that can't be taken is left out and named; only a fault of
    the archive or the notebook itself raises UnreadableSubmission.
    """
    # Each entry needs this signature: counting bounds the memory that opening the zip takes.
    if data.count(_ENTRY) > caps.entries:
        raise _refused(f"the zip has more than {caps.entries:,} files", where)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive, where, caps, len(data))
    except _DAMAGED as error:
        raise _refused("this is not a zip, or it is damaged", where) from error


def _read(archive: zipfile.ZipFile, where: str, caps: Caps, packed: int) -> Export:
    entries = [info for info in archive.infolist() if not _is_noise(info)]
    _refuse_bomb(entries, where, caps, packed)
    notebook = _the_notebook(entries, where)
    here = f"{where}, {_shown(notebook.filename)}"
    if notebook.flag_bits & 1:
        raise _refused("the notebook in the zip is encrypted", here)
    why = _why_not(notebook, caps.file_bytes)
    if why:
        raise _refused(f"the notebook in the zip can't be read: {why}", here)
    source = _bytes(archive, notebook, caps.file_bytes)
    if source is None:
        raise _refused("the notebook in the zip is damaged", here)
    files: dict[str, bytes] = {}
    left_out: list[LeftOut] = []
    room = caps.extras_bytes
    for info in entries:
        if info is notebook:
            continue
        key = _relative(info.filename, notebook.filename)
        why = _why_not(info, min(caps.extra_bytes, room)) or _why_not_named(info.filename)
        if not why and key in files:
            why = "a second file of the same name"
        content = None if why else _bytes(archive, info, min(caps.extra_bytes, room))
        if content is None:
            left_out.append(LeftOut(_shown(info.filename), why or "damaged"))
        else:
            files[key] = content
            room -= len(content)
    name = PurePosixPath(notebook.filename).name
    return Export(one_line(name, 200), source, files, tuple(left_out))


def _is_noise(info: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(info.filename).parts
    return (
        info.is_dir()
        or not parts
        or parts[-1] in _OTTERS_OWN
        or any(part == "__MACOSX" or _is_hidden(part) for part in parts)
    )


def _is_hidden(part: str) -> bool:
    return part.startswith(".") and part not in (".", "..")


def _refuse_bomb(entries: list[zipfile.ZipInfo], where: str, caps: Caps, packed: int) -> None:
    total = sum(info.file_size for info in entries)
    # A notebook of repeated output honestly packs 500 to 1, so a ratio alone tells nothing.
    crammed = total > caps.file_bytes and total > caps.ratio * packed
    if total > caps.unpacked_bytes or crammed:
        raise _refused(f"the zip would unpack to {total / 2**20:,.0f} MB", where)


def _the_notebook(entries: list[zipfile.ZipInfo], where: str) -> zipfile.ZipInfo:
    files = [info for info in entries if not _is_link(info)]
    for suffix, what in ((".ipynb", "notebooks"), (".py", "scripts")):
        found = [info for info in files if info.filename.lower().endswith(suffix)]
        # One at the top, and others in folders: those are material, it is the hand-in.
        top = [info for info in found if len(PurePosixPath(info.filename).parts) == 1]
        found = top if len(top) == 1 else found
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(_shown(info.filename) for info in found[:5])
            raise _refused(f"the zip has {len(found)} {what} ({names}); one is expected", where)
    if any(info.filename.lower().endswith(".zip") for info in files):
        raise UnreadableSubmission(
            "the zip has no notebook but another zip in it",
            where=where,
            remedy="Hand in the inner zip by itself.",
        )
    raise _refused("the zip has no notebook", where)


def _is_link(info: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(info.external_attr >> 16)


def _why_not(info: zipfile.ZipInfo, cap: int) -> str:
    """Why the entry's content is not taken; empty where nothing stands against it."""
    if info.flag_bits & 1:
        return "it is encrypted"
    if _is_link(info):
        return "it is a link"
    # Others (bzip2, LZMA) let a small file claim gigabytes of memory.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is packed with an unusual method"
    if info.file_size > cap:
        return f"it is larger than the {cap / 2**20:,.0f} MB that are left"
    return ""


def _why_not_named(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or ":" in name or "\\" in name:
        return "its name points out of the folder"
    if len(name) > 200 or one_line(name, 200) != name:
        return "its name has odd characters or is too long"
    return ""


def _bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo, cap: int) -> bytes | None:
    """The content; None where it is damaged or not as long as it claims."""
    try:
        with archive.open(info) as file:
            # As many as claimed, not as many as allowed: zipfile inflates all that is asked for.
            content = file.read(min(cap, info.file_size) + 1)
    except _DAMAGED:
        return None
    return content if len(content) <= cap else None


def _relative(name: str, notebook: str) -> str:
    folder = PurePosixPath(notebook).parent
    path = PurePosixPath(name)
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def _shown(name: str) -> str:
    return one_line(name, 80)


def _refused(what: str, where: str) -> UnreadableSubmission:
    return UnreadableSubmission(what, where=where, remedy=_AGAIN)
