"""A page as a browser reads it, and what in it could do more than be read."""

from __future__ import annotations

import re
from html.parser import HTMLParser

NEVER = {"script", "iframe", "object", "embed", "form", "input", "img", "base", "link", "video"}
VOID = {"meta", "br", "hr", "rect", "circle", "path", "img", "input", "line"}
HARMLESS = re.compile(r"(#|https?://|mailto:|feedback/[\w.~-]+$|gradebook\.csv$)", re.IGNORECASE)
"""Where a link may lead."""


class Page(HTMLParser):
    """A page's elements, its text, and whether it is well formed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words += data

    @property
    def text(self) -> str:
        return " ".join(self.words.split())


def alive_in(page: Page) -> list[str]:
    """What could run, load something, leave for elsewhere, or cover what stands there."""
    found = []
    for tag, attributes in page.tags:
        href = attributes.get("href") or "#"
        found += [f"<{tag}>"] if tag in NEVER else []
        found += [name for name in attributes if name.startswith("on") or name == "style"]
        found += [] if HARMLESS.match(href) else [f"href={href[:80]}"]
    return found


def harmless(page: Page) -> None:
    assert alive_in(page) == []
