"""Promise 9: what people open holds no script, markup, formula, control character or flood."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from autograder.report import summary_table, write_views
from autograder.store import open_store
from tests.report.classroom import ADA, ASSIGNMENT, RUBRICS
from tests.sandbox.conformance.model import Case, World

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
FORMULA = re.compile(r'(^|[,;"\n])[=+@]\w+\(|(^|,)"?[=@]', re.MULTILINE)
SCRIPT = re.compile(
    r"<script|<img|<iframe|<svg on|<[a-z][^<>]*\son\w+\s*=|href=\W*javascript:", re.I
)


def shown(text: str) -> Iterator[tuple[str, str]]:
    """Every file that is made of a submission with ``text`` wherever a student can put it."""
    hostile = replace(
        ADA,
        name=text,
        student_id=text,
        note=text,
        questions=tuple(
            replace(
                question,
                answer=text,
                note=text,
                checks=tuple(
                    replace(it, message=text if not it.passed else "") for it in question.checks
                ),
            )
            for question in ADA.questions
        ),
    )
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        with open_store(out, None, create=True) as store:
            store.save_assignment(ASSIGNMENT, RUBRICS, "b1")
            store.record(hostile)
            summary = write_views(store, out)
            console = Console(record=True, width=200, file=(out / "terminal").open("w"))
            console.print(summary_table(summary))
            yield "terminal", console.export_text(styles=False)
            console.file.close()
        for path in sorted(out.rglob("*")):
            if path.suffix in (".html", ".csv", ".json"):
                yield path.suffix, path.read_text(errors="surrogatepass")


def writes(text: str, *forbidden: tuple[str, re.Pattern[str]]) -> Callable[[World], list[str]]:
    """A case that puts ``text`` everywhere and looks for what must not be in a kind of file."""

    def tried(_world: World) -> list[str]:
        broken = []
        for kind, content in shown(text):
            for where, pattern in forbidden:
                if kind == where and (found := pattern.search(content)):
                    broken.append(f"{kind}: {found[0]!r}")
        return broken

    return tried


def _sizes(text: str, most: int) -> Callable[[World], list[str]]:
    def tried(_world: World) -> list[str]:
        return [f"{kind}: {len(it):,} characters" for kind, it in shown(text) if len(it) > most]

    return tried


PAGES = ((".html", SCRIPT),)
UNSEEN = tuple((kind, CONTROL) for kind in (".html", ".csv", ".json", "terminal"))
KEPT_ANYWAY = {
    "a formula after a break": "the gradebook has no cell of several lines",
    "zero bytes": "the store takes none",
}
CASES = tuple(
    Case("9", name, tried, defences, kernel=KEPT_ANYWAY.get(name, ""))
    for name, tried, defences in (
        ("a script", writes("<script>alert(1)</script>", *PAGES), ("escaping", "cleaning")),
        (
            "a picture that loads",
            writes("<img src=x onerror=alert(1)>", *PAGES),
            ("escaping", "cleaning"),
        ),
        (
            "a picture in markdown",
            writes("![x](http://example.org/x.png)", *PAGES),
            ("pictures", "escaping"),
        ),
        (
            "a link that runs",
            writes("[x](javascript:alert(1))", *PAGES),
            ("link schemes", "escaping"),
        ),
        (
            "a frame",
            writes("<iframe src=http://example.org></iframe>", *PAGES),
            ("escaping", "cleaning"),
        ),
        (
            "a drawing with a script",
            writes("<svg onload=alert(1)>", *PAGES),
            ("escaping", "cleaning"),
        ),
        ("a formula", writes("=cmd('/c calc')", (".csv", FORMULA)), ("formulas",)),
        (
            "a formula after a break",
            writes("x\n=HYPERLINK(1)", (".csv", FORMULA)),
            ("line breaks",),
        ),
        ("a formula with @", writes("@SUM(1)", (".csv", FORMULA)), ("formulas",)),
        (
            "colours and cursor of the terminal",
            writes("\x1b[2J\x1b[31mAda\x1b[0m", *UNSEEN),
            ("unseen",),
        ),
        ("a title of the terminal", writes("\x1b]0;gone\x07Ada", *UNSEEN), ("unseen",)),
        ("zero bytes", writes("A\x00da", *UNSEEN), ("unseen",)),
        ("reversed text", writes("gpj.\u202eexe", *UNSEEN), ("unseen",)),
        ("eight-bit control", writes("A\x9b31mda", *UNSEEN), ("unseen",)),
        ("endless text", _sizes("x" * 3_000_000, 2_000_000), ("lengths",)),
        (
            "one endless line of accents",
            _sizes("a" + "\u0301" * 1_000_000, 2_000_000),
            ("lengths",),
        ),
    )
)
