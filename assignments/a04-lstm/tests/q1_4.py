"""Public checks of q1_4, What a packed batch gives."""

from otter.test_files import test_case

from course_checks.public import filled_in_choice, run

OK_FORMAT = False

name = "q1_4"
points = None


def packed_state_filled_in(student):
    filled_in_choice(student, 'packed_state', ['own_last_word', 'last_column', 'longest_review', 'mean'])


@test_case(name="`packed_state` is filled in, right or wrong", points=0)
def packed_state_(env):
    run(packed_state_filled_in, env)
