"""Text from students, made safe for what people open: pages, terminals and spreadsheets.

HTML is escaped by the templates; here goes what escaping leaves in: control characters, terminal
escapes, marks that reverse the reading direction, endless text, and formulas.
"""

from __future__ import annotations

import re

LINE_LIMIT = 200
"""Characters of a name, a path or a title."""
TEXT_LIMIT = 8_000
"""Characters of a message or a comment."""
ANSWER_LIMIT = 50_000
"""Characters of an essay on a page."""
CELL_LIMIT = 30_000
"""Characters of a spreadsheet's cell; Excel takes 32,767."""

_TERMINAL_ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and cursor movements
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # window titles and links
)
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # reading direction: "gpj.exe" reads "exe.jpg"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible text
    "\ud800-\udfff]"  # halves of surrogate pairs, which no file takes
)
_STACKED = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_FORMULA = re.compile(r"(^|[;\t\n])(?=[^\S\n]*[-=+@\uff0b\uff0d\uff1d\uff20])")
"""What a spreadsheet may take for the beginning of a formula: also after a line break or a
semicolon, where one that expects semicolons begins a new cell."""


def text(raw: str, limit: int = TEXT_LIMIT) -> str:
    """Text of several lines without what can't be seen, and cut after ``limit`` characters."""
    raw, left_out = raw[: 2 * limit], max(len(raw) - 2 * limit, 0)
    seen = _LINE_BREAK.sub("\n", _TERMINAL_ESCAPE.sub("", raw))
    seen = _STACKED.sub(r"\1", _UNSEEN.sub("", seen))
    left_out += max(len(seen) - limit, 0)
    return f"{seen[:limit]}\n… ({left_out:,} more characters)" if left_out else seen


def line(raw: str, limit: int = LINE_LIMIT) -> str:
    """Text of one line without what can't be seen, cut after ``limit`` characters."""
    seen = " ".join(text(raw[: 4 * limit], 4 * limit).split())
    return f"{seen[: limit - 1]}…" if len(seen) > limit or len(raw) > 4 * limit else seen


def cell(raw: str, limit: int = CELL_LIMIT) -> str:
    """Text of several lines for a spreadsheet, in which no line is a formula.

    A line that begins with ``= + - @`` gets an apostrophe before it. Tabs become spaces.
    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return _FORMULA.sub(r"\1'", text(raw, limit).replace("\t", "    "))


def line_cell(raw: str, limit: int = LINE_LIMIT) -> str:
    """Text of one line for a spreadsheet, which is no formula."""
    return _FORMULA.sub(r"\1'", line(raw, limit))
