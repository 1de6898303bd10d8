"""Public checks of q3_7, What each model needs, and what it costs."""

from otter.test_files import test_case

from course_checks.public import filled_in_number, run

OK_FORMAT = False

name = "q3_7"
points = None


def lstm_parameters_filled_in(student):
    filled_in_number(student, 'lstm_parameters')


@test_case(name="`lstm_parameters` is filled in, right or wrong", points=0)
def lstm_parameters_(env):
    run(lstm_parameters_filled_in, env)


def attention_parameters_filled_in(student):
    filled_in_number(student, 'attention_parameters')


@test_case(name="`attention_parameters` is filled in, right or wrong", points=0)
def attention_parameters_(env):
    run(attention_parameters_filled_in, env)


def feed_forward_parameters_filled_in(student):
    filled_in_number(student, 'feed_forward_parameters')


@test_case(name="`feed_forward_parameters` is filled in, right or wrong", points=0)
def feed_forward_parameters_(env):
    run(feed_forward_parameters_filled_in, env)
