"""Checks of 3.5, The classifier."""

import pytest
import torch

from autograder.checks.attention import (
    effects_by_position,
    expect_batch_independence,
    expect_distribution,
    expect_order_matters,
    expect_padding_invariance,
    expect_varied,
)
from autograder.checks.dropout import expect_dropout_acts, expect_dropout_rests
from autograder.checks.inputs import random_reviews
from autograder.checks.mixing import expect_weights_that_mix, gradients_by_weights
from autograder.checks.pooling import (
    LOUD,
    expect_equal_means,
    expect_mean_of_equal_words,
    make_words_balance,
    make_words_loud,
)
from autograder.checks.probes import (
    count_parameters,
    effects_of_parameters,
    modes,
    parameter_gradients,
    shaken,
    uses_of_weights,
)
from autograder.checks.tensors import expect_close, expect_tensor, given

pytestmark = pytest.mark.question("q3_5")


@pytest.mark.points(0.25)
@pytest.mark.hint(
    "After the average there is one vector for each review, and one number after the last layer."
)
def test_shapes(student):
    """One logit a review, and different reviews get different ones"""
    settings = {"vocab_size": 20, "d_model": 8, "num_heads": 2, "d_ff": 16, "max_len": 12}
    model = student.probe(shaken, student.EncoderClassifier, 0, 0.3, settings)
    model.eval()
    tokens = torch.tensor([[1, 5, 6, 7], [1, 9, 9, 4], [1, 19, 3, 2]])
    mask = torch.ones_like(tokens, dtype=torch.bool)
    logits = expect_tensor(model(tokens, mask), "logits", (3,), inputs=given(tokens=tokens))
    expect_varied(logits)
    alone = model(tokens[:1], mask[:1])
    expect_tensor(alone, "logits", (1,), inputs=given(tokens=tokens[:1]))


@pytest.mark.points(0.25)
@pytest.mark.hint(
    "The mask has to reach every attention, and the average has to divide by the real tokens alone."
)
def test_padding_example(student):
    """Padding does not change the logit, but another word does"""
    settings = {"vocab_size": 20, "d_model": 8, "num_heads": 2, "d_ff": 16, "max_len": 12}
    model = student.probe(shaken, student.EncoderClassifier, 0, 0.3, settings)
    model.eval()
    short, other = torch.tensor([[1, 5, 6]]), torch.tensor([[1, 5, 7]])
    padded = torch.tensor([[1, 5, 6, 0, 0]])
    logit = expect_tensor(model(short, torch.tensor([[True] * 3])), "logits", (1,))
    expect_varied(torch.cat([logit, model(other, torch.tensor([[True] * 3]))]))
    mask = torch.tensor([[True, True, True, False, False]])
    inputs = given(tokens=padded, mask=mask) + "\n  and, for the expected one, without the padding"
    expect_close(model(padded, mask), logit, "the logit of a padded review", inputs=inputs)


VOCABULARY = 53
SETTINGS = {
    "vocab_size": VOCABULARY,
    "d_model": 16,
    "num_heads": 2,
    "num_layers": 2,
    "d_ff": 24,
    "dropout": 0.1,
    "max_len": 40,
}


PLACES = [0, 1, 2, 6, 11, 15, 20, 24, 29, 33, 37, 38, 39]
"""Places in a review of 40 words."""


def build(student, seed, noise=0.3, **changes):
    """The student's classifier with noise on its weights, in eval mode."""
    settings = SETTINGS | changes
    model = student.probe(shaken, student.EncoderClassifier, seed % 2**31, noise, settings)
    model.eval()
    return model


@pytest.mark.points(1)
@pytest.mark.hidden
@pytest.mark.hint("Is the positional encoding added, and along which axis does it run?")
def test_order(student, generator, seed):
    """The order of the words matters"""
    model = build(student, seed)
    tokens, _ = random_reviews(generator, [9] * 6, VOCABULARY)
    expect_order_matters(model, tokens, generator)


@pytest.mark.points(1)
@pytest.mark.hidden
@pytest.mark.hint("Is padding hidden from every layer's attention, and left out of the average?")
def test_padding(student, generator, seed):
    """Padding has no say: neither its ids nor its amount"""
    model = build(student, seed)
    tokens, mask = random_reviews(generator, [5, 9, 1, 12], VOCABULARY, 14)
    expect_varied(expect_tensor(model(tokens, mask), "logits", (4,)))
    expect_padding_invariance(model, tokens, mask, generator, VOCABULARY, extra=6)


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("Which axis of your tensors is the batch, and which the sequence?")
def test_batch(student, generator, seed):
    """A review's logit does not depend on the rest of the batch"""
    model = build(student, seed)
    for lengths in ([6, 6, 6, 6], [7, 3, 1]):
        tokens, mask = random_reviews(generator, lengths, VOCABULARY)
        expect_varied(expect_tensor(model(tokens, mask), "logits", (len(lengths),)))
        expect_batch_independence(model, tokens, mask)


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("The logit comes from the average over all real tokens: not their sum, not one.")
def test_mean(student, generator, seed):
    """The average runs over all real tokens"""
    model = build(student, seed, noise=0.1)
    student.probe(make_words_loud, model, VOCABULARY, LOUD)
    expect_mean_of_equal_words(model, VOCABULARY, [2, 5, 40])
    for noise in 0.0, 0.1:
        model = build(student, seed, noise)
        student.probe(make_words_balance, model, VOCABULARY, seed % 2**31, LOUD)
        expect_equal_means(model, VOCABULARY, generator)
    # A few models together leave little to chance, and little noise shows it best.
    shares, evenness, shrinkage = [], [], []
    for number in range(4):
        model = build(student, seed + number, noise=0.1)
        words, real = random_reviews(generator, [1] * 48, VOCABULARY)
        expect_varied(model(words, real))
        alone = effects_by_position(model, words, [0], generator, VOCABULARY)
        tokens, _ = random_reviews(generator, [40] * 12, VOCABULARY)
        effects = effects_by_position(model, tokens, PLACES, generator, VOCABULARY)
        by_place = effects.mean(dim=1)
        assert by_place.min() > 1e-6, "a word at some place has no effect"
        shares.append((by_place / by_place.median()).log())
        evenness.append(effects.median() / effects.mean())
        shrinkage.append((alone.mean() / effects.mean()).log())
    # A place that is read alone counts ten times as much as the others.
    assert torch.stack(shares).mean(0).exp().max() < 4.5, "one place counts more than the others"
    # A word has 0.74 to 0.90 of the mean effect at the median; under a maximum, 0.28 to 0.42.
    assert torch.stack(evenness).mean() > 0.58, "most words have hardly any effect"
    # One word of 40 moves a mean 40 times less than a word alone does (6 times, where the mean is
    # normalised again), and a sum as much. A head that saturates hides that from loud words.
    assert torch.stack(shrinkage).mean().exp() > 2.5, "words count as much in a long review"


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("forward returns logits: the sigmoid belongs to the loss.")
def test_logits(student, generator, seed):
    """The model returns logits, not probabilities"""
    reviews = random_reviews(generator, [6, 4, 5], VOCABULARY)
    logits = [build(student, seed + number, num_layers=1)(*reviews) for number in range(24)]
    expect_varied(logits[0])
    # The sign of a logit hangs on the noise: that none of 24 models says no is no accident.
    assert min(part.min() for part in logits) < 0, "no model gives a negative logit"


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Is there a dropout layer, is it called, and does it use the argument `dropout`?")
def test_dropout_acts(student, generator, seed):
    """Dropout acts in train mode, as strongly as `dropout` says"""
    tokens, mask = random_reviews(generator, [7, 5, 7], VOCABULARY)
    for layers in 2, 1:
        half, none = (
            build(student, seed, dropout=dropout, num_layers=layers) for dropout in (0.5, 0.0)
        )
        expect_dropout_acts(half, none, tokens, mask)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("F.dropout needs training=self.training; nn.Dropout switches by itself.")
def test_dropout_rests(student, generator, seed):
    """Dropout never acts in eval mode"""
    tokens, mask = random_reviews(generator, [7, 5, 7], VOCABULARY)
    expect_dropout_rests(build(student, seed, dropout=0.5), tokens, mask)


def used_parameters(student, model, tokens, mask):
    """The number of parameters that a gradient reaches from the logits."""
    directions = torch.arange(1.0, len(tokens) + 1)
    found = student.probe(parameter_gradients, model, directions, tokens, mask)
    return sum(part.numel() for part in found.values() if part is not None and part.any())


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("[layer] * n holds one layer n times; and is every layer used in forward?")
def test_layers(student, generator, seed):
    """Each layer has weights of its own, and is used"""
    tokens, mask = random_reviews(generator, [6, 4] * 4, VOCABULARY)
    counts, used = [], []
    for layers in 1, 2, 3:
        model = build(student, seed, num_layers=layers)
        counts.append(student.probe(count_parameters, model))
        used.append(used_parameters(student, model, tokens, mask))
        expect_varied(model(tokens, mask))
        assert len(model.attention_maps(tokens, mask)) == layers, "maps and layers differ in number"
    for name, numbers in ("parameters", counts), ("parameters that get a gradient", used):
        assert numbers[0] < numbers[1] < numbers[2], f"1, 2, 3 layers have {numbers} {name}"
    # What doubling d_ff adds to one layer is its feed-forward block; the rest is its attention.
    wide = [
        used_parameters(student, build(student, seed, num_layers=layers, d_ff=48), tokens, mask)
        for layers in (1, 2)
    ]
    layer = used[1] - used[0]
    feed_forward = wide[1] - wide[0] - layer
    assert feed_forward > 0, "with a larger d_ff a second layer adds no more parameters than before"
    assert layer - feed_forward > 16**2, "a second layer uses no attention of its own"
    most = [
        max(
            student.probe(
                uses_of_weights, build(student, seed, num_layers=layers), tokens[:2], mask[:2]
            ),
            default=0,
        )
        for layers in (1, 4)
    ]
    # Twice: a norm may stand behind both blocks of a layer.
    assert most[1] <= max(most[0], 2), (
        f"in a model of 4 layers one parameter is used {most[1]} times, with 1 layer {most[0]}"
    )


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint(
    "Try other values for each argument of __init__: is one ignored, or one too small?"
)
def test_arguments(student, generator, seed):
    """The arguments of __init__ are honoured"""
    tokens, mask = random_reviews(generator, [6, 4] * 4, VOCABULARY)
    count = student.probe(count_parameters, build(student, seed))
    for change in {"d_model": 20}, {"d_ff": 48}, {"vocab_size": 70}:
        more = student.probe(count_parameters, build(student, seed, **change))
        assert more > count, f"{change} does not add parameters"
    for heads in 1, 4:
        maps = build(student, seed, num_heads=heads).attention_maps(tokens, mask)
        expect_tensor(maps[0], "the map of the first layer", (8, heads, 6, 6))
    tokens[0, :] = VOCABULARY - 1
    expect_varied(build(student, seed)(tokens, mask))
    for max_len in 9, 300:
        longest, all_real = random_reviews(generator, [max_len] * 6, VOCABULARY)
        model = build(student, seed, max_len=max_len)
        expect_varied(model(longest, all_real))
        effects = effects_by_position(model, longest, [max_len - 1], generator, VOCABULARY)
        assert effects.max() > 1e-6, f"of max_len={max_len} words the last one has no effect"
    defaults = student.EncoderClassifier(VOCABULARY)
    longest, all_real = random_reviews(generator, [256], VOCABULARY)
    expect_tensor(defaults(longest, all_real), "logits", (1,))
    maps = defaults.attention_maps(tokens, mask)
    assert len(maps) == 2, "without num_layers there should be 2 layers"
    expect_tensor(maps[0], "the map of the first layer", (8, 4, 6, 6))


def differ(one, other):
    """Whether two tensors differ by more than rounding."""
    return (one - other).abs().max() > 1e-4


def maps_of(model, tokens, mask):
    """The attention maps as one tensor (layers, batch, heads, n, n)."""
    maps = model.attention_maps(tokens, mask)
    batch, n = tokens.shape
    return torch.stack(
        [
            expect_tensor(maps[layer], f"the map of layer {layer}", (batch, 2, n, n))
            for layer in range(SETTINGS["num_layers"])
        ]
    )


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint(
    "The maps come after the softmax and the mask, one for each head, one for each layer."
)
def test_maps(student, generator, seed):
    """attention_maps gives each layer's and each head's weights"""
    model = build(student, seed)
    tokens, mask = random_reviews(generator, [8, 5, 2], VOCABULARY)
    maps = maps_of(model, tokens, mask)
    allowed, rows = mask[:, None, None, :], mask[:, None, :]
    expect_distribution(maps, allowed, "maps", rows=rows, zero=1e-6)
    # The first review has no padding, and all have two real tokens.
    assert differ(maps[0, 0], maps[1, 0]), "the maps of both layers are equal"
    assert differ(maps[:, 0, 0], maps[:, 0, 1]), "the maps of both heads are equal"
    pairs = maps[..., :2, :2]
    assert differ(pairs[:, 0], pairs[:, 1]), "the maps of different reviews are equal"
    # Inside a review the id of the padding is a word like any other.
    tokens[0, 3] = 0
    column = maps_of(model, tokens, mask)[:, 0, :, :, 3]
    assert column.max() > 1e-6, "a real word is hidden, as its id is that of the padding"
    # A batch may be wider than its longest review, and forward may have read others in between.
    tokens, mask = random_reviews(generator, [8, 5, 2], VOCABULARY, 10)
    maps = maps_of(model, tokens, mask)
    rows = mask[:, None, :]
    expect_distribution(maps, mask[:, None, None, :], "maps", rows=rows, zero=1e-6)
    model(tokens.flip(1).clamp(min=1), torch.ones_like(mask))
    again = maps_of(model, tokens, mask)
    expect_close(again, maps, "the maps after another call", where=rows[None, ..., None])


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("Switch to eval mode inside, and back to the mode that was before.")
def test_maps_and_mode(student, generator, seed):
    """attention_maps gives eval mode's weights in either mode, and leaves the mode as it was"""
    model = build(student, seed, dropout=0.5)
    tokens, mask = random_reviews(generator, [8, 5, 8], VOCABULARY)
    real = mask[None, :, None, :, None]
    maps = maps_of(model, tokens, mask)
    assert not any(student.probe(modes, model)), "eval mode became train mode"
    model.train()
    again = maps_of(model, tokens, mask)
    expect_close(again, maps, "the maps in train mode", where=real)
    assert all(student.probe(modes, model)), "train mode became eval mode"
    assert differ(maps[:, 0], maps[:, 2]), "the maps are constant"


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint(
    "Compute the maps on the very path that forward takes: same inputs, same weights."
)
def test_maps_are_those_of_forward(student, generator, seed):
    """attention_maps gives the weights that forward uses"""
    for number, layers in enumerate((1, 2, 2, 2)):
        small = {"vocab_size": 11, "d_model": 4, "num_layers": layers, "d_ff": 6, "max_len": 8}
        model = build(student, seed + number, **small)
        words = torch.randperm(11, generator=generator)[:, None]
        reviews = words[:2].T, words[:8].T, words
        found = student.probe(gradients_by_weights, model, *reviews, number, 12)
        expect_weights_that_mix(found, free=4)
    model = build(student, seed)
    tokens, mask = random_reviews(generator, [7, 4], VOCABULARY)
    maps = maps_of(model, tokens, mask)
    bare = maps_of(model, tokens[1:, :4], mask[1:, :4])
    expect_close(maps[:, 1:, :, :4, :4], bare, "the maps of a padded review")
    effects = student.probe(effects_of_parameters, model, tokens, mask, 0, 0.5)
    idle = [name for name, on_logits, on_maps in effects if on_maps > 1e-3 and on_logits == 0]
    assert not idle, f"{idle} moves the maps, but not the logits"
    assert any(on_maps > 1e-3 for _, _, on_maps in effects), "no parameter moves the maps"
    # What follows the only attention can't move its weights: maps made after the layer do move.
    alone = build(student, seed, num_layers=1, d_ff=23)
    effects = student.probe(effects_of_parameters, alone, tokens, mask, 0, 0.5)
    slopes = student.probe(parameter_gradients, alone, torch.tensor([1.0, 2.0]), tokens, mask)
    late = [
        name
        for name, _, on_maps in effects
        if on_maps > 1e-3 and slopes.get(name) is not None and 23 in slopes[name].shape
    ]
    assert not late, f"{late} of the feed-forward block moves the map of the only layer"
    # A word counts at its place: the maps see the positions.
    reviews, real = random_reviews(generator, [7] * 8, VOCABULARY)
    same = reviews[:, :1].expand(8, 7)
    assert (maps_of(model, same, real) - 1 / 7).abs().max() > 1e-3, "the maps miss the positions"
    # The second layer reads what the first one wrote: another word moves the odds of the others.
    other = reviews.clone()
    other[:, 6] = (other[:, 6] + 1) % VOCABULARY
    odds = [odds_of_second_layer(maps_of(model, tokens, real)) for tokens in (reviews, other)]
    assert (odds[0] - odds[1]).abs().max() > 1e-4, (
        "another last word leaves the second map of the words before it as it is"
    )


def odds_of_second_layer(maps):
    """Log-odds of the keys 1 to 5 against key 0, for the queries 0 to 5: (batch, heads, 6, 5)."""
    logs = maps[1].double().clamp_min(1e-30).log()
    return logs[:, :, :6, 1:6] - logs[:, :, :6, :1]
