"""Files in a zip that lie in otter's way, with names of its own or of Python (promises 3 and 10).

Where one of them is run in the process that grades, it forges the results and plants a pickle in
them, which a host then unpickles.
"""

from __future__ import annotations

from tests.attacks.catalogue.files import BOMB, PICKLE
from tests.attacks.model import Attack, zipped

FORGE = (
    b"""
import atexit, glob, json
def forge():
    places = ["/autograder/results", "../results", *glob.glob("/tmp/*/autograder/results")]
    test = {"name": "q2_1", "score": 99, "max_score": 99, "visibility": "visible", "output": ""}
    for place in places:
        for name, content in (
            ("results.json", json.dumps({"score": 99, "tests": [test]}).encode()),
            ("results.pkl", """
    + repr(PICKLE).encode()
    + b"""),
        ):
            try: open(f"{place}/{name}", "wb").write(content)
            except OSError: pass
atexit.register(forge)
try: """
    + BOMB
    + b"""
except OSError: pass
"""
)
METADATA = b'{"users": [{"email": "x@example.org"}], "assignment": {"total_points": 0}}'
CONFIG = b'{"plugins": [], "points_possible": 99, "grade_from_log": true, "token": "x"}'


def same(content: bytes, *names: str) -> dict[str, bytes]:
    """Files of the same content."""
    return dict.fromkeys(names, content)


def _deep(levels: int) -> str:
    return "d/" * levels + "x"


def _only(name: str) -> Attack:
    """A zip with a script in place of the notebook, whose name Python knows."""
    return Attack(
        f"a script called {name}",
        "10",
        raw=lambda text: (".zip", zipped({name: FORGE})),
        unreadable=True,
    )


ATTACKS = (
    Attack(
        "a package named like ours",
        "10",
        files={f"autograder/{it}": FORGE for it in ("__init__.py", "bundle/plugin.py")},
    ),
    Attack(
        "packages named like otter's",
        "10",
        files={
            f"{it}/__init__.py": FORGE
            for it in ("otter", "nbformat", "nbconvert", "dill", "ipykernel", "jupyter_client")
        },
    ),
    Attack(
        "a file named like our package", "10", files={"autograder": b"x", "autograder.py": FORGE}
    ),
    Attack(
        "what otter runs",
        "10",
        files=dict.fromkeys(
            ("run_otter.py", "run_autograder", "setup.sh", "source/run_otter.py"), FORGE
        ),
    ),
    Attack(
        "a package around the notebook", "10", files={"__init__.py": FORGE, "__main__.py": FORGE}
    ),
    Attack("a test package", "10", files={"tests/__init__.py": FORGE, "tests/q2_1.py": FORGE}),
    Attack(
        "metadata of a submission",
        "10",
        files=dict.fromkeys(
            ("submission_metadata.json", "../submission_metadata.json"),
            METADATA,
        ),
    ),
    Attack(
        "configuration of otter",
        "10",
        files=dict.fromkeys(
            ("otter_config.json", "../source/otter_config.json", "source/otter_config.json"),
            CONFIG,
        ),
    ),
    Attack("a log in a folder", "3", files={"logs/.OTTER_LOG": PICKLE, ".OTTER_LOG/x": b"x"}),
    Attack(
        "results beside it",
        "10",
        files=dict.fromkeys(
            ("../results/results.pkl", "results/results.pkl", "results.pkl"), PICKLE
        ),
    ),
    Attack(
        "a report of its own",
        "9",
        files={"report.pdf": b"%PDF-1.4 x", "results.pdf/run.py": FORGE, "x.zip/run.py": FORGE},
    ),
    Attack(
        "kernels of its own",
        "3",
        files={
            f"{it}/kernels/python3/kernel.json": b'{"argv": ["touch", "@CANARY@/canary-written"], '
            b'"display_name": "x", "language": "python"}'
            for it in ("share/jupyter", ".local/share/jupyter", "jupyter")
        },
    ),
    Attack(
        "start-up files of shells",
        "3",
        files=dict.fromkeys(
            (
                ".ipython/profile_default/startup/00.py",
                "ipython_config.py",
                "jupyter_config.py",
                "pyvenv.cfg",
                "x.pth",
            ),
            FORGE,
        ),
    ),
    Attack(
        "notebook that is another file for each reader",
        "10",
        raw=lambda text: (".zip", zipped({"a.ipynb": text}) + zipped({"b.ipynb": b"{}"})),
        unreadable=True,
    ),
    Attack(
        "zip before the notebook",
        "10",
        raw=lambda text: (".ipynb", zipped({"a.ipynb": text}) + text),
        unreadable=True,
    ),
    Attack(
        "folders without end",
        "5",
        # Each a part of the next: whoever makes them calls itself for those that are not there.
        files={_deep(levels): b"x" for levels in range(400, 1_801, 200)},
    ),
    _only("otter.py"),
    _only("json.py"),
)
