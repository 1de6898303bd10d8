from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from autograder.checks.figures import expect_labels, expect_shades, shows_anything, texts_of

WORDS = ["the", "film", "the", "end"]


def drawn(x: list[str] | None, y: list[str] | None) -> Any:
    figure = Figure()
    axes = figure.add_subplot()
    image = axes.imshow(np.eye(4))
    figure.colorbar(image)
    if x is not None:
        axes.set_xticks(range(len(x)), x)
    if y is not None:
        axes.set_yticks(range(len(y)), y)
    return figure


def test_an_empty_figure_shows_nothing_though_a_colour_bar_stands_in_it() -> None:
    full, other = drawn(WORDS, WORDS), Figure()
    other.add_subplot().set_xticks(range(4), WORDS)
    assert shows_anything(full)
    assert not shows_anything(other)
    other.colorbar(ScalarMappable(), ax=other.axes[0])
    assert not shows_anything(other)


def test_takes_words_along_both_sides() -> None:
    expect_labels(texts_of(drawn(WORDS, WORDS)), WORDS)


def test_takes_labels_that_say_more_than_the_word() -> None:
    numbered = [f"{number} {word}" for number, word in enumerate(WORDS)]
    expect_labels(texts_of(drawn(numbered, WORDS)), WORDS)


def test_takes_an_axis_that_is_turned_around() -> None:
    expect_labels(texts_of(drawn(WORDS, WORDS[::-1])), WORDS)


def test_takes_words_that_are_written_beside_the_picture() -> None:
    figure = Figure()
    axes = figure.add_subplot()
    for place, word in enumerate(WORDS):
        axes.text(place, -1, word)
        axes.text(-1, place, word)
    expect_labels(texts_of(figure), WORDS)


@pytest.mark.parametrize(
    ("x", "y", "side"),
    [
        (WORDS, None, "rows"),
        (None, WORDS, "columns"),
        (WORDS[:3], WORDS, "columns"),
        (["", *WORDS[:3]], WORDS, "columns"),
        (["1", "2", "1", "3"], ["1", "2", "1", "3"], "columns"),
        (WORDS, sorted(WORDS), "rows"),
    ],
)
def test_names_the_side_whose_words_are_missing(
    x: list[str] | None, y: list[str] | None, side: str
) -> None:
    with pytest.raises(AssertionError, match=f"the {side} should carry the words"):
        expect_labels(texts_of(drawn(x, y)), WORDS)


def test_names_a_figure_without_axes() -> None:
    with pytest.raises(AssertionError, match="the figure has no axes"):
        expect_labels(texts_of(Figure()), WORDS)


def test_takes_room_at_the_ends_and_labels_on_edges() -> None:
    figure = Figure()
    axes = figure.add_subplot()
    axes.pcolormesh(np.eye(4))
    axes.set_xticks(range(4), WORDS)
    axes.set_yticks(np.arange(4) + 0.5, WORDS)
    axes.set_xlim(-0.2, 4.2)
    expect_labels(texts_of(figure), WORDS)


@pytest.mark.parametrize("shift", [-1, 1])
def test_labels_stand_at_their_fields(shift: int) -> None:
    figure = Figure()
    axes = figure.add_subplot(xlim=(-1.5, 4.5))
    axes.imshow(np.eye(4))
    axes.set_xticks([place + shift for place in range(4)], WORDS)
    axes.set_yticks(range(4), WORDS)
    axes.set_xlim(-0.5, 3.5)
    with pytest.raises(AssertionError, match=r"the columns .* does not stand at its field"):
        expect_labels(texts_of(figure), WORDS)


def test_labels_along_a_part_of_the_picture_stand_elsewhere() -> None:
    figure = Figure()
    axes = figure.add_subplot()
    axes.imshow(np.eye(7))
    axes.set_xticks(range(4), WORDS)
    axes.set_yticks(range(4), WORDS)
    with pytest.raises(AssertionError, match="does not stand at its field"):
        expect_labels(texts_of(figure), WORDS)


WEIGHTS = torch.rand(4, 4, generator=torch.Generator().manual_seed(0))
IMAGE = WEIGHTS.numpy()


def shaded(draw: Any, *, rows: list[str] = WORDS, first: float = 0.0) -> Any:
    """A figure of ``draw(axes)``, with words along both sides from the place ``first`` on."""
    figure = Figure()
    axes = figure.add_subplot()
    draw(axes)
    axes.set_xticks([first + place for place in range(4)], WORDS)
    axes.set_yticks([first + place for place in range(4)], rows)
    return figure


@pytest.mark.parametrize(
    "figure",
    [
        shaded(lambda axes: axes.imshow(IMAGE)),
        shaded(lambda axes: axes.imshow(IMAGE, origin="lower")),
        shaded(lambda axes: axes.imshow(IMAGE[::-1]), rows=WORDS[::-1]),
        shaded(lambda axes: axes.imshow(IMAGE, extent=(0, 4, 4, 0)), first=0.5),
        shaded(lambda axes: axes.imshow((100 * IMAGE).round())),
        shaded(lambda axes: axes.imshow(1 - IMAGE, cmap="gray")),
        shaded(lambda axes: axes.pcolormesh(IMAGE), first=0.5),
        shaded(lambda axes: axes.pcolormesh(IMAGE)),
        shaded(lambda axes: axes.pcolormesh(IMAGE), first=1.0),
        shaded(lambda axes: (axes.pcolormesh(IMAGE), axes.invert_yaxis()), first=0.5),
        shaded(lambda axes: axes.imshow(np.kron(IMAGE, np.ones((3, 3))), extent=(0, 4, 4, 0))),
        shaded(lambda axes: axes.scatter(*np.meshgrid(range(4), range(4)), s=IMAGE)),
    ],
)
def test_takes_pictures_of_the_weights(figure: Any) -> None:
    expect_shades(texts_of(figure), WORDS, WEIGHTS)


@pytest.mark.parametrize(
    "figure",
    [
        shaded(lambda axes: axes.imshow(IMAGE.T)),
        shaded(lambda axes: axes.imshow(IMAGE / IMAGE.sum(1, keepdims=True))),
        shaded(lambda axes: axes.imshow(IMAGE), rows=WORDS[::-1]),
        shaded(lambda axes: axes.imshow(IMAGE[::-1])),
        shaded(lambda axes: axes.pcolormesh(IMAGE.T), first=0.5),
    ],
)
def test_other_shades_are_not_the_weights(figure: Any) -> None:
    with pytest.raises(AssertionError, match="does not show the weights"):
        expect_shades(texts_of(figure), WORDS, WEIGHTS)
