"""Public checks of q3_1, Vocabulary and encoding."""

from otter.test_files import test_case

from course_checks.public import run
from course_checks.tensors import given, show

OK_FORMAT = False

name = "q3_1"
points = None


SPECIAL = ["<pad>", "<start>", "<unknown>", "<unused>"]


def expect_list(got, expected, name, inputs=""):
    """Demand a list that is equal to the expected one, entry by entry."""
    call = f"\nCalled with\n{inputs}" if inputs else ""
    assert isinstance(got, list), f"{name} should be a list.{call}"
    assert got == expected, (
        f"{name} should be something else.{call}\n  expected: {show(expected)}\n  got:      {got}"
    )
    kinds = {type(entry) for entry in got}
    assert kinds <= {type(expected[0])}, f"{name} should hold {type(expected[0]).__name__}s.{call}"


def test_small_vocabulary(student):
    """Two short texts: special entries first, then words by frequency, then by name"""
    texts = ["a good film", "a bad film a"]
    expected = [*SPECIAL, "a", "film", "bad"]
    inputs = given(texts=texts, size=7) + "\n  (bad and good both occur once: bad comes first)"
    expect_list(student.build_vocabulary(texts, 7), expected, "the vocabulary", inputs)


@test_case(name='Two short texts: special entries first, then words by frequency, then by name', points=0.25, failure_message='Count all words first; then sort by two things at once: the count, and the word.')
def small_vocabulary_(env):
    run(test_small_vocabulary, env)


def test_small_encoding(student):
    """A text of four words, one of them unknown"""
    ids = {"<pad>": 0, "<start>": 1, "<unknown>": 2, "<unused>": 3, "a": 4, "film": 5, "bad": 6}
    for text, max_len, expected in (
        ("a bad long film", 10, [1, 4, 6, 2, 5]),
        ("a bad long film", 3, [1, 4, 6]),
        ("", 5, [1]),
    ):
        inputs = given(text=text, ids=ids, max_len=max_len)
        expect_list(student.encode(text, ids, max_len), expected, "the ids", inputs)


@test_case(name='A text of four words, one of them unknown', points=0.25, failure_message='The start of a review is an id like the others: it comes first, and it counts.')
def small_encoding_(env):
    run(test_small_encoding, env)
