from __future__ import annotations

from autograder.submission import answers_by_question, restore_tags

from .conftest import IDS, PLACEHOLDER, TEMPLATE, Source, cells_of, submission_of

GIVEN = cells_of(TEMPLATE)


def filled(essay: str = "Because it forgets.", reason: str = "Soft: it is smooth.") -> list[Source]:
    cells = list(TEMPLATE)
    cells[4] = ("markdown", essay, ("q1_1",))
    cells[6] = ("code", 'q1_4 = "soft"', ("q1_4",))
    cells[8] = ("markdown", reason, ("q1_4",))
    cells[11] = ("code", "def attention(q, k, v):\n    return q @ k @ v", ("q3_2",))
    return cells


def without_tags(cells: list[Source]) -> list[Source]:
    return [(kind, source, ()) for kind, source, _ in cells]


def answers(cells: list[Source]) -> dict[str, str]:
    return answers_by_question(submission_of(cells), IDS, GIVEN)


def test_answers_are_the_markdown_of_the_tagged_cells() -> None:
    expected = {
        "q1_1": "Because it forgets.",
        "q1_4": "Soft: it is smooth.",
        "q3_2": "",
        "q3_6": "",
    }
    assert answers(filled()) == expected


def test_a_template_is_blank() -> None:
    assert set(answers(TEMPLATE).values()) == {""}


def test_placeholder_white_space_and_otters_comments_are_blank() -> None:
    for text in (" \n\t", f"  {PLACEHOLDER}\n\n", "*Type your answer here, replacing this text.*"):
        assert answers(filled(essay=text))["q1_1"] == ""
    assert answers(filled(essay="<!-- END QUESTION -->"))["q1_1"] == ""


def test_the_placeholder_is_cut_from_an_answer_written_around_it() -> None:
    assert answers(filled(essay=f"{PLACEHOLDER} It forgets."))["q1_1"] == "It forgets."


def test_the_templates_own_words_are_blank() -> None:
    template = [*TEMPLATE[:4], ("markdown", f"**Reason:** {PLACEHOLDER}", ("q1_1",))]
    given = cells_of(template)
    blank = [*TEMPLATE[:4], ("markdown", "**Reason:**  ", ("q1_1",))]
    assert answers_by_question(submission_of(blank), ["q1_1"], given) == {"q1_1": ""}


def test_lost_tags_are_restored_by_place() -> None:
    assert answers(without_tags(filled())) == answers(filled())
    restored = restore_tags(cells_of(without_tags(filled())), GIVEN)
    assert [c.tags for c in restored] == [c.tags for c in GIVEN]


def test_an_answer_retyped_in_a_new_cell_is_found() -> None:
    cells = filled()
    cells[4] = ("markdown", "Because it forgets.", ())
    assert answers(cells)["q1_1"] == "Because it forgets."


def test_a_cell_added_below_counts_to_the_answer() -> None:
    cells = filled()
    cells.insert(5, ("markdown", "And so on.", ()))
    assert answers(cells)["q1_1"] == "Because it forgets.\n\nAnd so on."


def test_several_cells_without_tags_make_one_answer() -> None:
    cells = without_tags(filled())
    cells[4:5] = [("markdown", "First.", ()), ("code", "1 + 1", ()), ("markdown", "Second.", ())]
    assert answers(cells)["q1_1"] == "First.\n\nSecond."


def test_copied_cells_say_it_once_and_reordered_ones_say_it_still() -> None:
    cells = filled()
    cells.insert(5, cells[4])
    assert answers(cells)["q1_1"] == "Because it forgets."
    assert answers(list(reversed(filled()))) == answers(filled())


def test_a_prompt_is_never_taken_for_an_answer() -> None:
    cells = [cell for cell in without_tags(filled()) if cell[1] != "Because it forgets."]
    assert answers(cells)["q1_1"] == ""


def test_missing_cells_are_blank_answers() -> None:
    assert set(answers([("markdown", "hello", ())]).values()) == {""}


def test_control_characters_do_not_reach_the_marker() -> None:
    assert answers(filled(essay="a\x1b[31mb\r\nc\x00"))["q1_1"] == "a[31mb\nc"


def test_cells_that_the_template_repeats_mislead_nobody() -> None:
    end: Source = ("markdown", "<!-- END QUESTION -->", ())
    template: list[Source] = []
    answered: list[Source] = []
    for id in ("q1_1", "q1_2", "q1_3"):
        template += [("markdown", PLACEHOLDER, (id,)), end, ("markdown", f"After {id}.", ()), end]
        answered += [("markdown", f"My {id}.", ()), end, ("markdown", f"After {id}.", ()), end]
    found = answers_by_question(submission_of(answered), ["q1_2", "q1_3"], cells_of(template))
    assert found == {"q1_2": "My q1_2.", "q1_3": "My q1_3."}
