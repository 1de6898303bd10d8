"""Public checks of q1_2, Which gate does what?."""

from otter.test_files import test_case

from course_checks.public import filled_in_matching, run

OK_FORMAT = False

name = "q1_2"
points = None


def gate_roles_filled_in(student):
    filled_in_matching(student, 'gate_roles', ['scales_old_cell', 'scales_new_content', 'is_new_content', 'scales_visible_part', 'lies_between_minus_one_and_one', 'bias_often_starts_at_one'], ['input', 'forget', 'candidate', 'output'])


@test_case(name="`gate_roles` is filled in, right or wrong", points=0)
def gate_roles_(env):
    run(gate_roles_filled_in, env)
