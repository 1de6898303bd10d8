"""Matplotlib figures in a check: the words along their sides, and what the picture shows."""

from __future__ import annotations

from typing import Any

import torch

MARGIN = 0.06
"""Part of a side by which a label may stand off its field: some leave a little room at the ends."""


def texts_of(figure: Any) -> dict[str, Any]:
    """A probe: the labels along the sides of each axes, what it shows as shades, and all texts.

    Returns ``{"axes": [{"x": [...], "y": [...], "shades": [...]}, ...], "all": [...]}``. A label is
    ``[text, place, share]``, in the order of places: where it stands in the units of the data, and
    which part of the side lies before it (None where that hangs on how the figure is drawn). Shades
    are ``[numbers (rows, columns), edges of the columns, edges of the rows]``; what is larger than
    64 by 64 is left out.
    """
    import matplotlib.collections
    import matplotlib.image
    import matplotlib.table
    import matplotlib.text
    import numpy as np
    import torch

    def labels(positions: Any, texts: Any, limits: Any, settled: bool) -> list[list[Any]]:
        low, high = sorted(map(float, limits))
        found = []
        for place, text in zip(map(float, positions), texts, strict=False):
            share = (place - low) / (high - low) if settled and high > low else None
            if text.get_text().strip():
                found.append([text.get_text().strip(), place, share])
        return sorted(found, key=lambda label: label[1])

    def shades_of(axes: Any) -> list[list[Any]]:
        found = []
        for image in axes.get_images():
            shown = image.get_array()
            if type(image) is not matplotlib.image.AxesImage or shown is None:
                continue
            numbers = np.ma.getdata(shown)
            left, right, bottom, top = map(float, image.get_extent())
            # The first row is at the top, unless the image was made with its origin below.
            ends = (top, bottom) if image.origin == "upper" else (bottom, top)
            if numbers.ndim == 2:
                x, y = ((left, right), numbers.shape[1]), (ends, numbers.shape[0])
                sides = [np.linspace(*ends, count + 1) for ends, count in (x, y)]
                found.append([numbers, *sides])
        for mesh in axes.collections:
            shown = mesh.get_array()
            if not isinstance(mesh, matplotlib.collections.QuadMesh) or shown is None:
                continue
            corners = np.ma.getdata(mesh.get_coordinates())
            rows, columns = corners.shape[0] - 1, corners.shape[1] - 1
            numbers = np.ma.getdata(shown)
            if numbers.size == rows * columns:
                sides = [corners[0, :, 0], corners[:, 0, 1]]
                found.append([numbers.reshape(rows, columns), *sides])
        return [
            [torch.from_numpy(np.array(part, dtype=np.float64)) for part in one]
            for one in found
            if max(one[0].shape) <= 64
        ]

    figure = figure if hasattr(figure, "axes") and hasattr(figure, "canvas") else figure.figure
    axes = []
    for part in figure.axes:
        # With equal units and room to spare the limits are known only once it is drawn.
        settled = part.get_aspect() == "auto" or part.get_adjustable() == "box"
        x = labels(part.get_xticks(), part.get_xticklabels(), part.get_xlim(), settled)
        y = labels(part.get_yticks(), part.get_yticklabels(), part.get_ylim(), settled)
        axes.append({"x": x, "y": y, "shades": shades_of(part)})
    # Each tick has a second label, for the other side, which is there and not shown.
    drawn = [part for part in figure.findobj(matplotlib.text.Text) if part.get_visible()]
    for table in figure.findobj(matplotlib.table.Table):
        # A cell does not count its text among its children.
        drawn.extend(cell.get_text() for cell in table.get_celld().values())
    texts = [part.get_text().strip() for part in drawn]
    return {"axes": axes, "all": [text for text in texts if text]}


def shows_anything(figure: Any) -> bool:
    """A probe: whether something was drawn in the axes of a figure, colour bars aside."""
    figure = figure if hasattr(figure, "axes") and hasattr(figure, "canvas") else figure.figure
    return any(
        bool(part.has_data() or part.texts or part.tables or part.child_axes or part.artists)
        for part in figure.axes
        if not hasattr(part, "_colorbar")
    )


def expect_labels(texts: Any, words: list[str]) -> None:
    """Demand that ``words`` stand along both sides of some axes, in order, each at its own field.

    Either direction counts, since an axis may be turned around, and so does text that was drawn
    without ticks, if each word is there for its row and for its column: nobody can tell then where
    it stands. Raises AssertionError.
    """
    sides = {"x": "columns", "y": "rows"}
    missing = {side: _what_is_wrong(texts["axes"], side, words) for side in sides}
    if not any(missing.values()):
        return
    drawn = texts["all"]
    on_ticks = [
        label
        for part in texts["axes"]
        for side in missing
        if missing[side]
        for label, _, _ in part[side]
    ]
    has_words = any(word in label for label in on_ticks for word in words)
    if not has_words and all(
        sum(word in text for text in drawn) >= 2 * words.count(word) for word in set(words)
    ):
        return
    side = next(side for side in sides if missing[side])
    raise AssertionError(f"the {sides[side]} should carry the words {words}, but {missing[side]}.")


def expect_shades(texts: Any, words: list[str], weights: torch.Tensor) -> None:
    """Demand that shades with labelled sides show the weights (n, n), a row for each query.

    The darker the more, or the lighter the more: the order of the numbers has to be that of the
    weights. Nothing is demanded of pictures of another kind, or of another size than n by n.
    Raises AssertionError.
    """
    count = len(words)
    flat = weights.double().flatten()
    readings = [
        shades
        for part in texts["axes"]
        if not _mismatch(part["x"], words) and not _mismatch(part["y"], words)
        for numbers, *edges in part["shades"]
        if tuple(numbers.shape) == (count, count)
        for shades in _as_labelled(numbers, edges, part, words)
    ]
    assert not readings or any(_same_order(shades.flatten(), flat) for shades in readings), (
        "the picture does not show the weights that are returned, a row for each query"
    )


def _what_is_wrong(axes: list[Any], side: str, words: list[str]) -> str:
    """Of the axes with the most labels, where none has the right ones; else nothing."""
    wrong = [(len(part[side]), _mismatch(part[side], words)) for part in axes]
    if not all(text for _, text in wrong):
        return ""
    return max(wrong, key=lambda one: one[0], default=(0, "the figure has no axes"))[1]


def _mismatch(labels: list[Any], words: list[str]) -> str:
    if _orders(labels, words):
        away = [
            label
            for number, (label, _, share) in enumerate(labels)
            if share is not None
            and abs(share - (number + 0.5) / len(words)) > 0.5 / len(words) + MARGIN
        ]
        return f"{away[0]!r} does not stand at its field" if away else ""
    return f"the labels are {[label for label, _, _ in labels]}"


def _orders(labels: list[Any], words: list[str]) -> list[list[int]]:
    """The number of the word that each label may stand for: forwards, backwards, or either."""
    numbers = list(range(len(words)))
    return [
        order
        for order in (numbers, numbers[::-1])
        if len(labels) == len(words)
        and all(words[number] in label[0] for number, label in zip(order, labels, strict=True))
    ]


def _as_labelled(
    numbers: torch.Tensor, edges: list[torch.Tensor], part: Any, words: list[str]
) -> list[torch.Tensor]:
    """Shades with the rows and columns in the order of the words: one for each way to read them."""
    columns, rows = (
        [
            torch.tensor([fields[order.index(number)] for number in range(len(words))])
            for order in _orders(part[side], words)
            # A label on an edge belongs to the field before it or after it, as all others do then.
            for nudge in (-1e-6, 1e-6)
            for fields in [[_field(ends, place, nudge) for _, place, _ in part[side]]]
        ]
        for side, ends in zip("xy", edges, strict=True)
    )
    return [numbers[row][:, column] for row in rows for column in columns]


def _field(ends: torch.Tensor, place: float, nudge: float) -> int:
    """The number of the field between rising or falling ``ends`` in which a place lies.

    It is moved by ``nudge``, as a part of the whole. Outside, the nearest field counts.
    """
    share = (place - ends[0]) / (ends[-1] - ends[0]) + nudge
    inner = (ends[1:-1] - ends[0]) / (ends[-1] - ends[0])
    return int((inner <= share).sum())


def _same_order(shades: torch.Tensor, weights: torch.Tensor) -> bool:
    """Whether shades rise with the weights throughout, or fall, up to rounding."""
    steps = shades[weights.argsort(stable=True)].diff()
    width = float((shades.max() - shades.min()).nan_to_num(0.0))
    if width == 0.0 and weights.max() - weights.min() > 1e-6:
        return False
    room = 1e-4 * width + 1e-12
    return bool((steps >= -room).all() or (steps <= room).all())
