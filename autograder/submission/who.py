"""Whose notebook it is: name and student number as written in a markdown cell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograder.submission.model import Cell
from autograder.submission.text import one_line, plain_text

STUDENT_TAG = "student"
MAX_LENGTH = 200
_SEARCHED = 10_000
"""Characters of a cell that are searched for the two labels."""

_HTML = re.compile(r"<[^<>\n]{0,200}>")
_BREAK = re.compile(r"<br\s?/?>|\\$", re.IGNORECASE | re.MULTILINE)
_EMPHASIS = re.compile(r"\*+|__+|(?<!\w)_|_(?!\w)|`")
_LABEL = re.compile(
    r"""(?<![\w])(?:
        (?P<number>
            student(?:'s|s)?[ ]?(?:number|no\b\.?|nr\b\.?|id\b)
          | student[ ]identification[ ]number
          | matriculation(?:[ ](?:number|no\b\.?|nr\b\.?))?
          | registration[ ](?:number|no\b\.?)
          | mat(?:r|rikel)?\b\.?[ ]?-?(?:number|nummer|no\b\.?|nr\b\.?)
          | matrikel(?:nummer|nr\b\.?)
        )
      | (?P<name> (?:(?:your|full|student(?:'s)?|first[ ]and[ ]last)[ ])?name )
    )
    [ ]*+(?:\([^()\n]{0,60}\)[ ]*+)?(?:\][ ]*+)?[:：][ ]*""",
    re.IGNORECASE | re.VERBOSE,
)
_BOLD_LABEL = re.compile(r"(?:\*\*|__)\s?(?:name|student|mat)", re.IGNORECASE)
# A sentence below an empty label is no answer to it.
_LOOKS_LIKE = {
    "name": re.compile(r"[^\W\d][^\d:!?]{0,80}(?<!\.)"),
    "number": re.compile(r"(?=.{0,30}\d)[\w./-]+(?: [\w./-]+)?"),
}
# What templates write where the answer belongs.
_PLACEHOLDER = re.compile(
    r"(?:(?:your )?(?:full )?name|(?:your )?student number|mat\.? ?no\.?|[._\-–…x?\s]*|n/?a|todo)",
    re.IGNORECASE,
)


def who(cells: Sequence[Cell]) -> tuple[str, str]:
    """Name and student number, each empty where it is not given.

    They are read from the markdown cell tagged `student`; failing that from the first markdown
    cell that has both labels, failing that from the first that has one of them in bold.
    """
    markdown = [cell for cell in cells if cell.kind == "markdown"]
    tagged = [cell for cell in markdown if STUDENT_TAG in cell.tags]
    others = [cell for cell in markdown if cell not in tagged and _is_form(cell.source)]
    for group in (tagged, others):
        found = [_labelled(cell.source) for cell in group]
        for wanted in (2, 1):
            for values in found:
                if sum(map(bool, values)) == wanted:
                    return values
    return "", ""


def _is_form(source: str) -> bool:
    """Whether an untagged cell asks for name or number; prose may well say "name:" once."""
    labels = {label.lastgroup for label in _labels(_cleaned(source))}
    return len(labels) == 2 or bool(labels and _BOLD_LABEL.search(source[:_SEARCHED]))


def _cleaned(source: str) -> str:
    text = plain_text(source[:_SEARCHED])
    return _EMPHASIS.sub("", _HTML.sub("", _BREAK.sub("\n", text))).replace("\xa0", " ")


def _labels(text: str) -> list[re.Match[str]]:
    return list(_LABEL.finditer(text))


def _labelled(source: str) -> tuple[str, str]:
    text = _cleaned(source)
    labels = _labels(text)
    ends = [*(label.start() for label in labels[1:]), len(text)]
    values = {"name": "", "number": ""}
    for label, end in zip(labels, ends, strict=False):
        which = label.lastgroup or "name"
        values[which] = values[which] or _value(which, text[label.end() : end])
    return values["name"], values["number"]


def _value(which: str, text: str) -> str:
    """What stands after the label on its line; else the first line below that looks like it."""
    first, *below = (line.strip(" \t[](){}|,;#>•-") for line in text.split("\n"))
    for line in [first, *(line for line in below if _LOOKS_LIKE[which].fullmatch(line))]:
        value = one_line(line, MAX_LENGTH)
        if value and not _PLACEHOLDER.fullmatch(value):
            return value
    return ""
