"""Importing otter in half the time: import this module first.

To read notebooks otter needs jsonschema, and that imports rfc3987_syntax where it is installed, to
check the form of IRIs; it compiles a grammar for more than a second, and no notebook has an IRI.
"""

from __future__ import annotations

import sys
from typing import Any

_NAME = "rfc3987_syntax"
_modules: dict[str, Any] = sys.modules

if _NAME not in _modules:
    # None makes its import fail, as where it is not installed.
    _modules[_NAME] = None
    try:
        import otter.test_files  # noqa: F401
    finally:
        del _modules[_NAME]
