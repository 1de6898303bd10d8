"""The quiet bar: points earned, points that wait, points lost."""

from __future__ import annotations

from markupsafe import Markup

WIDTH = 100
"""Units of the drawing; the page stretches it."""


def bar(earned: float, waiting: float, possible: float) -> Markup:
    """A picture of the parts as SVG. It says nothing that the text beside it does not."""
    unit = WIDTH / possible if possible > 0 else 0
    first = min(max(earned, 0) * unit, WIDTH)
    second = min(max(waiting, 0) * unit, WIDTH - first)
    return Markup(
        '<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rest" width="100" height="1"/>'
        '<rect class="earned" width="{:.2f}" height="1"/>'
        '<rect class="waiting" x="{:.2f}" width="{:.2f}" height="1"/></svg>'
    ).format(first, first, second)
