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
    settings = {"vocab_size": 20, "d_model": 8, "num_heads": 2, "d_ff": 16, "max_len": 12}
    model = student.probe(shaken, student.EncoderClassifier, 0, 0.3, settings)
    model.eval()
    tokens = torch.tensor([[1, 5, 6, 7], [1, 9, 9, 4], [1, 19, 3, 2]])
    mask = torch.ones_like(tokens, dtype=torch.bool)
    logits = expect_tensor(model(tokens, mask), "logits", (3,), inputs=given(tokens=tokens))
    expect_varied(logits)
    alone = model(tokens[:1], mask[:1])
    expect_tensor(alone, "logits", (1,), inputs=given(tokens=tokens[:1]))


@test_case(name='One logit a review, and different reviews get different ones', points=0.25, failure_message='After the average there is one vector for each review, and one number after the last layer.')
def shapes_(env):
    run(test_shapes, env)


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


@test_case(name='Padding does not change the logit, but another word does', points=0.25, failure_message='The mask has to reach every attention, and the average has to divide by the real tokens alone.')
def padding_example_(env):
    run(test_padding_example, env)
