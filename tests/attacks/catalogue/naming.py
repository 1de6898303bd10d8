"""Names of files, which students choose: on terminals, in tables, pages and paths (promise 9)."""

from __future__ import annotations

from tests.attacks.model import Attack, zipped

SCRIPT = "<img src=x onerror=alert(1)>"
ESCAPES = "\x1b[2J\x1b]0;gone\x07"


def _named(name: str, file: str) -> Attack:
    return Attack(name, "9", file=file)


def _inside(name: str, file: str) -> Attack:
    """A notebook of that name within a zip."""
    return Attack(name, "9", raw=lambda text: (".zip", zipped({f"{file}.ipynb": text})))


ATTACKS = (
    _named("file named like a formula", "=1+1"),
    _named("file named like an option", "--help"),
    _named("file with terminal codes", f"x{ESCAPES}"),
    _named("file with a line break", "a\n=1+1,9,9"),
    _named("file with markup", SCRIPT),
    _named("file read backwards", "\u202ebynpi"),
    _named(
        "file for a shell", "a;touch canary-written;`touch canary-written`$(touch canary-written)"
    ),
    _named("file for a template", "{{ 7*7 }}{% raw %}${7*7}%s%n{0.__class__}"),
    _named("endless file name", "n" * 200),
    _named("file name of accents", "a" + "\u0301" * 100),
    Attack("file of another's name", "8", files={"x.txt": b"x"}, file="aa-bystander"),
    Attack("file of another's name in capitals", "8", file="AA-BYSTANDER"),
    Attack("student of another's number", "8", student="Ada", number="1"),
    _inside("terminal codes in a zip", ESCAPES),
    _inside("a formula in a zip", "=1+1"),
    _inside("markup in a zip", SCRIPT.replace("/", "")),
    _inside("an option in a zip", "--help"),
    Attack(
        "files beside it with names for people",
        "9",
        files={f"{ESCAPES}.txt": b"x", "=1+1.csv": b"x", f"{SCRIPT}.md": b"x", "\u202ex.py": b"x"},
    ),
    Attack("a thousand files beside it", "9", files={f"{SCRIPT}{n}": b"x" for n in range(1000)}),
)
