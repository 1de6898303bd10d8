from __future__ import annotations

import time

import pytest

from autograder.submission import CheckPoint, check_points, split_cell

from .conftest import IDS, TEMPLATE, Source, submission_of


def points(*sources: str, tags: tuple[str, ...] = ()) -> CheckPoint:
    cells: list[Source] = [("code", source, tags) for source in sources]
    return check_points(submission_of(cells), ["q3_2"])[0]


def test_template_questions_are_judged_after_their_checks() -> None:
    assert check_points(submission_of(TEMPLATE), IDS) == [
        CheckPoint("q1_1", None),
        CheckPoint("q1_4", 9, 1),
        CheckPoint("q3_2", 12, 1),
        CheckPoint("q3_6", 16, 1),
    ]


def test_the_last_check_counts() -> None:
    assert points('grader.check("q3_2")', "x = 1", "grader.check('q3_2')").cell == 2


def test_the_point_is_the_end_of_the_statement_within_the_cell() -> None:
    source = 'def f():\n    return 1\n\ngrader.check(\n    "q3_2",\n)\nf = None\n'
    assert points(source) == CheckPoint("q3_2", 0, 6)
    first, rest = split_cell(source, 6)
    assert first.endswith(")\n")
    assert rest.splitlines()[6:] == ["f = None"]


def test_a_statement_that_starts_on_the_same_line_is_not_cut() -> None:
    source = 'grader.check("q3_2"); x = [\n    1,\n]\ny = 2'
    point = points(source)
    assert point.end_line == 3
    compile(split_cell(source, 3)[0], "first", "exec")


def test_magics_become_calls_before_lines_are_counted() -> None:
    source = '%matplotlib inline\n!ls\nx = !pwd\nf?\ngrader.check("q3_2")\ny = 1'
    assert points(source).end_line == 5
    first, rest = split_cell(source, 5)
    assert "run_line_magic('matplotlib', 'inline')" in first
    compile(first + rest, "cell", "exec")


@pytest.mark.parametrize(
    "source",
    [
        'if True:\n    grader.check("q3_2")',
        'def f():\n    grader.check("q3_2")',
        'for i in range(3): grader.check("q3_2")',
        '%%time\ngrader.check("q3_2")',
        'print("grader.check(\\"q3_2\\")")',
        '# grader.check("q3_2")',
        "grader.check(name)",
        'other.check("q3_2")',
        'grader.check("q3_2"',
        'print "python 2"\ngrader.check("q3_2")',
    ],
)
def test_what_is_no_top_level_check_is_passed_over(source: str) -> None:
    assert points(source) == CheckPoint("q3_2", None)
    assert points("f = 1", source, tags=("q3_2",)) == CheckPoint("q3_2", 1)


@pytest.mark.parametrize(
    "source",
    ['result = grader.check("q3_2")', 'grader.check(question="q3_2")', 'grader.check("q3_2");'],
)
def test_other_spellings_of_a_check_count(source: str) -> None:
    assert points(source) == CheckPoint("q3_2", 0, 1)


def test_any_name_bound_to_otter_counts() -> None:
    assert points('g = otter.Notebook("x")', 'g.check("q3_2")').cell == 1
    assert points("from otter import Notebook\ng = Notebook()", 'g.check("q3_2")').cell == 1


def test_without_a_check_the_last_tagged_code_cell_counts() -> None:
    cells: list[Source] = [
        ("code", "def f(): ...", ("q3_2",)),
        ("code", "f()", ("q3_2",)),
        ("markdown", "text", ("q3_2",)),
        ("code", "x", ()),
    ]
    assert check_points(submission_of(cells), ["q3_2"]) == [CheckPoint("q3_2", 1)]


def test_carriage_returns_count_as_line_ends() -> None:
    assert points('x = 1\r\ngrader.check("q3_2")\r\ny = 2').end_line == 2
    assert split_cell("x = 1\r\ny = 2", 1) == ("x = 1\n", "\ny = 2\n")


def test_a_cell_that_ends_with_its_check_has_no_rest() -> None:
    assert split_cell('x = 1\ngrader.check("q3_2")\n\n', 2)[1] == ""


@pytest.mark.parametrize(
    "source",
    [
        "(" * 200_000,
        "-" * 200_000 + "1",
        "a" + "+a" * 100_000,
        "a" + "[0]" * 60_000,
        "!ls\n" * 3_000,
        "x?\n" * 3_000,
        "".join(" " * depth + "if 1:\n" for depth in range(600)),
        "\0",
        "\ud800",
        "\u2028" * 100_000,
        "lambda:" * 40_000 + "1",
        "9" * 200_000,
        "x = 1\n" * 1_000_000,
    ],
)
def test_hostile_cells_neither_crash_nor_hang_the_search(source: str) -> None:
    started = time.monotonic()
    assert points(source + '\ngrader.check("q3_2")') is not None
    split_cell(source, 3)
    assert time.monotonic() - started < 15


@pytest.mark.slow
def test_many_slow_cells_are_given_up_in_time() -> None:
    slow = "!ls\n" * 200 + 'grader.check("q3_2")\n'
    started = time.monotonic()
    assert points(*[slow] * 4_000).cell is not None
    assert time.monotonic() - started < 40


def test_many_checks_on_one_line_are_found_in_a_moment() -> None:
    """Each of them looked at all that follows it."""
    source = 'grader.check("q3_2");' * 3_500 + "x;" * 38_000
    started = time.process_time()
    [point] = check_points(submission_of([("code", source, ())]), ["q3_2"])
    assert point == CheckPoint("q3_2", 0, 1)
    assert time.process_time() - started < 5
