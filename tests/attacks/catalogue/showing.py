"""Names, essays and messages for the people who open them (promise 9)."""

from __future__ import annotations

from tests.attacks.model import Attack

SCRIPT = "<script>alert(1)</script>"
ATTACKS = (
    Attack("script in the name", "9", student=f"Eve {SCRIPT}"),
    Attack("formula in the name", "9", student="=cmd|'/c calc'!A0"),
    Attack("formula in the number", "9", number="=1+1"),
    Attack("colours in the name", "9", student="Eve \x1b[2J\x1b[31m"),
    Attack("reversed name", "9", student="Eve \u202e100 :erocs"),
    Attack("endless name", "9", student="E" * 1_000_000),
    Attack("script in the essay", "9", essay=f"Because {SCRIPT} <img src=x onerror=alert(1)>"),
    Attack(
        "link in the essay",
        "9",
        essay="[click](javascript:alert(1)) ![x](http://example.org/x.png)",
    ),
    Attack("endless essay", "9", essay="x " * 2_000_000),
    Attack("markup in a message", "9", f"raise RuntimeError({SCRIPT!r})"),
    Attack("terminal codes in a message", "9", "raise RuntimeError('\\x1b]0;gone\\x07\\x1b[2J')"),
    Attack("half a character", "9", "raise RuntimeError('\\ud800')"),
    Attack("markup in a type", "9", f"raise type({SCRIPT!r}, (Exception,), {{}})()"),
    Attack("endless message", "9", "raise RuntimeError('x' * 10**8)"),
)
