"""What a student's page says, and what it never does."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autograder.report.feedback import feedback_html
from autograder.report.markdown import essay_html
from autograder.results import SubmissionResult
from autograder.store import NewMark
from tests.report.classroom import ADA, BEN, BROKEN, OURS, check, question, store_of
from tests.report.page import Page, harmless


def page_of(tmp_path: Path, result: SubmissionResult, *marks: NewMark) -> Page:
    with store_of(tmp_path, result) as store:
        store.add_marks(marks)
        html = feedback_html(store.assignment(), store.submission(result.submission))
    return Page(html)


def test_a_page_says_who_what_and_how_many_points(tmp_path: Path):
    page = page_of(tmp_path, ADA)
    for words in (
        "Ada Lovelace",
        "10012345",
        "Assignment 7: Attention",
        "16 of 31 points so far",
        "9 points wait for a person",
        "You gave this to hard attention.",
        "The scores are divided by the square root of d_k",
    ):
        assert words in page.text


def test_a_failed_public_check_shows_its_counterexample_as_written(tmp_path: Path):
    page = page_of(tmp_path, ADA)
    assert (
        "  expected  [[1.0, 0.0], [0.0, 0.0]]\n  got       [[1.0, 0.0], [nan, nan]]" in page.words
    )


def test_a_hidden_check_shows_its_hint_where_it_failed_alone(tmp_path: Path):
    heard = replace(ADA.questions[4].checks[3], hint="never shown: it passed", title="A hidden one")
    result = replace(ADA, questions=(question("q3_2", (heard, ADA.questions[4].checks[4])),))
    page = page_of(tmp_path, result)

    assert "A hidden one hidden" in page.text
    assert "never shown" not in page.text
    assert "What could you fill in before?" in page.text


def test_a_hint_is_markdown(tmp_path: Path):
    failed = replace(ADA.questions[4].checks[4], hint="True means *may attend*: see `mask`.")
    page = page_of(tmp_path, replace(ADA, questions=(question("q3_2", (failed,)),)))
    assert "Hint. True means may attend: see mask." in page.text
    assert {"em", "code"} <= {tag for tag, _ in page.tags}


def test_what_was_said_just_before_is_not_said_again(tmp_path: Path):
    same = [
        check(name, name, 0, message="Your code raised a NotImplementedError.")
        for name in ("one", "two", "three")
    ]
    page = page_of(tmp_path, replace(ADA, questions=(question("q3_2", tuple(same)),)))
    assert page.text.count("raised a NotImplementedError") == 1
    assert page.text.count("The same as above.") == 2


def test_what_is_for_instructors_is_not_shown(tmp_path: Path):
    marks = [
        NewMark("ada.ipynb", "q1_1", item, 1, "", "Tina Tutor") for item in ("bottleneck", "access")
    ]
    page = page_of(tmp_path, ADA, *marks)
    for words in (
        "perturbed",  # a flag
        "bubblewrap",  # the wall
        "forgetting",  # what a marker looks for
        "squeezes",  # the reference answer
        "Tina",  # who marked
    ):
        assert words not in page.text


def test_marks_are_shown_when_the_answer_is_decided(tmp_path: Path):
    half = NewMark("ada.ipynb", "q1_1", "bottleneck", 1, "Well said.", "Tina")
    other = NewMark("ada.ipynb", "q1_1", "access", 0.5, "And the weights?", "Tina")

    waiting = page_of(tmp_path, ADA, half)
    assert "Well said." not in waiting.text
    assert "2 points for this answer wait for a marker" in waiting.text
    marked = page_of(tmp_path, ADA, other)
    assert "Well said." in marked.text
    assert "And the weights?" in marked.text
    assert "0.5 / 1" in marked.text
    assert "17.5 of 31 points so far" in marked.text


def test_a_marked_page_says_that_all_points_are_in(tmp_path: Path):
    marks = [NewMark("ada.ipynb", id, "*", 1, "Good.") for id in ("q1_1", "q1_4", "q2_1")]
    page = page_of(tmp_path, ADA, *marks)
    assert "19 of 31 points All points are in." in page.text
    assert "The whole answer" in page.text


def test_endings_are_told_in_friendly_words(tmp_path: Path):
    page = page_of(tmp_path, BEN)
    assert "ran longer than it may" in page.text
    assert "cell 12 ran for more than 60 seconds" in page.text
    assert "Python itself ended while your code for this question ran" in page.text
    assert "Something went wrong on our side while this question was graded" in page.text
    assert "KeyError in our own code" not in page.text
    assert "Handed in 1.5 days late." in page.text
    assert "You left this answer blank." in page.text


def test_an_unreadable_hand_in_gets_a_page_that_says_what_to_do(tmp_path: Path):
    page = page_of(tmp_path, BROKEN)
    assert "this is not a notebook: it begins with %PDF" in page.text
    assert "What you can do" in page.text
    assert "points" not in page.text


def test_our_own_fault_is_ours(tmp_path: Path):
    page = page_of(tmp_path, OURS)
    assert "That is not your fault and costs you nothing" in page.text
    assert "sandbox" not in page.text


def test_an_essay_is_shown_as_written(tmp_path: Path):
    page = page_of(tmp_path, ADA)
    tags = [tag for tag, _ in page.tags]
    assert {"table", "ol", "strong", "code"} <= set(tags)
    assert "\\mathrm{softmax}(QK^T / \\sqrt{32} + M)" in page.text


def test_headings_go_down_one_step_at_a_time(tmp_path: Path):
    essay = replace(ADA.questions[0], answer="# Mine\n\n## Too\n\ntext")
    page = page_of(tmp_path, replace(ADA, questions=(essay, *ADA.questions[1:])))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_a_page_loads_nothing_from_elsewhere(tmp_path: Path):
    page = page_of(tmp_path, ADA)
    assert not [tag for tag, attributes in page.tags if "src" in attributes or tag == "link"]
    [policy] = [
        attributes["content"]
        for _, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


ATTACKS = [
    "<script>alert(1)</script>",
    "</pre></style><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "[click](data:text/html,<script>alert(1)</script>)",
    "![x](http://tracker/pixel.png)",
    '<a href="http://x" onclick="alert(1)">x</a>',
    "{{ 7 * 7 }}{% raw %}",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "$<img src=x onerror=alert(1)>$",
    "```html\n<script>alert(1)</script>\n```",
    '"><iframe src=http://x>',
    "[x]: javascript:alert(1)\n\n[x]",
    "<math><mtext><table><mglyph><style><!--</style>"
    "<img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    '<http://x/"onmouseover=alert(1)>',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#x202e;&#27;[2J<http://x/%E2%80%AE>",
]
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
FRAGMENTS = st.lists(
    st.sampled_from(
        [
            *"<>\"'`&=/()[]!$\\*_~#|-:\n ",
            "script",
            "img",
            "onerror=",
            "href",
            "javascript:",
            "data:",
            "http://x",
            "a",
            "svg",
            "style",
            "]]>",
            "<!--",
            "-->",
        ]
    ),
    max_size=60,
).map("".join)


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_in_any_field_is_only_text(tmp_path: Path, attack: str):
    everywhere = replace(
        ADA,
        submission=f"{attack}.ipynb",
        name=attack,
        student_id=attack,
        note=attack,
        questions=(
            question("q2_1", answer=attack, note=attack),
            question(
                "q3_2",
                tuple(
                    replace(verdict, title=attack, message=attack, hint=attack, name=attack)
                    for verdict in ADA.questions[4].checks
                ),
            ),
        ),
    )
    mark = NewMark(everywhere.submission, "q2_1", "*", 3, attack, attack)
    page = page_of(tmp_path, everywhere, mark)
    harmless(page)
    assert "49" not in page.text


@given(FRAGMENTS | st.text(max_size=300))
@example(ATTACKS[13])
@example(ATTACKS[-1])
def test_an_essay_can_do_nothing_but_be_read(answer: str):
    html = str(essay_html(answer))
    harmless(Page(f"<main>{html}</main>"))
    assert not UNSEEN.search(html)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20
)
@given(FRAGMENTS, FRAGMENTS)
def test_a_page_of_any_text_is_well_formed(tmp_path: Path, line: str, text: str):
    checks = tuple(
        replace(verdict, title=line, message=text, hint=text) for verdict in ADA.questions[4].checks
    )
    result = replace(
        ADA,
        name=line,
        student_id=line,
        note=text,
        questions=(question("q2_1", answer=text, note=text), question("q3_2", checks)),
    )
    harmless(page_of(tmp_path, result))


def test_endless_text_is_cut(tmp_path: Path):
    long = "word " * 60_000
    checks = tuple(
        replace(verdict, title=long, message=long, hint=long) for verdict in ADA.questions[4].checks
    )
    result = replace(
        ADA,
        name=long,
        student_id=long,
        note=long,
        questions=(question("q2_1", answer=long, note=long), question("q3_2", checks)),
    )
    with store_of(tmp_path, result) as store:
        html = feedback_html(store.assignment(), store.submission("ada.ipynb"))
    assert len(html) < 300_000
    assert "more characters" in html
