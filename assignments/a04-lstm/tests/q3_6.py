"""Public checks of q3_6, Training."""

from otter.test_files import test_case
import torch

from course_checks.public import run
from course_checks.training import expect_history, read_safetensors, run_training

OK_FORMAT = False

name = "q3_6"
points = None


def test_small_training(student):
    """Two epochs on a handful of reviews: the history, and the loss it tells of"""
    settings = {"vocab_size": 12, "d_embed": 8, "d_hidden": 6}
    reviews = [[1, 5, 6], [1, 7, 6, 4], [1, 5], [1, 8, 9, 10]], [1, 0, 1, 0]
    options = {"max_epochs": 2, "patience": 2, "batch_size": 2, "lr": 0.001}
    # In eval mode the model says the same of every review: the loss can be worked out by hand.
    rig = {"shifts": [0.0, -1.0], "wobble": 0.0}
    seen = student.probe(
        run_training,
        *(student.LSTMClassifier, student.train),
        *(0, settings, reviews, ([[1, 5, 6], [1, 8]], [0, 0]), options, rig),
    )
    train_loss, valid_loss = expect_history(seen["history"], epochs=2)
    assert all(0 < loss < 5 for loss in train_loss), (
        f"losses of an untrained model should be around 0.7, but train_loss is {train_loss}."
    )
    expected = torch.tensor([0.6931, 0.3133])
    assert torch.allclose(torch.tensor(valid_loss), expected, atol=1e-3), (
        "with a model that gives every validation review the logit 0 after the first epoch and -1 "
        "after the second, and with labels that are all 0, valid_loss should be [0.6931, 0.3133], "
        f"but is {[round(loss, 4) for loss in valid_loss]}."
    )
    assert read_safetensors(seen["file"]), "the checkpoint holds no tensors."


@test_case(name='Two epochs on a handful of reviews: the history, and the loss it tells of', points=0.5)
def small_training_(env):
    run(test_small_training, env)
