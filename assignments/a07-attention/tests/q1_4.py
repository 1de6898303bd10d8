"""Public checks of q1_4, The Transformer's attention."""

from otter.test_files import test_case

from course_checks.public import filled_in_choice, run

OK_FORMAT = False

name = "q1_4"
points = None


def transformer_attention_filled_in(student):
    filled_in_choice(student, 'transformer_attention', ['soft', 'hard'])


@test_case(name="`transformer_attention` is filled in, right or wrong", points=0)
def transformer_attention_(env):
    run(transformer_attention_filled_in, env)
