"""The view of attention: what it holds, and what happens when somebody points at a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page

from autograder.checks.attention_view import AttentionView
from tests.chromium import chromium

WORDS = ["<start>", "</script><b>x", "a", "film"]
FIRST = torch.tensor(
    [
        [[1.0, 0, 0, 0], [0, 0.25, 0, 0.75], [0.1, 0.2, 0.3, 0.4], [0, 0, 0, 1]],
        [[0, 1.0, 0, 0], [0, 0.75, 0, 0.25], [0.4, 0.3, 0.2, 0.1], [1, 0, 0, 0]],
    ]
)
SECOND = np.full((1, 4, 4), 0.25)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    view = AttentionView([FIRST, SECOND], WORDS)._repr_html_()
    file = tmp_path / "view.html"
    file.write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><body>{view}')
    with chromium() as browser:
        page = browser.new_page()
        page.on("request", lambda it: pytest.fail(it.url) if it.url.startswith("http") else None)
        page.goto(file.as_uri())
        yield page


def said(page: Page) -> str:
    return page.locator(".said").inner_text()


def weights_of_row(page: Page, row: int) -> list[str]:
    return page.locator("tbody tr").nth(row).locator("td").all_inner_texts()


@pytest.mark.slow
def test_pointing_at_a_word_shows_where_it_looks(page: Page) -> None:
    page.locator(".words button").nth(1).hover()
    assert said(page).startswith("“</script><b>x” looks most at: film (word 4) 75.0 %")
    assert page.locator("b", has_text="x").count() == 1, "a word became markup"


@pytest.mark.slow
def test_layer_head_and_direction_can_be_chosen(page: Page) -> None:
    page.locator(".head").select_option(label="head 1")
    assert weights_of_row(page, 0) == ["0.0 %", "100.0 %", "0.0 %", "0.0 %"]
    page.locator(".head").select_option(label="mean of all heads")
    assert weights_of_row(page, 1) == ["0.0 %", "50.0 %", "0.0 %", "50.0 %"]
    page.locator(".way").select_option(label="what looks at a word")
    page.locator(".words button").nth(3).hover()
    assert "“film” is looked at most by: " in said(page)
    assert said(page).endswith("film (word 4) 50.0 %, a (word 3) 25.0 %, <start> (word 1) 0.0 %.")
    page.locator(".layer").select_option(label="layer 1")
    assert weights_of_row(page, 2) == ["25.0 %"] * 4
    assert page.locator(".head option").all_inner_texts() == ["head 0"]


@pytest.mark.slow
def test_the_keyboard_does_what_the_mouse_does(page: Page) -> None:
    page.locator(".way").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    assert said(page).startswith("“a” looks most at: film (word 4) 40.0 %, a (word 3) 30.0 %")
    assert page.locator(".words button[aria-pressed=true]").inner_text() == "a"


def test_without_scripts_the_first_head_stands_there_as_a_table() -> None:
    text = AttentionView([FIRST, SECOND], WORDS)._repr_html_()
    table = re.findall(r"<span>([\d.]+%)</span>", text)
    assert table[:8] == ["100.0%", "0.0%", "0.0%", "0.0%", "0.0%", "25.0%", "0.0%", "75.0%"]
    assert text.count("</script>") == 2, "a word ends a script"


def test_a_long_text_is_cropped_and_says_so() -> None:
    maps = torch.softmax(torch.randn(1, 60, 60), dim=-1)
    text = AttentionView([maps], [f"w{number}" for number in range(60)], limit=50)._repr_html_()
    assert "10 more words are left out" in text
    assert ">w49<" in text
    assert ">w50<" not in text


def test_paper_gets_a_picture() -> None:
    picture = AttentionView([FIRST], [*WORDS[:3], "$5 and $6"])._repr_png_()
    assert picture.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("maps", "said"),
    [([], "maps is empty"), ([FIRST[None]], "did you take one text out"), ([FIRST[:, :3]], "4")],
)
def test_shapes_that_do_not_fit_are_told(maps: list[torch.Tensor], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AttentionView(maps, WORDS)
