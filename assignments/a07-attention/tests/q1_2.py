"""Public checks of q1_2, Hard or soft?."""

from otter.test_files import test_case

from course_checks.public import filled_in_matching, run

OK_FORMAT = False

name = "q1_2"
points = None


def attention_kinds_filled_in(student):
    filled_in_matching(student, 'attention_kinds', ['differentiable', 'needs_sampling', 'cheaper_at_inference', 'costly_on_long_inputs', 'weights_all_inputs', 'picks_one'], ['soft', 'hard'])


@test_case(name="`attention_kinds` is filled in, right or wrong", points=0)
def attention_kinds_(env):
    run(attention_kinds_filled_in, env)
