"""Making text that students wrote safe to store and to show."""

from __future__ import annotations

import re
import unicodedata

_SURROGATE = re.compile("[\ud800-\udfff]")
# Control characters except tab and newline; C1 ones steer some terminals, too.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# They reorder what follows on the screen: a name could rewrite the row that it stands in.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def without_surrogates(text: str) -> str:
    """The text with lone surrogates replaced: no encoding, so no file or database, takes them."""
    return _SURROGATE.sub("\ufffd", text)


def plain_text(text: str) -> str:
    """Several lines without control characters, line ends unified."""
    return _CONTROL.sub("", without_surrogates(text).replace("\r\n", "\n").replace("\r", "\n"))


def readable(text: str) -> str:
    """Several lines for a terminal or a plain page: without bidirectional characters, too."""
    return _BIDI.sub("", plain_text(text))


def one_line(text: str, cap: int) -> str:
    """At most ``cap`` characters on one line, without control and bidirectional characters."""
    text = unicodedata.normalize("NFC", without_surrogates(text[: 4 * cap]))
    return " ".join(_CONTROL.sub(" ", _BIDI.sub("", text)).split())[:cap].strip()
