"""Checks of 3.5, The classifier."""

import pytest
import torch

from autograder.checks.attention import (
    effects_by_position,
    expect_batch_independence,
    expect_order_matters,
    expect_padding_invariance,
    expect_varied,
)
from autograder.checks.dropout import expect_dropout_acts, expect_dropout_rests
from autograder.checks.inputs import random_reviews
from autograder.checks.probes import count_parameters, layers_of_torch, shaken
from autograder.checks.tensors import expect_close, expect_finite, expect_tensor, given

pytestmark = pytest.mark.question("q3_5")


@pytest.mark.points(0.25)
@pytest.mark.hint(
    "The last state is one vector for each review; the last layer makes one number of it."
)
def test_shapes(student):
    """One logit a review, and different reviews get different ones"""
    settings = {"vocab_size": 20, "d_embed": 8, "d_hidden": 6}
    model = student.probe(shaken, student.LSTMClassifier, 0, 0.3, settings)
    model.eval()
    tokens, lengths = (
        torch.tensor([[1, 5, 6, 7], [1, 9, 9, 4], [1, 19, 3, 2]]),
        torch.tensor([4] * 3),
    )
    logits = expect_tensor(model(tokens, lengths), "logits", (3,), inputs=given(tokens=tokens))
    expect_varied(logits)
    alone = model(tokens[:1], lengths[:1])
    expect_tensor(alone, "logits", (1,), inputs=given(tokens=tokens[:1]))


@pytest.mark.points(0.25)
@pytest.mark.hint("Which state do you read where the review is shorter than the batch is wide?")
def test_padding_example(student):
    """Padding does not change the logit, but another word does"""
    settings = {"vocab_size": 20, "d_embed": 8, "d_hidden": 6}
    # So much noise that the last word gets through many layers, too.
    model = student.probe(shaken, student.LSTMClassifier, 0, 1.0, settings)
    model.eval()
    short, others = torch.tensor([[1, 5, 6]]), torch.tensor([[1, 5, word] for word in range(7, 20)])
    lengths = torch.tensor([3])
    logit = expect_tensor(model(short, lengths), "logits", (1,))
    inputs = given(tokens=short, lengths=lengths) + "\n  twice, in eval mode"
    expect_close(model(short, lengths), logit, "the logit of a second call", inputs=inputs)
    inputs = given(tokens=short, others=others) + "\n  (other last words)"
    assert (model(others, lengths.expand(len(others))) - logit).abs().max() > 1e-5, (
        f"the last word should change the logit, but does not.\nCalled with\n{inputs}"
    )
    padded = torch.tensor([[1, 5, 6, 0, 0]])
    inputs = given(tokens=padded, lengths=lengths)
    inputs += "\n  and, for the expected one, without the padding"
    expect_close(model(padded, lengths), logit, "the logit of a padded review", inputs=inputs)


VOCABULARY = 53
SETTINGS = {"vocab_size": VOCABULARY, "d_embed": 12, "d_hidden": 10, "dropout": 0.3}


def build(student, seed, noise=0.3, **changes):
    """The student's classifier with noise on its weights, in eval mode."""
    settings = SETTINGS | changes
    model = student.probe(shaken, student.LSTMClassifier, seed % 2**31, noise, settings)
    model.eval()
    return model


def reader(model):
    """The model as a function of tokens and mask, as the library's helpers call it."""
    return lambda tokens, mask: model(tokens, mask.sum(dim=1))


@pytest.mark.points(0.75)
@pytest.mark.hidden
@pytest.mark.hint("An LSTM reads in order: does your model read the words one after another?")
def test_order(student, generator, seed):
    """The order of the words matters, and an LSTM reads them"""
    model = build(student, seed)
    # Whatever reads in order will pass what follows; an LSTM of one's own can't be told by name.
    layers = set(student.probe(layers_of_torch, model))
    others = sorted(layers & {"GRU", "GRUCell", "RNN", "RNNCell"})
    assert not others or layers & {"LSTM", "LSTMCell"}, (
        f"the model reads with torch.nn.{others[0]}, and not with an LSTM."
    )
    tokens, _ = random_reviews(generator, [9] * 6, VOCABULARY)
    expect_order_matters(reader(model), tokens, generator)


@pytest.mark.points(1.25)
@pytest.mark.hidden
@pytest.mark.hint("Which state do you read for a review that is shorter than the batch is wide?")
def test_padding(student, generator, seed):
    """Padding has no effect: neither its ids nor its amount"""
    model = build(student, seed)
    tokens, mask = random_reviews(generator, [5, 9, 1, 12], VOCABULARY, 14)
    expect_varied(expect_tensor(model(tokens, mask.sum(1)), "logits", (4,)))
    expect_padding_invariance(reader(model), tokens, mask, generator, VOCABULARY, extra=6)


@pytest.mark.points(0.75)
@pytest.mark.hidden
@pytest.mark.hint("The last real word of a review of n words has the index n - 1.")
def test_every_word_counts(student, generator, seed):
    """Every real word counts, the last one included, whatever the lengths in the batch"""
    # A few models together leave little to chance: a word may be forgotten by one of them.
    models = [build(student, seed + number, noise) for noise in (0.3, 1.0) for number in range(4)]
    tokens, _ = random_reviews(generator, [6] * 12, VOCABULARY)
    effects = (
        torch.stack(
            [
                effects_by_position(reader(model), tokens, list(range(6)), generator, VOCABULARY)
                for model in models
            ]
        )
        .mean(dim=2)
        .amax(dim=0)
    )
    for place, effect in enumerate(effects):
        assert effect > 1e-6, f"the word at place {place} of 6 has no effect"
    tokens, mask = random_reviews(generator, [4, 7, 1, 5], VOCABULARY, 9)
    lengths = mask.sum(1)
    other = tokens.clone()
    rows = torch.arange(4)
    other[rows, lengths - 1] = (other[rows, lengths - 1] + 1) % VOCABULARY
    changes = [(model(tokens, lengths) - model(other, lengths)).abs() for model in models]
    least = torch.stack(changes).amax(dim=0).min()
    assert least > 1e-4, "the last word of a padded review has no effect"
    # Over so many words the others are forgotten, where gates are neither open nor shut, as with
    # little noise. Whoever reads backwards ends with the first one.
    tokens, _ = random_reviews(generator, [600] * 6, VOCABULARY)
    effects = [
        effects_by_position(reader(model), tokens, [0, 599], generator, VOCABULARY).max()
        for model in models[:4]
    ]
    # Right ones: 4e-5 and more in all but one model. Whoever stops at 512 forgets the first word,
    # but for one model in a hundred.
    assert sorted(effects)[1] > 1e-6, (
        "of 600 words neither the first nor the last one has an effect"
    )


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Lengths come in any order, and the batch is the first dimension.")
def test_batch(student, generator, seed):
    """A review's logit does not depend on the rest of the batch"""
    model = build(student, seed)
    for lengths in ([6, 6, 6, 6], [3, 7, 1], [2, 2, 5, 8, 4]):
        tokens, mask = random_reviews(generator, lengths, VOCABULARY)
        expect_varied(expect_tensor(model(tokens, mask.sum(1)), "logits", (len(lengths),)))
        expect_batch_independence(reader(model), tokens, mask)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("pack_padded_sequence refuses a length of 0, and the index 0 - 1 means the end.")
def test_empty_review(student, generator, seed):
    """A review of length 0 gets a finite logit that its padding does not change"""
    model = build(student, seed)
    tokens, mask = random_reviews(generator, [4, 0, 6, 0, 3, 5], VOCABULARY, 7)
    logits = expect_tensor(model(tokens, mask.sum(1)), "logits", (6,))
    expect_finite(logits, "logits")
    expect_close(logits[1], logits[3], "the logit of a review of length 0 with other padding")
    fewer = torch.tensor([1, 2, 4])
    found = model(tokens[fewer], mask.sum(1)[fewer])
    expect_close(found[0], logits[1], "the logit of a review of length 0 in another batch")
    others = torch.tensor([0, 2, 4, 5])
    alone = model(tokens[others], mask.sum(1)[others])
    expect_varied(alone)
    expect_close(logits[others], alone, "the logit of a review beside one of length 0")


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("forward returns logits: the sigmoid belongs to the loss.")
def test_logits(student, generator, seed):
    """The model returns logits, not probabilities"""
    tokens, mask = random_reviews(generator, [6, 4, 5], VOCABULARY)
    logits = [build(student, seed + number)(tokens, mask.sum(1)) for number in range(24)]
    expect_varied(logits[0])
    # The sign of a logit hangs on the noise: that none of 24 models says no is no accident.
    assert min(part.min() for part in logits) < 0, "no model gives a negative logit"


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Is there a dropout layer, is it called, and does it use the argument `dropout`?")
def test_dropout_acts(student, generator, seed):
    """Dropout acts in train mode, as strongly as `dropout` says"""
    tokens, mask = random_reviews(generator, [7, 5, 7], VOCABULARY)
    half, none = (build(student, seed, dropout=dropout) for dropout in (0.5, 0.0))
    expect_dropout_acts(half, none, tokens, mask.sum(1))


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("F.dropout needs training=self.training; nn.Dropout switches by itself.")
def test_dropout_rests(student, generator, seed):
    """Dropout never acts in eval mode"""
    tokens, mask = random_reviews(generator, [7, 5, 7], VOCABULARY)
    expect_dropout_rests(build(student, seed, dropout=0.5), tokens, mask.sum(1))


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Try other values for each argument of __init__: is one ignored?")
def test_arguments(student, generator, seed):
    """The arguments of __init__ are honoured"""
    count = student.probe(count_parameters, build(student, seed))
    for change in {"d_embed": 20}, {"d_hidden": 17}, {"vocab_size": 70}:
        more = student.probe(count_parameters, build(student, seed, **change))
        assert more > count, f"{change} does not add parameters"
    tokens, mask = random_reviews(generator, [6, 4] * 4, VOCABULARY)
    tokens[0, :] = VOCABULARY - 1
    expect_varied(build(student, seed)(tokens, mask.sum(1)))
    each, ones = torch.arange(VOCABULARY)[:, None], torch.ones(VOCABULARY, dtype=torch.long)
    gaps = [build(student, seed, noise)(each, ones).sort().values.diff() for noise in (0.3, 1.0)]
    distinct = max(int((part > 1e-6).sum()) + 1 for part in gaps)
    assert distinct > 0.8 * VOCABULARY, (
        f"{VOCABULARY} words, one a review, get no more than {distinct} different logits"
    )
    defaults = student.LSTMClassifier(VOCABULARY)
    expect_tensor(defaults(tokens, mask.sum(1)), "logits", (8,))
    plain = build(student, seed, d_embed=64, d_hidden=64)
    counts = [student.probe(count_parameters, model) for model in (defaults, plain)]
    assert counts[0] == counts[1], "the sizes should be 64 by default"
