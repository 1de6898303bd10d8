"""What an attack is, and the hand-in that carries it."""

from __future__ import annotations

import io
import json
import textwrap
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.authoring.answers import make_submission

LEAKED = "LEA" + "KED"
"""Stands before whatever student code managed to read, in what it raises."""


@dataclass(frozen=True)
class Stage:
    """An assignment with the function that attacks pretend to solve."""

    name: str
    template: NotebookNode
    question: str
    function: str


@dataclass(frozen=True)
class Attack:
    """One hostile hand-in."""

    name: str
    promise: str
    """The promise that it attacks."""
    setup: str = ""
    """Runs in the answer's cell. ``@CANARY@`` is a folder on the host that must stay empty,
    ``@PORT@`` a port on which somebody listens, ``@PID@`` a process of the host."""
    call: str = ""
    """Runs whenever a check calls the function."""
    result: str = "None"
    """What the function returns."""
    student: str = "Mallory"
    number: str = "666"
    essay: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Cells of other questions."""
    file: str = ""
    """Name of the file, without its ending; made of the attack's name where it is empty."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What the zip holds beside the notebook."""
    raw: Callable[[bytes], tuple[str, bytes]] | None = None
    """Makes the whole file, with its ending, of the notebook's bytes."""
    on_pages: bool = False
    """Whether it aims at pages that only `autograder grade` writes."""
    unreadable: bool = False
    """Whether it is refused as a whole."""

    def source(self, stage: Stage, host: Mapping[str, str]) -> str:
        """The answer's cell."""
        body = textwrap.indent(textwrap.dedent(self.call).strip() or "pass", "    ")
        code = f"{textwrap.dedent(self.setup).strip()}\ndef {stage.function}(*args, **kwargs):\n"
        return put(f"{code}{body}\n    return {self.result}", host).replace(
            "@FUNCTION@", stage.function
        )

    def write(self, stage: Stage, folder: Path, host: Mapping[str, str]) -> Path:
        """Write the hand-in; its path."""
        notebook = make_submission(
            stage.template,
            {stage.question: self.source(stage, host)}
            | {id: put(textwrap.dedent(it), host) for id, it in self.answers.items()},
            {},
            name=self.student,
            number=self.number,
        )
        if self.essay:
            cell = next(it for it in notebook.cells if "q1_1" in it.metadata.get("tags", []))
            cell.source = self.essay
        text = nbformat.writes(notebook).encode("utf-8", "surrogatepass")
        if self.raw:
            ending, content = self.raw(text)
        elif self.files:
            ending, content = ".zip", zipped({f"{stage.name}.ipynb": text, **self.files}, host)
        else:
            ending, content = ".ipynb", text
        path = folder / f"{self.file or self.name.replace(' ', '-')}{ending}"
        path.write_bytes(content)
        return path


def put(text: str, host: Mapping[str, str]) -> str:
    """The text with the host's places in it."""
    for name, value in host.items():
        text = text.replace(f"@{name}@", value)
    return text


def zipped(entries: Mapping[str, bytes], host: Mapping[str, str] | None = None) -> bytes:
    """A zip in memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            # Byte for byte: what an attack hands in need not be text.
            content = put(content.decode("latin-1"), host or {}).encode("latin-1")
            archive.writestr(name, content)
    return buffer.getvalue()


def harmless(stage: Stage) -> Attack:
    """The same hand-in without an attack: what its points are is nobody's gain."""
    return Attack("harmless", "")


def edited(change: Callable[[dict], None]) -> Callable[[bytes], tuple[str, bytes]]:
    """A notebook with something changed in its JSON."""

    def make(text: bytes) -> tuple[str, bytes]:
        content = json.loads(text)
        change(content)
        return ".ipynb", json.dumps(content).encode()

    return make
