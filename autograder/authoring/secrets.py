"""What students must not find: the answer side of a master in a form that can be looked for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from autograder.assignment.loading import Master
from autograder.assignment.models import Matching, Numeric, QuizItem, SingleChoice
from autograder.authoring.master import Notebooks
from autograder.authoring.public_tests import read_check_files

LONG = 10
"""Words in a row that two texts share only if one is copied from the other."""
SHORT = 4
"""Words of the shortest sentence that is looked for as a whole."""
TELLING = 20
"""Characters, blanks aside, of the shortest line of code that is looked for."""
UNMISTAKABLE = 40
"""Characters of a line that nobody writes by chance. Of shorter ones two must stand in a file of
checks, since a check's author has idioms, too."""
LABELS = 48
"""Labels in a row that tell a hidden part: 2^-48 by chance."""

_TRIVIAL = re.compile(
    r"(?:import|from|def|class|@|async def)\b.*"  # the frame, not the answer
    r"|(?:return|yield|raise)?\s*[\w.\[\], ]*"
    r"|[\w.]+\(\)"
    r"|(?:super\(\)\.__init__|print)\(.*"
    r"|(?:for|if|while|with|elif) [\w.\[\], ]+(?:\(\))?:"
)


@dataclass
class Secrets:
    """All that is looked for, each with words for what it is."""

    words: dict[int, dict[tuple[str, ...], str]] = field(default_factory=dict)
    """Words in a row, by their number."""
    code: dict[str, str] = field(default_factory=dict)
    """Lines of code without any blanks."""
    patterns: list[tuple[re.Pattern[str], str]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    """Labels in a row, as digits."""
    reviews: set[bytes] = field(default_factory=set)
    """Hashes of hidden reviews."""
    files: dict[str, str] = field(default_factory=dict)
    """Hashes of hidden files."""

    def add_prose(self, text: str, what: str, public: set[tuple[str, ...]] | None = None) -> None:
        """Look for ten words in a row of a text, and for its shorter sentences as a whole.

        ``public`` are word sequences that students may read anyway; with them sentences are left
        out, since a rubric's short phrases echo the question.
        """
        for gram in grams(words_of(text), LONG):
            if public is None or gram not in public:
                self.words.setdefault(LONG, {}).setdefault(gram, what)
        if public is None:
            for sentence in re.split(r"[.!?;:]\s|\n", text):
                found = tuple(words_of(sentence))
                if SHORT <= len(found) < LONG and sum(map(len, found)) >= TELLING:
                    self.words.setdefault(len(found), {}).setdefault(found, what)

    def add_code(self, lines: Iterable[str], what: str, public: set[str]) -> None:
        """Look for lines of code that say something and that are not public."""
        for line in lines:
            bare = squeezed(line)
            if len(bare) >= TELLING and bare not in public and not is_trivial(line):
                self.code.setdefault(bare, what)

    def add_number(self, number: float, what: str) -> None:
        """Look for a number of four digits or more, with or without separators."""
        digits = f"{number:g}" if number != int(number) else str(int(number))
        if len(digits.replace(".", "").lstrip("-")) >= 4:
            spread = re.escape(digits[0]) + "".join(rf"[_,]?{re.escape(c)}" for c in digits[1:])
            self.patterns.append((re.compile(rf"(?<![\w.]){spread}(?![\w]|\.\d)"), what))


def collect_secrets(
    master: Master, notebooks: Notebooks, public_code: Iterable[str], hidden: Path
) -> Secrets:
    """The answer side of a master.

    Args:
        master: the instructor's files.
        notebooks: what was made of the master's notebook.
        public_code: the text of the tests and helper modules that students get.
        hidden: the folder of hidden data; it need not exist.
    """
    secrets = Secrets()
    public_lines = {
        squeezed(line)
        for cell in notebooks.template.cells
        if cell.cell_type == "code"
        for line in cell.source.split("\n")
    }
    for id, source in notebooks.solutions.items():
        what = f"a line of the solution of {id}"
        secrets.add_code(source.split("\n"), what, public_lines)
    for id, item in master.quiz.items.items():
        _add_item(secrets, id, item)
    _add_rubrics(secrets, master, notebooks)
    checked = {squeezed(line) for text in public_code for line in text.split("\n")}
    _add_hidden_checks(secrets, master, public_lines | checked)
    secrets.add_number(master.assignment.seed, "the seed of the hidden inputs")
    if master.assignment.data:
        secrets.add_number(master.assignment.data.seed, "the seed of the hidden data")
    _add_data(secrets, hidden)
    marker = re.compile(r"#\s?(?:BEGIN |END )?SOLUTION\b|#\s?(?:BEGIN|END) PROMPT\b")
    secrets.patterns.append((marker, "one of otter's markers"))
    return secrets


def words_of(text: str) -> list[str]:
    """The words of a text, in small letters, without marks."""
    return re.findall(r"[^\W_]+", text.lower())


def grams(words: list[str], length: int) -> Iterator[tuple[str, ...]]:
    """All sequences of ``length`` words in a row."""
    return (tuple(words[i : i + length]) for i in range(len(words) - length + 1))


def squeezed(line: str) -> str:
    """A line of code without blanks."""
    return re.sub(r"\s+", "", line)


def is_trivial(line: str) -> bool:
    """Whether a line of code says too little to be anyone's answer."""
    return _TRIVIAL.fullmatch(line.strip()) is not None


def _add_item(secrets: Secrets, id: str, item: QuizItem) -> None:
    answer = f"the answer of {id}"
    explanation = f"an explanation of {id}"
    if isinstance(item, Matching):
        for row in item.rows:
            for asked in (row.key, row.text):
                secrets.patterns.append((_given(asked, row.answer), answer))
            secrets.add_prose(row.explanation, explanation)
    elif isinstance(item, SingleChoice):
        secrets.patterns.append((_given(item.variable, item.answer), answer))
        secrets.add_prose(item.explanation, explanation)
        for option in item.options:
            secrets.add_prose(option.feedback, f"the feedback of an option of {id}")
    elif isinstance(item, Numeric):
        for part in item.parts:
            secrets.patterns.append((_given(part.variable, f"{part.answer:.15g}"), answer))
            secrets.add_number(part.answer, answer)
            secrets.add_prose(part.explanation, explanation)


def _given(asked: str, answer: str) -> re.Pattern[str]:
    """`asked: answer`, with any of the signs that people and Python put between the two."""
    return re.compile(
        re.escape(asked)
        + r"[\"'`\]\s*)]*(?:==?|:|->|→|\|| is )[\"'`\s*(]*"
        + re.escape(answer)
        + r"(?!\w)"
    )


def _add_rubrics(secrets: Secrets, master: Master, notebooks: Notebooks) -> None:
    prompts = {
        gram for cell in notebooks.template.cells for gram in grams(words_of(cell.source), LONG)
    }
    for id, rubric in master.rubrics.rubrics.items():
        for item in rubric.items:
            secrets.add_prose(f"{item.text}\n{item.look_for}", f"the rubric of {id}", prompts)
    for id, text in notebooks.texts.items():
        secrets.add_prose(text, f"the reference answer of {id}")
    for id, rubric in master.rubrics.rubrics.items():
        secrets.add_prose(rubric.reference, f"the reference answer of {id}")


def _add_hidden_checks(secrets: Secrets, master: Master, public: set[str]) -> None:
    for file in read_check_files(master):
        for check in file.checks:
            if check.hidden:
                what = f"a line of the hidden check {check.name} of {check.question}"
                # Its title is no secret: students read it in their feedback.
                lines = [line for line in check.source.split("\n") if '"""' not in line]
                secrets.add_code(lines, what, public)
        for part in file.parts:
            what = f"a line of {file.path.name} that only hidden checks use"
            secrets.add_code(part.source.split("\n"), what, public)


def _add_data(secrets: Secrets, hidden: Path) -> None:
    for path in sorted(hidden.rglob("*")) if hidden.is_dir() else []:
        if not path.is_file():
            continue
        what = f"the hidden file {path.name}"
        secrets.files[hashlib.sha256(path.read_bytes()).hexdigest()] = what
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                loaded = {name: arrays[name] for name in arrays.files}
            if "labels" in loaded:
                for window in label_windows(digits_of(loaded["labels"])):
                    secrets.labels[window] = f"the labels of {path.name}"
            secrets.reviews |= set(review_hashes(loaded))


def digits_of(labels: np.ndarray) -> str:
    """Labels 0 and 1 as a text of digits; empty for an array of anything else."""
    flat = labels.ravel()
    if flat.dtype.kind not in "iubf" or flat.size == 0 or not np.isin(flat, (0, 1)).all():
        return ""
    return (flat.astype(np.uint8) + ord("0")).astype(np.uint8).tobytes().decode()


def label_windows(digits: str) -> Iterator[str]:
    """Labels in a row, as digits; without rows so even that they may occur anywhere."""
    for start in range(len(digits) - LABELS + 1):
        window = digits[start : start + LABELS]
        if 8 <= window.count("1") <= LABELS - 8:
            yield window


def review_hashes(arrays: dict[str, np.ndarray]) -> Iterator[bytes]:
    """A hash of each review of ten words or more of a file of reviews."""
    if "tokens" in arrays and "offsets" in arrays:
        tokens, offsets = arrays["tokens"].astype(np.int64), arrays["offsets"]
        for start, end in pairwise(offsets.tolist()):
            if end - start >= LONG:
                yield hashlib.sha256(tokens[start:end].tobytes()).digest()
