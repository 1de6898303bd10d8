"""File names made from submissions' paths: readable, portable, and never the same for two."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from autograder.report import clean

PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")
"""Names that Windows keeps for devices, whatever their extension."""


def file_name(submission: str, extension: str) -> str:
    """The name of a submission's file, ``extension`` without its dot.

    A short path of small letters, digits and ``. _ -`` is kept: ``a.ipynb`` gives
    ``a.ipynb.html``. Any other gets a readable form, a ``~`` and a part of its hash: so ``A.ipynb``
    and ``a.ipynb`` differ on disks that do not tell capitals apart, as do ``sub/a.ipynb`` and
    ``sub_a.ipynb``.
    """
    if PLAIN.fullmatch(submission) and not RESERVED.match(submission):
        return f"{submission}.{extension}"
    latin = unicodedata.normalize("NFKD", clean.line(submission)).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", latin)[-60:].strip("._-") or "submission"
    if RESERVED.match(readable.lower()):
        readable = f"_{readable}"
    digest = hashlib.sha256(submission.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{readable}~{digest}.{extension}"
