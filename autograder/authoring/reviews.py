"""Review data for students and for the judge, in the course's encoding.

An id is 0 for padding, 1 for the start of a review, 2 for a word outside the vocabulary, and rank
+ 3 for the word of that frequency rank, counted from 1 over the training part, as Keras does; so
3 is never used. Files hold `tokens` (int32, all reviews one after the other), `offsets` (int64,
one more than reviews) and `labels` (int8).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograder.assignment.models import ReviewData
from autograder.authoring.review_sources import Review, Source, find_source, in_classes, read_csv
from autograder.errors import DataError

SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")
"""What stands in words.txt for the ids below 4. No word has a `<` in it."""
START = 1
UNKNOWN = 2
SHIFT = 3


@dataclass(frozen=True)
class ReviewSummary:
    """What was made, for the build's report."""

    source: str
    train: int
    valid: int
    test: int
    vocabulary: int
    """Ids in all, special ones included; fewer than asked for where the training part is small."""
    duplicates: int
    """Reviews that were left out because another says the same."""
    unknown_share: float
    """Share of the words of the hidden part that are outside the vocabulary."""
    median_words: int
    """Of a training review."""


def make_review_data(
    data: ReviewData, folder: Path, public: Path, hidden: Path, source: Source | None = None
) -> ReviewSummary:
    """Write `train.npz`, `valid.npz` and `words.txt` to ``public``, `reviews.npz` to ``hidden``.

    With ``data.texts`` also `train.txt` to ``public``: line i holds the words of training review i,
    separated by single spaces.

    Draws depend on ``data.seed`` and the reviews alone, not on their order in the source, and the
    same draws give the same bytes. Each part has as many good as bad reviews, and no two parts
    share a review, white space, case and punctuation aside. A `test_file` is looked for from
    ``folder``, the master's. Raises DataError where reviews are missing, damaged or too few.
    """
    source = source or find_source()
    reviews = source.read()
    private = read_csv(folder / data.test_file) if data.test_file else []
    own = distinct(private)
    taken = {_key(review.text) for review in private}
    pool = [review for review in distinct(reviews) if _key(review.text) not in taken]
    if data.test_file:
        (test,) = draw(own, [data.test], data.seed, data.test_file)
        train, valid = draw(pool, [data.train, data.valid], data.seed, source.name)
    else:
        sizes = [data.test, data.train, data.valid]
        test, train, valid = draw(pool, sizes, data.seed, source.name)
    words = vocabulary(train, data.vocabulary)
    ids = {word: id for id, word in enumerate(words) if id > SHIFT}
    public.mkdir(parents=True, exist_ok=True)
    hidden.mkdir(parents=True, exist_ok=True)
    (public / "words.txt").write_bytes(("\n".join(words) + "\n").encode("utf-8"))
    (public / "train.npz").write_bytes(encoded(train, ids))
    (public / "valid.npz").write_bytes(encoded(valid, ids))
    if data.texts:
        lines = "".join(f"{review.text}\n" for review in train)
        (public / "train.txt").write_bytes(lines.encode("utf-8"))
    (hidden / "reviews.npz").write_bytes(encoded(test, ids))
    spoken = [word for review in test for word in review.text.split()]
    return ReviewSummary(
        source=source.name,
        train=len(train),
        valid=len(valid),
        test=len(test),
        vocabulary=len(words),
        duplicates=len(reviews) + len(private) - len(pool) - len(own),
        unknown_share=sum(word not in ids for word in spoken) / max(1, len(spoken)),
        median_words=int(np.median([len(review.text.split()) for review in train])),
    )


def distinct(reviews: Sequence[Review]) -> list[Review]:
    """The reviews that have words, each text once; texts that stand with both labels are dropped.

    Of reviews that differ in punctuation alone the first in the order of their texts stays.
    """
    labels: dict[str, set[int]] = {}
    first: dict[str, Review] = {}
    for review in sorted(reviews, key=lambda review: review.text):
        key = _key(review.text)
        if key:
            labels.setdefault(key, set()).add(review.label)
            first.setdefault(key, review)
    return [review for key, review in first.items() if len(labels[key]) == 1]


def draw(
    reviews: Sequence[Review], sizes: Sequence[int], seed: int, where: str
) -> list[list[Review]]:
    """Disjoint parts of these sizes, each half good and half bad, in a mixed order.

    Reviews are drawn by a hash of seed and text: any library, platform and source order gives
    the same draw. Raises DataError where a class has too few.
    """
    parts: list[list[Review]] = [[] for _ in sizes]
    for label, group in in_classes(reviews):
        group.sort(key=lambda review: _lot(review, f"{seed} draw"))
        # Of an odd number the larger half is bad.
        counts = [(size + 1 - label) // 2 for size in sizes]
        if sum(counts) > len(group):
            raise DataError(
                f"{sum(counts):,} {('bad', 'good')[label]} reviews are needed, and there are "
                f"{len(group):,}, duplicates aside",
                where=where,
                remedy="Lower train, valid or test under `data` in assignment.yml.",
            )
        start = 0
        for part, count in zip(parts, counts, strict=True):
            part += group[start : start + count]
            start += count
    # By another hash than that of the draw, in which a part's first reviews are of one class.
    return [sorted(part, key=lambda review: _lot(review, f"{seed} order")) for part in parts]


def vocabulary(reviews: Sequence[Review], size: int) -> list[str]:
    """The word of each id below ``size``: special ones, then words by falling frequency.

    Words of one frequency stand in alphabetical order.
    """
    counts = Counter(word for review in reviews for word in review.text.split())
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return [*SPECIAL, *ranked][:size]


def encoded(reviews: Sequence[Review], ids: Mapping[str, int]) -> bytes:
    """Reviews as the bytes of an .npz file, equal for equal reviews on every machine."""
    sequences = [
        [START, *(ids.get(word, UNKNOWN) for word in review.text.split())] for review in reviews
    ]
    offsets = np.cumsum([0, *map(len, sequences)])
    arrays = {
        "tokens": np.array([id for sequence in sequences for id in sequence], "<i4"),
        "offsets": offsets.astype("<i8"),
        "labels": np.array([review.label for review in reviews], "|i1"),
    }
    buffer = io.BytesIO()
    # np.savez writes the time of day; and zlib's output differs between its versions.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            content = io.BytesIO()
            np.lib.format.write_array(content, array, (1, 0), allow_pickle=False)
            archive.writestr(entry, content.getvalue())
    return buffer.getvalue()


def _key(text: str) -> str:
    """What two copies of a review share even where apostrophes were lost."""
    return text.replace("'", "").replace("’", "")


def _lot(review: Review, seed: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{_key(review.text)}".encode()).digest()
