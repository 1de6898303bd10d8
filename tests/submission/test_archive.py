from __future__ import annotations

import io
import json
import struct
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from functools import cache

import pytest

from autograder.errors import UnreadableSubmission
from autograder.submission import Submission

from .conftest import TEMPLATE, notebook, zipped

Read = Callable[..., Submission]
BOOK = json.dumps(notebook(TEMPLATE)).encode()


def test_export_gives_the_notebook_and_the_files_beside_it(read: Read) -> None:
    content = zipped(
        {
            "a07.ipynb": BOOK,
            "a07.safetensors": b"\x08\0\0\0\0\0\0\0{}      ",
            ".OTTER_LOG": b"pickled",
            "__zip_filename__": b"a07.zip",
            "__MACOSX/._a07.ipynb": b"resource fork",
            ".ipynb_checkpoints/a07-checkpoint.ipynb": BOOK,
            "data/notes.txt": b"notes",
        }
    )
    submission = read(content, "a.zip")
    assert len(submission.cells) == len(TEMPLATE)
    assert submission.notebook_name == "a07.ipynb"
    assert set(submission.files) == {"a07.safetensors", "data/notes.txt"}
    assert submission.left_out == ()


def test_files_are_named_from_the_notebooks_folder_and_found_anywhere(read: Read) -> None:
    content = zipped({"x/y/a07.ipynb": BOOK, "x/y/m.bin": b"1", "x/other/n.bin": b"2"})
    submission = read(content, "a.zip")
    assert submission.files == {"m.bin": b"1", "x/other/n.bin": b"2"}
    assert submission.file("m.bin") == b"1"
    assert submission.file("n.bin") == b"2"
    assert submission.file("o.bin") is None


def test_a_script_is_taken_where_the_zip_has_no_notebook(read: Read) -> None:
    assert read(zipped({"a07.py": b"x = 1\n"}), "a.zip").cells[0].source == "x = 1"


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"readme.txt": b"x"}, "no notebook"),
        ({"a.ipynb": BOOK, "c.ipynb": BOOK}, r"2 notebooks \(a.ipynb, c.ipynb\)"),
        ({"a/a.ipynb": BOOK, "b/c.ipynb": BOOK}, r"2 notebooks \(a/a.ipynb, b/c.ipynb\)"),
        ({"inner.zip": zipped({"a.ipynb": BOOK})}, "another zip"),
        ({"a.ipynb": b"no JSON"}, "not JSON"),
        ({}, "no notebook"),
    ],
)
def test_a_zip_without_exactly_one_notebook_is_refused(
    read: Read, entries: dict[str, bytes], reason: str
) -> None:
    with pytest.raises(UnreadableSubmission, match=reason) as caught:
        read(zipped(entries), "a.zip")
    assert caught.value.remedy


def test_the_one_notebook_at_the_top_is_taken_whatever_folders_hold(read: Read) -> None:
    book = read(zipped({"b/c.ipynb": b"{}", "a.ipynb": BOOK}), "a.zip")
    assert book.notebook_name == "a.ipynb"


def test_names_that_point_elsewhere_are_left_out(read: Read) -> None:
    names = ["../up.txt", "/etc/passwd", "a/../../b", "C:evil.txt", "a\\b.txt", "c\x07.txt"]
    submission = read(zipped({"a.ipynb": BOOK, **dict.fromkeys(names, b"x")}), "a.zip")
    assert submission.files == {}
    assert len(submission.left_out) == len(names)


def test_links_are_left_out_and_are_no_notebook(read: Read) -> None:
    buffer = io.BytesIO(zipped({"a.ipynb": BOOK}))
    with zipfile.ZipFile(buffer, "a") as archive:
        for name in ("link.bin", "other.ipynb"):
            link = zipfile.ZipInfo(name)
            link.external_attr = 0o120777 << 16
            archive.writestr(link, "/etc/passwd")
    submission = read(buffer.getvalue(), "a.zip")
    assert submission.notebook_name == "a.ipynb"
    assert {(left.name, left.why) for left in submission.left_out} == {
        ("link.bin", "it is a link"),
        ("other.ipynb", "it is a link"),
    }


def encrypted(content: bytes, name: bytes) -> bytes:
    """The zip with the flag "encrypted" set on one entry, in both places where it stands."""
    data = bytearray(content)
    for signature, flags, names in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
        place = data.find(signature)
        while place >= 0:
            if data[place + names : place + names + len(name)] == name:
                data[place + flags] |= 1
            place = data.find(signature, place + 4)
    return bytes(data)


def test_an_encrypted_notebook_is_refused_and_an_encrypted_file_left_out(read: Read) -> None:
    content = zipped({"a.ipynb": BOOK, "m.bin": b"x"})
    with pytest.raises(UnreadableSubmission, match="encrypted"):
        read(encrypted(content, b"a.ipynb"), "a.zip")
    assert read(encrypted(content, b"m.bin"), "a.zip").left_out[0].why == "it is encrypted"


def test_unusual_compression_is_not_opened(read: Read) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.ipynb", BOOK)
    with pytest.raises(UnreadableSubmission, match="unusual method"):
        read(buffer.getvalue(), "a.zip")


def test_a_file_too_large_is_left_out_and_the_rest_is_read(read: Read) -> None:
    submission = read(zipped({"a.ipynb": BOOK, "big.bin": b"\0" * (65 * 2**20)}), "a.zip")
    assert submission.files == {}
    assert "larger than" in submission.left_out[0].why
    assert len(submission.cells) == len(TEMPLATE)


@cache
def bombs() -> dict[str, bytes]:
    flat = zipped({"a.ipynb": BOOK, "zeros": b"\0" * (300 * 2**20)})
    lying = bytearray(zipped({"a.ipynb": b"\0" * (200 * 2**20)}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", lying, lying.find(signature) + offset, 1000)
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        archive.writestr("a.ipynb", BOOK)
        for number in range(3000):
            archive.writestr(f"{number}", b"")
    once = zipped({"z": b"\0" * 2**20})
    start, end = once.find(b"PK\x01\x02"), once.find(b"PK\x05\x06")
    overlapping = (
        once[:start]
        + once[start:end] * 900
        + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 900, 900, 900 * (end - start), start, 0)
    )
    return {
        "flat": flat,
        "lying": bytes(lying),
        "many": many.getvalue(),
        "overlapping": overlapping,
        "cut": zipped({"a.ipynb": BOOK})[:-30],
        "no zip": b"PK\x03\x04 and then something else",
        "empty": b"",
    }


@pytest.mark.parametrize("case", ["flat", "lying", "many", "overlapping", "cut", "no zip", "empty"])
def test_bombs_and_broken_zips_are_refused_quickly_and_in_little_memory(
    read: Read, case: str
) -> None:
    content = bombs()[case]
    started = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableSubmission), warnings.catch_warnings():
            read(content, "a.zip")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - started < 10
    assert peak < 150 * 2**20


def test_two_entries_of_one_name_are_refused_or_left_out(read: Read) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        buffer = io.BytesIO(zipped({"a.ipynb": BOOK, "m.bin": b"1"}))
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr("m.bin", b"2")
        submission = read(buffer.getvalue(), "a.zip")
        assert submission.files == {"m.bin": b"1"}
        assert submission.left_out[0].why == "a second file of the same name"
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr("a.ipynb", BOOK)
    with pytest.raises(UnreadableSubmission, match="2 notebooks"):
        read(buffer.getvalue(), "a.zip")
