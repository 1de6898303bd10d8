"""Pages in a real browser: quiet, legible everywhere, and deaf to what students wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from autograder.report import write_views
from autograder.store import NewMark
from tests.chromium import chromium
from tests.report.classroom import ADA, EVERYBODY, question, store_of
from tests.report.test_feedback import ATTACKS

pytestmark = pytest.mark.slow

CONTRASTS = """() => {
  const channel = value => {
    value /= 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const parse = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest("svg")) continue;
    const [one, other] = [parse(getComputedStyle(element).color), ground(element)].map(light);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.push([ratio, element.textContent.trim().slice(0, 40)]);
  }
  return found;
}"""
"""The contrast of every piece of text with what is behind it (WCAG 2.2, 1.4.3)."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def pages(tmp_path: Path) -> list[Path]:
    marks = [NewMark("ada.ipynb", "q1_1", "*", 1, "Nearly: say what the weights are made of.")]
    with store_of(tmp_path, *EVERYBODY) as store:
        store.add_marks(marks)
        write_views(store, tmp_path)
    return [tmp_path / "index.html", *sorted((tmp_path / "feedback").iterdir())]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
def test_every_text_can_be_read_on_phone_and_desk(
    browser: Browser, pages: list[Path], scheme: str, width: int
):
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    for path in pages:
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        contrasts = page.evaluate(CONTRASTS)
        assert contrasts
        assert [text for ratio, text in contrasts if ratio < 4.5] == []
    context.close()


def test_a_page_needs_nobody_and_nothing_that_a_student_wrote_runs(
    browser: Browser, tmp_path: Path
):
    attacks = [
        replace(
            ADA,
            submission=f"{number}.ipynb",
            name=attack,
            questions=(
                question("q2_1", answer=attack),
                question(
                    "q3_2",
                    tuple(
                        replace(verdict, title=attack, message=attack, hint=attack)
                        for verdict in ADA.questions[4].checks
                    ),
                ),
            ),
        )
        for number, attack in enumerate(ATTACKS)
    ]
    with store_of(tmp_path, *attacks) as store:
        write_views(store, tmp_path)
    page = browser.new_page()
    asked: list[str] = []
    dialogs: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    paths = [tmp_path / "index.html", *(tmp_path / "feedback").iterdir()]
    for path in paths:
        page.goto(path.as_uri(), wait_until="networkidle")

    assert dialogs == []
    assert sorted(asked) == sorted(path.as_uri() for path in paths)


def test_the_policy_stops_a_script_that_the_templates_would_let_through(
    browser: Browser, pages: list[Path]
):
    holed = pages[1].read_text().replace("<main>", "<main><script>document.title = 'ran'</script>")
    pages[1].write_text(holed)
    page = browser.new_page()
    page.goto(pages[1].as_uri())
    assert page.title() == "Feedback: Assignment 7: Attention, Ada Lovelace"


def test_the_style_is_the_one_that_the_policy_lets_in(browser: Browser, pages: list[Path]):
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    for path in pages:
        page.goto(path.as_uri())
    assert complaints == []
    assert page.evaluate("getComputedStyle(document.body).maxWidth") != "none"


def test_paper_gets_dark_words_on_white_even_in_dark_mode(browser: Browser, pages: list[Path]):
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(pages[1].as_uri())
    colours = (
        "[getComputedStyle(document.documentElement).backgroundColor, "
        "getComputedStyle(document.body).color]"
    )
    assert page.evaluate(colours) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert page.pdf()[:5] == b"%PDF-"
    context.close()
