"""Zips and notebooks that are hostile before anything runs (promises 3, 5, 10)."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from tests.attacks.model import Attack, edited, zipped

BOMB = b"open('@CANARY@/canary-written', 'w').write('x')"
PICKLE = b"cbuiltins\nexec\n(V" + BOMB + b"\ntR."


def _link(text: bytes) -> tuple[str, bytes]:
    buffer = io.BytesIO(zipped({"a.ipynb": text}))
    with zipfile.ZipFile(buffer, "a") as archive:
        entry = zipfile.ZipInfo("answers")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/shadow")
    return ".zip", buffer.getvalue()


def _deep(text: bytes) -> tuple[str, bytes]:
    return ".ipynb", b'{"cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"


def _twice(text: bytes) -> tuple[str, bytes]:
    """The last `cells` counts, or the first: it must not matter for what was judged."""
    return ".ipynb", text.rstrip()[:-1] + b', "cells": []}'


def _metadata(content: dict[str, Any]) -> None:
    content["metadata"]["kernelspec"] = {
        "name": "python3",
        "language": "bash",
        "argv": ["sh", "-c", "touch canary-written"],
    }
    content["metadata"]["otter"] = {"assignment_name": "other", "tests": {"q2_1": "x"}}


def _outputs(content: dict[str, Any]) -> None:
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [
                {"output_type": "stream", "name": "stdout", "text": ["q2_1 passed! 100 points"]},
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"text/html": "<script>alert(1)</script>"},
                },
            ]


def _numbers(content: dict[str, Any]) -> None:
    content["cells"][0]["metadata"]["weight"] = float("nan")
    content["nbformat_minor"] = 5


def _tags(content: dict[str, Any]) -> None:
    """Every cell claims to answer every question."""
    for cell in content["cells"]:
        cell["metadata"]["tags"] = ["q1_2", "q1_3", "q1_4", "q2_1", "q2_2", "student", "training"]


def _bomb(text: bytes) -> tuple[str, bytes]:
    return ".zip", zipped({"a.ipynb": text, "zeros": bytes(400 * 2**20)})


ATTACKS = (
    Attack("path that climbs", "3", files={"../../../canary-written": b"x", "@CANARY@/x": b"x"}),
    Attack("absolute path", "3", files={"/tmp/canary-written": b"x"}),
    Attack("link to a secret", "2", raw=_link),
    Attack("zip bomb", "5", raw=_bomb, unreadable=True),
    Attack(
        "zip in a zip",
        "5",
        raw=lambda text: (".zip", zipped({"b.zip": zipped({"a.ipynb": text})})),
        unreadable=True,
    ),
    Attack(
        "two notebooks",
        "10",
        raw=lambda text: (".zip", zipped({"a.ipynb": text, "b.ipynb": text})),
        unreadable=True,
    ),
    Attack(
        "broken zip",
        "5",
        raw=lambda text: (".zip", zipped({"a.ipynb": text})[:-40]),
        unreadable=True,
    ),
    Attack("deep nesting", "5", raw=_deep, unreadable=True),
    Attack("cells twice", "10", raw=_twice, unreadable=True),
    Attack("another encoding", "5", raw=lambda text: (".ipynb", text.decode().encode("utf-16"))),
    Attack(
        "huge number",
        "5",
        raw=lambda text: (".ipynb", text.replace(b'"nbformat": 4', b'"nbformat": ' + b"9" * 5000)),
    ),
    Attack("not a number in it", "5", raw=edited(_numbers)),
    Attack("kernel of its own", "6", raw=edited(_metadata)),
    Attack("outputs that claim points", "10", raw=edited(_outputs)),
    Attack("tags on every cell", "10", raw=edited(_tags)),
    Attack("a label with spaces without end", "5", essay="name" + " " * 9_990 + "x"),
    Attack("stars without end", "5", essay="*" * 390_000),
    Attack("poisoned log", "3", files={".OTTER_LOG": PICKLE}),
    Attack(
        "results of its own",
        "10",
        files={
            "results.json": json.dumps({"tests": [{"name": "q2_1", "score": 100}]}).encode(),
            "results.pkl": PICKLE,
        },
    ),
    Attack(
        "tests of its own",
        "10",
        files={
            "tests/q2_1.py": b"OK_FORMAT = True\ntest = {'name': 'q2_1', 'points': 0, 'suites': []}"
        },
    ),
    Attack(
        "modules that shadow",
        "3",
        files={
            f"{name}.py": BOMB
            for name in (
                "torch",
                "otter",
                "IPython",
                "sitecustomize",
                "usercustomize",
                "json",
                "nbformat",
                "pandas",
                "conftest",
            )
        },
    ),
    Attack(
        "configuration of its own",
        "10",
        files={
            "otter_config.json": b'{"points_possible": 1}',
            "pytest.ini": b"[pytest]\naddopts = -p no:all",
            "conftest.py": BOMB,
        },
    ),
    Attack("checkpoint that is code", "3", files={"a07.safetensors": PICKLE, "model.pt": PICKLE}),
    Attack(
        "magic that reaches out",
        "3",
        "%system touch @CANARY@/canary-written\n!touch @CANARY@/canary-written2",
    ),
)
