"""What was measured, one JSON object a line: a run that is stopped goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Record:
    """A file of measurements that only grows."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> list[dict[str, Any]]:
        """All measurements so far. A last line that was cut off in the middle does not count."""
        return list(self._read())

    def add(self, row: dict[str, Any]) -> None:
        """Keep one measurement."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _read(self) -> Iterator[dict[str, Any]]:
        if self._path.is_file():
            for line in self._path.read_text(encoding="utf-8").splitlines(keepends=True):
                if line.endswith("}\n"):
                    yield json.loads(line)
