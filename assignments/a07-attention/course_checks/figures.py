"""Matplotlib figures in a check: which words stand along their sides."""

from __future__ import annotations

from typing import Any


def texts_of(figure: Any) -> dict[str, Any]:
    """A probe: the labels along the sides of each axes, in their order, and all texts at all.

    Returns ``{"axes": [{"x": [...], "y": [...]}, ...], "all": [...]}``.
    """
    import matplotlib.text

    def labels(positions: Any, texts: Any) -> list[str]:
        pairs = list(zip((float(place) for place in positions), texts, strict=False))
        pairs = [(place, text.get_text().strip()) for place, text in pairs]
        return [text for _, text in sorted(pairs, key=lambda pair: pair[0]) if text]

    figure = figure if hasattr(figure, "axes") and hasattr(figure, "canvas") else figure.figure
    axes = [
        {
            "x": labels(part.get_xticks(), part.get_xticklabels()),
            "y": labels(part.get_yticks(), part.get_yticklabels()),
        }
        for part in figure.axes
    ]
    # Each tick has a second label, for the other side, which is there and not shown.
    visible = [part for part in figure.findobj(matplotlib.text.Text) if part.get_visible()]
    texts = [part.get_text().strip() for part in visible]
    return {"axes": axes, "all": [text for text in texts if text]}


def expect_labels(texts: Any, words: list[str]) -> None:
    """Demand that ``words`` stand along both sides of some axes, in order.

    Either direction counts, since an axis may be turned around, and so does text that was drawn
    without ticks, if each word is there for its row and for its column: nobody can tell then where
    it stands. Raises AssertionError.
    """
    sides = {"x": "columns", "y": "rows"}
    missing = {
        side: min(
            (_mismatch(part[side], words) for part in texts["axes"]),
            default="the figure has no axes",
            key=len,
        )
        for side in sides
    }
    if not any(missing.values()):
        return
    drawn = texts["all"]
    on_ticks = [
        label for part in texts["axes"] for side in missing if missing[side] for label in part[side]
    ]
    has_words = any(word in label for label in on_ticks for word in words)
    if not has_words and all(
        sum(word in text for text in drawn) >= 2 * words.count(word) for word in set(words)
    ):
        return
    side = next(side for side in sides if missing[side])
    raise AssertionError(f"the {sides[side]} should carry the words {words}, but {missing[side]}.")


def _mismatch(labels: list[str], words: list[str]) -> str:
    for order in (words, words[::-1]):
        if len(labels) == len(order) and all(
            word in label for word, label in zip(order, labels, strict=True)
        ):
            return ""
    return f"the labels are {labels}"
