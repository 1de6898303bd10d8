"""Public checks of q3_6, Training."""

from otter.test_files import test_case

from course_checks.public import run
from course_checks.training import expect_two_epochs

OK_FORMAT = False

name = "q3_6"
points = None


def test_small_training(student):
    """Two epochs on a handful of reviews: the history, and the loss it tells of"""
    settings = {"vocab_size": 12, "d_model": 8, "num_heads": 2, "num_layers": 1, "d_ff": 8}
    expect_two_epochs(student, student.EncoderClassifier, settings)


@test_case(name='Two epochs on a handful of reviews: the history, and the loss it tells of', points=0.5, failure_message='Validate in eval mode, after each epoch, and sum over reviews before you divide.')
def small_training_(env):
    run(test_small_training, env)
