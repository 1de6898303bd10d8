"""Promise: no control characters, formulas or endless text in what people open."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.report import clean

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)
NASTY = st.lists(
    st.sampled_from(
        [
            *"=+-@\t\r\n;,'\" ",
            "\x1b[31m",
            "\x1b]8;;http://x\x07",
            "\x00",
            "\u202e",
            "\ud800",
            "＝",
            "a",
            "1",
            "\u0301" * 40,
            "\u2028",
            "\x9b",
            "\xa0",
        ]
    )
).map("".join)
FORMULA_SIGNS = tuple("=+-@＝＋－＠")


def unseen(text: str) -> list[str]:
    """Characters that no page or terminal should meet, line breaks and tabs aside."""
    reversing = ("RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI")
    return [
        character
        for character in text
        if character not in "\n\t"
        and (
            unicodedata.category(character) in ("Cc", "Cs")
            or unicodedata.bidirectional(character) in reversing
        )
    ]


@given(ANY_TEXT | NASTY)
@example("\x1b[2J\x1b[1;1Hgraded: 100")
@example("\x1b]0;title\x07")
@example("photo\u202egpj.exe")
def test_text_holds_nothing_unseen(raw: str):
    assert unseen(clean.text(raw)) == []
    assert unseen(clean.line(raw)) == []
    clean.text(raw).encode()


@given(ANY_TEXT | NASTY)
def test_a_line_is_one_line(raw: str):
    assert len(clean.line(raw).splitlines()) <= 1
    assert "\t" not in clean.line(raw)


@given(ANY_TEXT | NASTY)
@example("=1+1")
@example("  =1+1")
@example("\t=1+1")
@example("\r=1+1")
@example("x;=1+1")
@example("fine\n@SUM(A1)")
@example("\x00=1+1")
@example("\u202e=1+1")
@example("\xa0=1")
@example("\ufeff=1")
@example("\u3000=1")
def test_no_part_of_a_cell_begins_as_a_formula(raw: str):
    for cell in (clean.cell(raw), clean.line_cell(raw)):
        assert "\t" not in cell
        assert "\r" not in cell
        for line in cell.split("\n"):
            for part in line.split(";"):
                assert not part.strip().startswith(FORMULA_SIGNS)


@pytest.mark.parametrize(
    "name", ["Ada Lovelace", "O'Hara", "Anne-Marie", "Müller", "李明", "a@b.de"]
)
def test_ordinary_names_stay_as_they_are(name: str):
    assert clean.line_cell(name) == name


def test_ordinary_text_stays_as_it_is():
    text = "First line.\n\tsecond: x = y - 1; done\n\nÜber 你好 🙂"
    assert clean.text(text) == text


@pytest.mark.parametrize(
    "endless",
    [
        "a" * 10_000_000,
        "=" * 10_000_000,
        "\u0301" * 10_000_000,
        "\x1b[" * 5_000_000,
        "\n" * 10_000_000,
    ],
)
def test_endless_text_is_cut(endless: str):
    assert len(clean.text(endless)) <= clean.TEXT_LIMIT + 50
    assert len(clean.line(endless)) <= clean.LINE_LIMIT
    assert len(clean.cell(endless)) <= 32_767


def test_a_cut_says_how_much_is_missing():
    assert clean.text("a" * 1000, 10) == "a" * 10 + "\n… (990 more characters)"
    assert clean.line("a" * 1000, 10) == "a" * 9 + "…"


def test_stacked_accents_do_not_climb_over_other_lines():
    assert clean.line("z" + "\u0301" * 500) == "z" + "\u0301" * 4
