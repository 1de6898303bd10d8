"""Checks of 3.8, A picture of attention."""

import numpy as np
import pytest
import torch

from autograder.checks.figures import expect_labels, expect_shades, shows_anything, texts_of
from autograder.checks.probes import modes, shaken
from autograder.checks.tensors import expect_close, expect_pair, given

pytestmark = pytest.mark.question("q3_8")


@pytest.mark.points(0.5)
@pytest.mark.hint(
    "Take the maps of the whole review first; then crop rows and columns, and label both."
)
def test_small_example(student):
    """A review of four words: weights and labels"""
    settings = {"vocab_size": 12, "d_model": 8, "num_heads": 2, "d_ff": 8, "max_len": 10}
    model = student.probe(shaken, student.EncoderClassifier, 0, 0.3, settings)
    model.eval()
    words, tokens = ["<start>", "what", "a", "film"], [1, 5, 6, 7]
    inputs = given(words=words, tokens=tokens, limit=3)
    figure, weights = expect_pair(
        student.show_attention(model, words, tokens, limit=3), "figure, weights"
    )
    assert isinstance(weights, np.ndarray), "weights should be a NumPy array."
    batch = torch.tensor([tokens])
    expected = model.attention_maps(batch, torch.ones_like(batch, dtype=torch.bool))[0][
        0, 0, :3, :3
    ]
    expect_close(torch.from_numpy(weights), expected, "weights", inputs=inputs)
    texts = student.probe(texts_of, figure)
    expect_labels(texts, words[:3])
    expect_shades(texts, words[:3], expected)


VOCABULARY = 67
SETTINGS = {
    "vocab_size": VOCABULARY,
    "d_model": 12,
    "num_heads": 3,
    "num_layers": 2,
    "d_ff": 16,
    "dropout": 0.5,
    "max_len": 150,
}


def draw_model(student, seed):
    """The student's classifier with noise on its weights, in eval mode."""
    model = student.probe(shaken, student.EncoderClassifier, seed % 2**31, 0.3, SETTINGS)
    model.eval()
    return model


def draw_review(rng, length):
    """Words and ids of a random review. Words occur more than once, as they do."""
    tokens = rng.integers(1, VOCABULARY, size=length).tolist()
    return [f"w{token}" for token in tokens], tokens


def maps_of(model, tokens):
    """All maps of one review as an array (layers, heads, n, n)."""
    batch = torch.tensor([tokens])
    maps = model.attention_maps(batch, torch.ones_like(batch, dtype=torch.bool))
    return torch.stack([maps[layer][0] for layer in range(SETTINGS["num_layers"])])


def expect_weights(got, expected):
    """Demand a pair whose second part is a NumPy array equal to ``expected``; return the first."""
    figure, weights = expect_pair(got, "figure, weights")
    assert isinstance(weights, np.ndarray), "weights is not a NumPy array"
    expect_close(torch.from_numpy(weights), expected, "weights")
    return figure


@pytest.mark.points(0.75)
@pytest.mark.hidden
@pytest.mark.hint(
    "Take the maps of the whole review, then crop them; leave the numbers as they are."
)
def test_crop(student, rng, seed):
    """The weights are those of the whole review, cropped to `limit`"""
    model = draw_model(student, seed)
    for length, limit in (12, 5), (7, 7), (6, 20), (1, 3):
        words, tokens = draw_review(rng, length)
        # Inside of a review the id of the padding is as real as any other. Here alone: who hides
        # it should not lose every point of the question.
        tokens[1:2] = [0] * len(tokens[1:2])
        expected = maps_of(model, tokens)[0, 0, :limit, :limit]
        expect_weights(student.show_attention(model, words, tokens, limit=limit), expected)


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("limit is 35 unless the caller says otherwise; the maps are of the whole review.")
def test_default_limit(student, rng, seed):
    """Without `limit` the first 35 tokens of a long review are shown"""
    model = draw_model(student, seed)
    words, tokens = draw_review(rng, 140)
    expected = maps_of(model, tokens)[0, 0, :35, :35]
    expect_weights(student.show_attention(model, words, tokens), expected)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Use `layer` and `head`, and mind which axis of a map is which.")
def test_layer_and_head(student, rng, seed):
    """Layer and head are those that were asked for"""
    model = draw_model(student, seed)
    words, tokens = draw_review(rng, 6)
    maps = maps_of(model, tokens)
    for layer, head in (0, 1), (1, 0), (1, 2):
        got = student.show_attention(model, words, tokens, layer=layer, head=head, limit=4)
        expect_weights(got, maps[layer, head, :4, :4])


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint(
    "Set ticks and their labels on both axes, one for each shown token; a row is a query."
)
def test_labels(student, rng, seed):
    """Rows and columns carry the words that are shown, each at its own weights"""
    model = draw_model(student, seed)
    for length, limit, head in (9, 6, 0), (5, 8, 1), (28, 25, 0):
        words, tokens = draw_review(rng, length)
        # A word that occurs twice, as few do not.
        words[4], tokens[4] = words[1], tokens[1]
        got = student.show_attention(model, words, tokens, head=head, limit=limit)
        expected = maps_of(model, tokens)[0, head, :limit, :limit]
        figure = expect_weights(got, expected)
        assert student.probe(shows_anything, figure), "the figure that is returned is empty"
        texts = student.probe(texts_of, figure)
        expect_labels(texts, words[:limit])
        expect_shades(texts, words[:limit], expected)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Whatever switches the mode has to switch it back.")
def test_mode(student, rng, seed):
    """The mode of the model is left as it was, and dropout does not show"""
    model = draw_model(student, seed)
    words, tokens = draw_review(rng, 6)
    expected = maps_of(model, tokens)[0, 0]
    expect_weights(student.show_attention(model, words, tokens), expected)
    assert not any(student.probe(modes, model)), "eval mode became train mode"
    model.train()
    expect_weights(student.show_attention(model, words, tokens), expected)
    assert all(student.probe(modes, model)), "train mode became eval mode"
