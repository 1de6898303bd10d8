"""Public checks of q1_3, Shapes and parameters."""

from otter.test_files import test_case

from course_checks.public import filled_in_number, run

OK_FORMAT = False

name = "q1_3"
points = None


def weight_ih_rows_filled_in(student):
    filled_in_number(student, 'weight_ih_rows')


@test_case(name="`weight_ih_rows` is filled in, right or wrong", points=0)
def weight_ih_rows_(env):
    run(weight_ih_rows_filled_in, env)


def weight_ih_columns_filled_in(student):
    filled_in_number(student, 'weight_ih_columns')


@test_case(name="`weight_ih_columns` is filled in, right or wrong", points=0)
def weight_ih_columns_(env):
    run(weight_ih_columns_filled_in, env)


def one_layer_parameters_filled_in(student):
    filled_in_number(student, 'one_layer_parameters')


@test_case(name="`one_layer_parameters` is filled in, right or wrong", points=0)
def one_layer_parameters_(env):
    run(one_layer_parameters_filled_in, env)


def two_layer_bidirectional_parameters_filled_in(student):
    filled_in_number(student, 'two_layer_bidirectional_parameters')


@test_case(name="`two_layer_bidirectional_parameters` is filled in, right or wrong", points=0)
def two_layer_bidirectional_parameters_(env):
    run(two_layer_bidirectional_parameters_filled_in, env)
