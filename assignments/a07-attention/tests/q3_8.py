"""Public checks of q3_8, A picture of attention."""

from otter.test_files import test_case
import numpy as np
import torch

from course_checks.figures import expect_labels, expect_shades, texts_of
from course_checks.probes import shaken
from course_checks.public import run
from course_checks.tensors import expect_close, expect_pair, given

OK_FORMAT = False

name = "q3_8"
points = None


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


@test_case(name='A review of four words: weights and labels', points=0.5, failure_message='Take the maps of the whole review first; then crop rows and columns, and label both.')
def small_example_(env):
    run(test_small_example, env)
