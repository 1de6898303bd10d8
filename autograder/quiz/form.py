"""Whether a quiz answer is filled in with the right form: never whether it is right.

Works on plain data and imports the standard library alone, so that a public check can carry a copy
into a student's environment. What counts as a form here is what scoring accepts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

MAX_TEXT = 200
"""Characters of an answer that are looked at; a key, an option or a number is shorter."""
_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")


def chosen(value: object, options: Sequence[str]) -> str | None:
    """The option that ``value`` names: as it is written, or whatever its case and white space.

    None where it names none, or two that differ in case alone.
    """
    text = _text(value)
    if text is None:
        return None
    if text in options:
        return text
    near = [option for option in options if _folded(option) == _folded(text)]
    if not near:
        near = [option for option in options if _bare(option) == _bare(text)]
    return near[0] if len(near) == 1 else None


def row_value(value: object, key: str, keys: Sequence[str]) -> object:
    """What a dictionary says for a row, tolerating case and white space in its keys.

    None where it says nothing; other keys are ignored.
    """
    if not isinstance(value, Mapping):
        return None
    if key in value:
        return value[key]
    for given, answer in value.items():
        if isinstance(given, str) and chosen(given, keys) == key:
            return answer
    return None


def number(value: object) -> int | float | None:
    """A finite number from an int, a float, a number as text, or a NumPy or torch scalar.

    None for anything else. A truth value is no number.
    """
    value = _scalar(value)
    if isinstance(value, str):
        text = value.strip()
        if len(text) > MAX_TEXT or not _NUMBER.fullmatch(text):
            return None
        text = text.replace("_", "")
        value = int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, int):
        return int(value)
    return float(value) if math.isfinite(value) else None


def matching_problem(value: object, keys: Sequence[str], options: Sequence[str]) -> str | None:
    """What is wrong with the form of a matching answer, a dictionary; None where it is fine."""
    if is_blank(value):
        return "There is no answer yet."
    if not isinstance(value, Mapping):
        return f"A dictionary from each key to one of {listed(options)} is expected."
    missing = [key for key in keys if is_blank(row_value(value, key, keys))]
    if missing:
        return f"There is no answer yet for {listed(missing, 'and')}."
    for key in keys:
        answer = row_value(value, key, keys)
        if chosen(answer, options) is None:
            return f"For {key!r} it says {shown(answer)}; {listed(options)} is expected."
    return None


def choice_problem(value: object, options: Sequence[str], texts: Sequence[str] = ()) -> str | None:
    """What is wrong with the form of a choice; None where it names an option or its text."""
    if is_blank(value):
        return "There is no answer yet."
    if chosen(value, options) is None and chosen(value, texts) is None:
        return f"It says {shown(value)}; {listed(options)} is expected."
    return None


def number_problem(value: object, whole: bool = False) -> str | None:
    """What is wrong with the form of a number; None where it is one."""
    if is_blank(value):
        return "There is no answer yet."
    given = number(value)
    what = "a whole number" if whole else "a number"
    if given is None or (whole and given != math.floor(given)):
        return f"It says {shown(value)}; {what} is expected."
    return None


def is_blank(value: object) -> bool:
    """Whether nothing was answered: None, an ellipsis, empty text."""
    return value is None or value is ... or (isinstance(value, str) and not value.strip())


def shown(value: object) -> str:
    """A short, harmless picture of an answer."""
    if isinstance(value, str):
        text = "".join(sign if sign.isprintable() else " " for sign in value[:MAX_TEXT])
        return repr(text if len(text) <= 60 else text[:59] + "…")
    if value is None or isinstance(value, (bool, float)):
        return repr(value)
    if isinstance(value, int):
        return repr(value) if abs(value) < 10**20 else "a very large number"
    kind = type(value).__name__[:40]
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def listed(items: Sequence[str], last: str = "or") -> str:
    """The items in quotes, as one writes them in a sentence."""
    quoted = [repr(item) for item in items]
    return f" {last} ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _text(value: object) -> str | None:
    """An answer as text: True or 2 may well name an option that is written so."""
    value = _scalar(value)
    if isinstance(value, str):
        return value.strip() if len(value) <= 10 * MAX_TEXT else None
    if isinstance(value, int) and abs(value) > 10**20:
        return None
    return str(value) if isinstance(value, (bool, int, float)) else None


def _scalar(value: object) -> object:
    """NumPy and torch scalars as Python's own; everything else as it is."""
    if type(value).__module__.split(".")[0] in ("numpy", "torch"):
        item = getattr(value, "item", None)
        if item is not None and tuple(getattr(value, "shape", (0,))) == ():
            return item()
    return value


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _bare(text: str) -> str:
    """Without what students put around a key: `(b)`, `b.`, `b)`, quotes; `_` and `-` as spaces."""
    return _folded(text.strip(" \t()[].:\"'`").replace("_", " ").replace("-", " "))
