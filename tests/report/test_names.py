"""File names: readable, portable, never the same for two submissions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.report.names import file_name

PATHS = [
    "a.ipynb",
    "a.zip",
    "A.ipynb",
    "sub/a.ipynb",
    "sub_a.ipynb",
    "sub/A.ipynb",
    "Sub/a.ipynb",
    "a .ipynb",
    "a_.ipynb",
    "../a.ipynb",
    "ä.ipynb",
    "a\u0308.ipynb",
    "x" * 255,
    "x" * 254 + "y",
    "deep/" * 200 + "a.ipynb",
    "con",
    "con.ipynb",
    "nul.ipynb/x",
    "",
    ".",
    "..",
    "a\nb.ipynb",
    "a\x00b.ipynb",
    "\udcff.ipynb",
    "-rf.ipynb",
    "李明.ipynb",
]


def test_no_two_submissions_share_a_file_even_where_capitals_are_the_same():
    names = [file_name(path, "html").lower() for path in PATHS]
    assert len(set(names)) == len(PATHS)


def test_a_plain_name_is_kept():
    assert file_name("ada.ipynb", "html") == "ada.ipynb.html"
    assert file_name("group-3_b.zip", "json") == "group-3_b.zip.json"


def test_any_other_name_stays_readable():
    assert file_name("Übung 7/Müller.ipynb", "html").startswith("Ubung_7_Muller.ipynb~")


def test_a_name_can_not_pose_as_anothers():
    posing = file_name("A.ipynb", "html").removesuffix(".html").lower()
    assert file_name(posing, "html").lower() != file_name("A.ipynb", "html").lower()


@pytest.mark.parametrize("path", PATHS)
def test_a_name_is_safe_on_every_disk(path: str):
    name = file_name(path, "html")
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._~-]{0,120}\.html", name)
    assert not re.match(r"(con|nul|aux|prn)\.", name.lower())


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_names_differ_where_paths_do(one: str, other: str):
    same = file_name(one, "html").lower() == file_name(other, "html").lower()
    assert same == (one == other)
