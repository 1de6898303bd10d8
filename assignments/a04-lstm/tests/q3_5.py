"""Public checks of q3_5, The classifier."""

from otter.test_files import test_case
import torch

from course_checks.attention import expect_varied
from course_checks.probes import shaken
from course_checks.public import run
from course_checks.tensors import expect_close, expect_tensor, given

OK_FORMAT = False

name = "q3_5"
points = None


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


@test_case(name='One logit a review, and different reviews get different ones', points=0.25, failure_message='The last state is one vector for each review; the last layer makes one number of it.')
def shapes_(env):
    run(test_shapes, env)


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


@test_case(name='Padding does not change the logit, but another word does', points=0.25, failure_message='Which state do you read where the review is shorter than the batch is wide?')
def padding_example_(env):
    run(test_padding_example, env)
