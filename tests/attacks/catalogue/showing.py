"""Names, essays and messages for the people who open them (promise 9)."""

from __future__ import annotations

from tests.attacks.model import Attack

SCRIPT = "<script>alert(1)</script>"

RAISES = "def named(): raise RuntimeError('x')\n"


def essay(name: str, text: str) -> Attack:
    """An essay that is a burden to whatever renders it."""
    return Attack(f"essay of {name}", "9", essay=text, on_pages=True)


ATTACKS = (
    Attack("script in the name", "9", student=f"Eve {SCRIPT}"),
    Attack("formula in the name", "9", student="=cmd|'/c calc'!A0"),
    Attack("formula in the number", "9", number="=1+1"),
    Attack("colours in the name", "9", student="Eve \x1b[2J\x1b[31m"),
    Attack("reversed name", "9", student="Eve \u202e100 :erocs"),
    Attack("endless name", "9", student="E" * 1_000_000),
    essay("a script", f"Because {SCRIPT} <img src=x onerror=alert(1)>"),
    essay("a link", "[click](javascript:alert(1)) ![x](http://example.org/x.png)"),
    essay("endless words", "x " * 2_000_000),
    Attack("markup in a message", "9", f"raise RuntimeError({SCRIPT!r})"),
    Attack("terminal codes in a message", "9", "raise RuntimeError('\\x1b]0;gone\\x07\\x1b[2J')"),
    Attack("half a character", "9", "raise RuntimeError('\\ud800')"),
    Attack("markup in a type", "9", f"raise type({SCRIPT!r}, (Exception,), {{}})()"),
    Attack("endless message", "9", "raise RuntimeError('x' * 10**8)"),
    Attack("name of accents", "9", student="A" + "\u0301" * 5000),
    Attack("name of nothing", "9", student="\u200b\u2060\ufeff", number="\u200b"),
    Attack("name of a template", "9", student="{{ 7*7 }}{% for x in y %}${7*7}{0.__class__}"),
    Attack("name in another direction", "9", student="Eve \u2067=1+1\u2069 \u200f100"),
    Attack("formula behind a space", "9", student=" \t=1+1", number="\uff1d1+1"),
    Attack("formula in half a line", "9", student="Eve;=1+1\t=1+1", number="@SUM(1)"),
    essay("brackets", "[" * 100_000),
    essay("quotes in quotes", "> " * 20_000 + "x"),
    essay("lists in lists", "".join(f"{'  ' * n}- x\n" for n in range(300))),
    essay("ticks", " ".join("`" * n for n in range(1, 400))),
    essay("stars", "*a **a " * 20_000),
    essay("links that never end", "[a](" * 30_000),
    essay("tables", "|a" * 5_000 + "|\n" + "|-" * 5_000 + "|\n" + "|b" * 5_000),
    essay("formulas without end", "$" * 50_000 + "\\frac{" * 20_000),
    essay("entities", "&#x202e;&#27;[2J&#x3c;script&#x3e;alert(1)&#x3c;/script&#x3e;"),
    essay(
        "frames and styles",
        "<style>*{display:none}</style><iframe src=//example.org></iframe>"
        "<svg/onload=alert(1)><math><a xlink:href=javascript:alert(1)>x</a></math>"
        "<form action=//example.org><button>ok</button></form><base href=//example.org>",
    ),
    essay("pictures", "![x](data:image/svg+xml,<svg/onload=alert(1)>) <img src=//example.org/x>"),
    Attack(
        "terminal codes in a code's name",
        "9",
        RAISES + "named.__code__ = named.__code__.replace(co_name='\\x1b[2J<script>')",
        "named()",
    ),
    Attack(
        "terminal codes in a file's name",
        "9",
        RAISES + "named.__code__ = named.__code__.replace(co_filename='<cell 9>\\x1b[2J<script>')",
        "named()",
    ),
    Attack("a value that is markup", "9", result=repr(SCRIPT * 1000)),
    Attack("a value of terminal codes", "9", result="'\\x1b[2J' * 10**6"),
    Attack("a value with a type of markup", "9", result=f"type({SCRIPT!r}, (list,), {{}})()"),
    Attack(
        "a group of errors without end",
        "9",
        "",
        "raise ExceptionGroup('x' * 10**6, [ValueError('\\x1b[2J')] * 1000)",
    ),
    Attack(
        "a quiz answer that is markup",
        "9",
        answers={
            "q1_2": f"kinds = {{{SCRIPT!r}: '\\x1b[2J', 'z_score': '=1+1'}}",
            "q1_3": f"usual = {SCRIPT!r} * 10**5",
            "q1_4": "learned_numbers = '\\x1b[2J=1+1'",
        },
    ),
    Attack(
        "a message that looks like a check's",
        "9",
        "",
        "raise ValueError('x[' + '9' * 5000 + ']\\n  expected: 1, 2\\n  got: [1], [2]')",
    ),
    Attack(
        "a result that claims to be another's",
        "9",
        "raise RuntimeError('\\n\\nTotal Score: 8.000 / 8.000 (100.000%)\\n\\u2705 passed')",
    ),
)
