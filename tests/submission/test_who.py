from __future__ import annotations

import pytest

from autograder.submission.who import who

from .conftest import TEMPLATE, cells_of

ADA = ("Ada Lovelace", "0123456")


@pytest.mark.parametrize(
    "text",
    [
        "**Name:** Ada Lovelace\n\n**Student number:** 0123456",
        "**Name:** Ada Lovelace  \n**Student number:** 0123456  ",
        "Name: Ada Lovelace\nStudent number: 0123456",
        "**Name**: Ada Lovelace\n**Student number**: 0123456",
        "**Name: Ada Lovelace**\n\n**Student number: 0123456**",
        "__Name:__ [Ada Lovelace]\n<br>\n__Mat. No.:__ [0123456]",
        "**Name:**\nAda Lovelace\n\n**Student number:**\n0123456",
        "**Name:**\n\nAda Lovelace\n\n**Student number:**\n\n0123456",
        "**Name:** <br> Ada Lovelace <br> **Student number:** <br> 0123456",
        "**Student number:** 0123456\n\n**Name:** Ada Lovelace",
        "**Name:** Ada Lovelace **Student number:** 0123456",
        "- NAME : *Ada Lovelace*\n- Matriculation number : `0123456`",
        "Your name: Ada Lovelace\\\nMatrikelnummer: 0123456",
        "Name (as in the list): Ada   Lovelace\nStudent ID: 0123456",
        "Please fill in.\n\n**Name:** Ada Lovelace\n\n**Student No.:** 0123456\n\nThank you!",
        "**Name:**\xa0Ada\u202e Lovelace\x07\n**Student number:**\xa00123456",
    ],
)
def test_name_and_number_are_read_however_the_lines_were_bent(text: str) -> None:
    assert who(cells_of([("markdown", text, ("student",))])) == ADA
    assert who(cells_of([("markdown", "# Title", ()), ("markdown", text, ())])) == ADA


@pytest.mark.parametrize(
    "text",
    [
        "**Name:** \n\n**Student number:** ",
        "**Name:** \n\n**Student number:** \n\nPlease fill in both lines.",
        "**Name:** [Name]\n\n**Mat. No.:** [Mat. No.]",
        "**Name:** ...\n\n**Student number:** ____",
        "",
    ],
)
def test_an_unfilled_form_gives_empty_strings(text: str) -> None:
    assert who(cells_of([("markdown", text, ("student",))])) == ("", "")


def test_half_a_form_gives_the_half() -> None:
    cell = ("markdown", "**Name:** Ada Lovelace\n\n**Student number:**", ("student",))
    assert who(cells_of([cell])) == ("Ada Lovelace", "")


def test_prose_and_code_are_no_form() -> None:
    cells = [
        ("markdown", "Each parameter has a name: the layer's.", ()),
        ("code", "# **Name:** Ada\n# **Student number:** 1", ()),
    ]
    assert who(cells_of(cells)) == ("", "")


def test_the_tagged_cell_wins_over_others() -> None:
    form = "**Name:** {}\n**Student number:** {}"
    cells = [
        ("markdown", form.format("Eve", "666"), ()),
        ("markdown", form.format(*ADA), ("student",)),
    ]
    assert who(cells_of(cells)) == ADA


def test_a_blank_template_is_nobodys() -> None:
    assert who(cells_of(TEMPLATE)) == ("", "")


def test_endless_names_are_cut() -> None:
    name, number = who(
        cells_of([("markdown", f"Name: {'a' * 9000}\nStudent number: {'1' * 9000}", ("student",))])
    )
    assert len(name) <= 200
    assert len(number) <= 200
