"""Our results as otter prints and writes them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from otter.run import AutograderConfig
from otter.test_files import GradingResults

from autograder.bundle.otter_results import fill_in, report_of
from autograder.results import Ending, Flag, QuestionResult, SubmissionResult, Verdict

VERDICTS = (
    Verdict("test_a", "A public thing", 1, 1, True, False),
    Verdict("test_b", "Another", 0, 0.5, False, False, "expected 2, got 3", "Look at it."),
    Verdict("test_c", "In steps", 1.25, 2.5, False, True, "Half of it.", "Try harder."),
)
CODE = QuestionResult("q2_1", "code", Ending.GRADED, 2.25, 4, 0, VERDICTS)
ESSAY = QuestionResult("q1_1", "essay", Ending.GRADED, 0, 0, 6)
RESULT = SubmissionResult(
    "a.ipynb", "4711", "Ada", Ending.GRADED, "bubblewrap", (ESSAY, CODE), (Flag("q2_1", "odd"),)
)


def filled(result: SubmissionResult) -> GradingResults:
    results = GradingResults([])
    fill_in(results, result)
    return results


def test_scores_are_exactly_ours_and_essays_are_left_out() -> None:
    results = filled(RESULT)
    assert results.test_files == ["q2_1"]
    assert (results.get_score("q2_1"), results.possible) == (2.25, 4)


def test_students_see_public_reasons_and_instructors_hidden_ones() -> None:
    tests = filled(RESULT).to_gradescope_dict(AutograderConfig())["tests"]
    public, question = tests
    assert (public["name"], public["visibility"]) == ("Public Tests", "visible")
    assert "expected 2, got 3" in public["output"]
    assert "Hint: Look at it." in public["output"]
    assert "In steps" not in public["output"]
    assert (question["visibility"], question["score"], question["max_score"]) == ("hidden", 2.25, 4)
    assert "Half of it.\n        1.25 of 2.5 points" in question["output"]


def test_a_quiz_item_tells_students_nothing_before_the_deadline() -> None:
    row = Verdict("kinds.a", "Which kind?", 0, 1, False, False, "You chose hard. It is soft.")
    quiz = QuestionResult("q1_2", "matching", Ending.GRADED, 0, 1, 0, (row,))
    results = filled(replace(RESULT, questions=(quiz,)))
    public, question = results.to_gradescope_dict(AutograderConfig())["tests"]
    assert "It is soft" not in public["output"]
    assert "Which kind" not in public["output"]
    assert question["visibility"] == "hidden"
    assert "It is soft" in question["output"]


@pytest.mark.parametrize("ending", [Ending.TIMED_OUT, Ending.CRASHED, Ending.OUT_OF_MEMORY])
def test_a_question_that_ended_early_keeps_its_points_possible(ending: Ending) -> None:
    early = replace(CODE, status=ending, checks=VERDICTS[:1], auto_score=1.0, note="In cell 4.")
    results = filled(replace(RESULT, questions=(early,)))
    assert (results.total, results.possible) == (1, 4)
    assert "In cell 4." in results.summary(public_only=True)


def test_an_unreadable_hand_in_says_why_everywhere() -> None:
    blank = replace(CODE, status=Ending.UNREADABLE, checks=(), auto_score=0.0)
    result = replace(
        RESULT, status=Ending.UNREADABLE, questions=(blank,), note="This is not a notebook."
    )
    output = filled(result).to_gradescope_dict(AutograderConfig())
    assert output["output"] == "This is not a notebook."
    assert "This is not a notebook." in output["tests"][0]["output"]
    assert output["tests"][1]["score"] == 0


def test_the_report_names_wall_and_flags() -> None:
    report = report_of(RESULT)
    assert "a.ipynb (Ada, 4711): graded, 2.25 of 4 automatic points" in report
    assert "wall: bubblewrap" in report
    assert "look at q2_1: odd" in report


def test_what_students_wrote_steers_no_terminal_and_turns_no_line_around() -> None:
    hostile = "x\x1b[2J\x9b31m\u202e100\x00\ud800"
    shown = replace(VERDICTS[1], message=hostile)
    question = replace(CODE, checks=(shown, *VERDICTS[::2]), note=hostile)
    result = replace(
        RESULT, submission=f"{hostile}\ny.ipynb", name=hostile, note=hostile, questions=(question,)
    )
    output = filled(result).to_gradescope_dict(AutograderConfig())
    texts = [output["output"], *(it["output"] for it in output["tests"]), report_of(result)]
    assert sum("[2J" in text for text in texts) == len(texts)
    for text in texts:
        assert not set(text) & {"\x1b", "\x9b", "\u202e", "\x00", "\ud800"}
    assert report_of(result).splitlines()[0].endswith("2.25 of 4 automatic points")
