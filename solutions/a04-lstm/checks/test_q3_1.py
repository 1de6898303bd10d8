"""Checks of 3.1, Vocabulary and encoding."""

from collections import Counter

import pytest

from autograder.checks.probes import call_and_arguments
from autograder.checks.tensors import expect_unchanged, given, show

pytestmark = pytest.mark.question("q3_1")

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


@pytest.mark.points(0.25)
@pytest.mark.hint(
    "Count all words first; then sort by two things at once: the count, and the word."
)
def test_small_vocabulary(student):
    """Two short texts: special entries first, then words by frequency, then by name"""
    texts = ["a good film", "a bad film a"]
    expected = [*SPECIAL, "a", "film", "bad"]
    inputs = given(texts=texts, size=7) + "\n  (bad and good both occur once: bad comes first)"
    expect_list(student.build_vocabulary(texts, 7), expected, "the vocabulary", inputs)


@pytest.mark.points(0.25)
@pytest.mark.hint("The start of a review is an id like the others: it comes first, and it counts.")
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


LETTERS = "abcdefghij"


def draw_texts(rng, count, longest=12, words=40):
    """Texts of random words, of which some are frequent and many share a frequency."""
    vocabulary = sorted(
        {"".join(rng.choice(list(LETTERS), size=rng.integers(1, 5))) for _ in range(words)}
    )
    # The order of first appearance must not be the alphabet's.
    rng.shuffle(vocabulary)
    shares = 1 / (1 + rng.permutation(len(vocabulary)))
    return [
        " ".join(rng.choice(vocabulary, size=rng.integers(1, longest), p=shares / shares.sum()))
        for _ in range(count)
    ]


def expected_vocabulary(texts, size):
    """The vocabulary of the course."""
    counts = Counter(word for text in texts for word in text.split())
    return (SPECIAL + sorted(sorted(counts), key=lambda word: -counts[word]))[:size]


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Count every word of every text, and sort by falling frequency.")
def test_frequencies(student, rng):
    """The most frequent words come first"""
    texts = []
    # Each word has a frequency of its own, so no tie decides.
    names = sorted({"".join(rng.choice(list(LETTERS), size=4)) for _ in range(12)})
    rng.shuffle(names)
    for number, word in enumerate(names, start=1):
        texts += [word] * number
    rng.shuffle(texts)
    texts = [" ".join(texts[start : start + 5]) for start in range(0, len(texts), 5)]
    for size in 4 + len(names), 9:
        expect_list(
            student.build_vocabulary(texts, size),
            expected_vocabulary(texts, size),
            "the vocabulary",
        )


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Counter.most_common keeps words of one frequency in the order of the texts.")
def test_ties(student, rng):
    """Words that are equally frequent stand in the order of strings"""
    for _ in range(3):
        texts = draw_texts(rng, 20)
        expected = expected_vocabulary(texts, 1000)
        expect_list(student.build_vocabulary(texts, 1000), expected, "the vocabulary")
        # The cut goes through a tie, as it nearly always does.
        size = len(expected) - 2
        expect_list(student.build_vocabulary(texts, size), expected[:size], "the vocabulary")
    # As strings compare: signs, digits, capitals, small letters.
    texts = ["b a B Good bad A 7 10 !"]
    expected = [*SPECIAL, "!", "10", "7", "A", "B", "Good", "a", "b", "bad"]
    expect_list(student.build_vocabulary(texts, 20), expected, "the vocabulary")


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("size counts the special entries, too; and what if there are too few words?")
def test_sizes(student, rng):
    """The vocabulary has `size` entries, or as many as there are"""
    texts = draw_texts(rng, 6)
    for size in 4, 5, 8, 5000:
        expect_list(
            student.build_vocabulary(texts, size),
            expected_vocabulary(texts, size),
            "the vocabulary",
        )


def expected_ids(text, ids, max_len):
    """The encoding of the course."""
    return [1, *(ids.get(word, 2) for word in text.split())][:max_len]


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Start with 1, and look every word up; one that is missing becomes 2.")
def test_encoding(student, rng):
    """Random texts, with words outside the vocabulary"""
    texts = draw_texts(rng, 12)
    words = expected_vocabulary(texts, 16)
    ids = {word: number for number, word in enumerate(words)}
    for text in texts:
        # White space of any kind and length separates words.
        for written in text, f"  {text.replace(' ', '   ')} ":
            got = student.encode(written, ids, 100)
            expect_list(got, expected_ids(text, ids, 100), "the ids")


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("Take text.split(), without an argument, and leave the words as they are.")
def test_words(student, rng):
    """A word is whatever stands between white space, in both functions"""
    words = ["don't", "don", "it's", "10/10", "10/10.", "Good", "good", "well-made", "10", "1999"]
    rng.shuffle(words)
    # Each word has a frequency of its own; an empty text and double spaces hold no further word.
    many = [word for number, word in enumerate(words, start=1) for _ in range(number)]
    signs = [" ", "  ", "\t", "\n", " \n ", "\r\n", "\r", "\f", "\v"]
    texts = [
        "".join(word + signs[int(rng.integers(len(signs)))] for word in many[start : start + 5])
        for start in range(0, len(many), 5)
    ]
    texts += ["", " "]
    got = student.build_vocabulary(texts, 50)
    expect_list(got, [*SPECIAL, *words[::-1]], "the vocabulary")
    # A word with another sign at its end is another word.
    known = "film", "don't", "10/10", "b", "-"
    ids = {word: number for number, word in enumerate([*SPECIAL, *known])}
    text = "10/10. film\tdon't\n10/10 don B  b film.\r\nb\rfilm\fb\vfilm - ..."
    right = [1, 2, 4, 5, 6, 2, 2, 7, 2, 7, 4, 7, 4, 8, 2]
    expect_list(student.encode(text, ids, 20), right, "the ids")


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("Keep the first max_len ids, and count the start among them.")
def test_cut(student, rng):
    """Long texts are cut to their first max_len ids, and empty ones have a start"""
    (text,) = draw_texts(rng, 1, longest=2)
    text = " ".join([text, *draw_texts(rng, 8)])
    ids = {word: number for number, word in enumerate([*SPECIAL, *sorted(set(text.split()))])}
    count = len(text.split())
    for max_len in 1, 2, 5, count, count + 1, count + 2:
        got = student.encode(text, ids, max_len)
        expect_list(got, expected_ids(text, ids, max_len), "the ids")
    for max_len in 1, 4:
        expect_list(student.encode("", ids, max_len), [1], "the ids of an empty text")
        expect_list(student.encode(" ", ids, max_len), [1], "the ids of a blank text")


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("Lists and dictionaries that are passed in belong to the caller.")
def test_inputs_stay(student, rng):
    """Texts and ids stay as they are"""
    texts = draw_texts(rng, 5)
    got, arguments = student.probe(call_and_arguments, student.build_vocabulary, texts, 9)
    expect_list(got, expected_vocabulary(texts, 9), "the vocabulary")
    expect_unchanged(texts, arguments[0], "texts")
    ids = {word: number for number, word in enumerate(got)}
    text = f"{texts[0]} zzz"
    got, arguments = student.probe(call_and_arguments, student.encode, text, ids, 20)
    expect_list(got, expected_ids(text, ids, 20), "the ids")
    expect_unchanged(ids, arguments[1], "ids")
