"""Zips without anything that differs from one build to the next."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

DATE = (2026, 1, 1, 0, 0, 0)
"""The date of every entry."""


def write_zip(folders: Mapping[str, Path], target: Path) -> None:
    """Zip folders, each with a prefix for its entries' names (empty, or ending in a slash)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for prefix, folder in folders.items():
            for path in sorted(folder.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    name = f"{prefix}{path.relative_to(folder).as_posix()}"
                    add_bytes(archive, name, path.read_bytes())


def add_bytes(archive: zipfile.ZipFile, name: str, data: bytes, executable: bool = False) -> None:
    """Add one file to an open zip."""
    entry = zipfile.ZipInfo(name, DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o755 if executable else 0o644) << 16
    archive.writestr(entry, data)
