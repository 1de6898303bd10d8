from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from autograder.checks.figures import expect_labels, texts_of

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
