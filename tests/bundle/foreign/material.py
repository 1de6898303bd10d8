"""Three bundles and a small class for each: every feature that a bundle of otter has.

`features` is made by `otter assign` with tests in the OK format, `exceptions` with tests that
raise, and `older` is written by hand in the shape that otter 5 and 6 give.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell

from .notebooks import assign, by_hand, clean, ok_test, question, raw, write

FEATURES_CONFIG = """
# ASSIGNMENT CONFIG
name: features
run_tests: false
init_cell: true
export_cell: true
check_all_cell: true
files: [numbers.csv, pack]
tests: {files: true}
generate:
  points_possible: 50
  seed: 42
  show_hidden: false
"""

FEATURES_MASTER = [
    raw(FEATURES_CONFIG),
    new_code_cell("import random\n\nimport numpy as np"),
    *question(
        "name: sum_up\npoints: [1, 2, 3]",
        "def total(values):\n    return sum(values)",
        "assert total([1, 2]) == 3",
        '""" # BEGIN TEST CONFIG\nhidden: true\nfailure_message: Think of negative numbers.\n'
        '""" # END TEST CONFIG\nassert total([-1, 1]) == 0',
        "# HIDDEN\nassert total([]) == 0",
    ),
    *question(
        "name: draw\npoints: 4",
        "drawn = np.random.randint(0, 1000, 3).tolist()\nother = random.randint(0, 10**6)",
        '""" # BEGIN TEST CONFIG\nsuccess_message: Well drawn.\n""" # END TEST CONFIG\n'
        "assert len(drawn) == 3",
        "# HIDDEN\nassert drawn == [102, 435, 860]",
        "# HIDDEN\nassert other == 670487",
    ),
    *question(
        "name: file\npoints: 2\nall_or_nothing: true",
        'rows = open("numbers.csv").read().split()\nfrom pack.helper import triple',
        "assert len(rows) == 3",
        "# HIDDEN\nassert triple(2) == 6",
    ),
    *question(
        "name: state",
        "counter = 3",
        "assert counter == 3",
    ),
    *question(
        "name: unchecked\npoints: 1.5\ncheck_cell: false",
        "late = 5",
        "assert late == 5",
        "# HIDDEN\nassert isinstance(late, int)",
    ),
]

FEATURES_FILES = {
    "numbers.csv": "1\n2\n3\n",
    "pack/__init__.py": "",
    "pack/helper.py": "def triple(value):\n    return 3 * value\n",
}

OTHER_FILES = shutil.ignore_patterns("*.zip", "*.py", "*.csv", "tests", "pack", "*.json", "*.yml")
"""Of what `otter assign` writes, all but the notebooks."""

NAMED = {"otter": {"assignment_name": "features"}}
START = 'import otter\ngrader = otter.Notebook("features.ipynb")'
IMPORTS = "import random\n\nimport numpy as np"
RIGHT = {
    "sum_up": "def total(values):\n    return sum(values)",
    "draw": "drawn = np.random.randint(0, 1000, 3).tolist()\nother = random.randint(0, 10**6)",
    "file": 'rows = open("numbers.csv").read().split()\nfrom pack.helper import triple',
    "state": "counter = 3",
}


def answers(**changed: str) -> list[Any]:
    """A hand-in for `features`: an answer and its check each, and what was never checked."""
    cells: list[Any] = [START, IMPORTS]
    for name, answer in (RIGHT | changed).items():
        cells.append(clean(answer) if name in RIGHT else answer)
        if name in RIGHT:
            cells.append(f'grader.check("{name}")')
    if "unchecked" not in changed:
        cells.append("late = 5")
    return [*cells, "grader.check_all()", "grader.export(run_tests=True, pdf=False)"]


def features(folder: Path) -> tuple[Path, Path]:
    """The bundle made by `otter assign`, and the folder of hand-ins."""
    bundle = assign(folder / "features", "features", FEATURES_MASTER, FEATURES_FILES)
    hand_ins = folder / "features-class"

    def hand_in(name: str, cells: list[Any], metadata: dict[str, Any] = NAMED) -> Path:
        return write(hand_ins / name / "features.ipynb", cells, metadata)

    right = hand_in("right", answers())
    hand_in("wrong", answers(sum_up="def total(values):\n    return 3", state="counter = 4"))
    hand_in("partly", answers(sum_up="def total(values):\n    return abs(sum(values)) or None"))
    hand_in("raising", answers(draw="drawn = 1 / 0", file="from pack.helper import nothing"))
    hand_in("syntax", answers(sum_up="def total(values)\n    return 1", state="counter = = 3"))
    hand_in("mutated", [*answers(), "counter = 99\ndrawn = []\nlate = 6"])
    hand_in("checked-too-early", ["counter = 3\nlate = 1", *answers(state="pass"), "counter = 0"])
    hand_in(
        "checked-twice", [*answers(sum_up="total = len"), RIGHT["sum_up"], 'grader.check("sum_up")']
    )
    hand_in("prints", answers(state='print("x" * 1000)\ncounter = 3\ncounter'))
    hand_in(
        "magics",
        [
            "%matplotlib inline\nimport matplotlib.pyplot as plt",
            "%%time\nimport random, numpy as np",
            "plt.plot([1, 2])\nplt.show()\n!echo shell",
            # Otter seeds no cell with a magic at its top.
            *answers(draw="%%time\nnp.random.seed(42)\n" + RIGHT["draw"].split("\n")[0]),
            "assert not plt.get_fignums()\nlate = 5",
        ],
    )
    hand_in(
        "loop-of-checks",
        [
            START,
            IMPORTS,
            *RIGHT.values(),
            'for name in ("sum_up", "state"):\n    grader.check(name)\ncounter = 7',
            'def look(name):\n    grader.check(name)\nif len("ab") == 2:\n    look("file")',
            'grader.check("no_such_question")\nlate = 5',
            "late = 4.5",
        ],
    )
    ignored = new_code_cell("late = None\ncounter = None", metadata={"tags": ["otter_ignore"]})
    skipped = new_code_cell("late = None", metadata={"tags": ["skip-execution"]})
    marked = new_code_cell("total = None", metadata={"otter": {"ignore": True}})
    hand_in("ignored-cells", [*answers(), ignored, skipped, marked])
    cell = new_code_cell("counter = 3", metadata={"otter": {"tests": ["state"]}})
    hand_in("checks-in-metadata", [START, IMPORTS, cell, "counter = 5"])
    hand_in("no-init-cell", answers()[1:])
    hand_in("own-environment", [START, IMPORTS, 'grader.check("state", {"counter": 3})'])
    hand_in(
        "input-and-exit", [*answers(sum_up='input("?")\ntotal = sum'), "import sys\nsys.exit(3)"]
    )
    hand_in("another-assignment", answers(), {"otter": {"assignment_name": "something"}})
    hand_in("unused-names", [START, "names = sys.path, logging", *answers()[1:]])
    hand_in("writes-beside", answers(file='open("numbers.csv", "a").write("4")\nrows = [1, 2, 3]'))

    with zipfile.ZipFile(hand_ins / "export.zip", "w") as archive:
        archive.write(right, "features.ipynb")
        archive.writestr("numbers.csv", "not what the bundle has")
        archive.writestr("pack/helper.py", "def triple(value):\n    return 6\n")
        archive.writestr("pack/__init__.py", "")
        archive.writestr("tests/state.py", "raise SystemExit")
        archive.writestr("material/other.ipynb", "{}")
    script = "\n\n\n".join(
        cell.replace("import otter\n", "import otter\n\n").replace('"features.ipynb"', "")
        for cell in answers()
    )
    (hand_ins / "script.py").write_text(script + "\n")
    (hand_ins / "raising-script.py").write_text(script.replace("counter = 3", "1 / 0") + "\n")
    made = folder / "features" / "made"
    shutil.copytree(made / "autograder", hand_ins / "solution", ignore=OTHER_FILES)
    shutil.copytree(made / "student", hand_ins / "release", ignore=OTHER_FILES)
    return bundle, hand_ins


def losses(folder: Path) -> Path:
    """Hand-ins for `features` of which otter loses the work, or a part of it."""
    hand_ins = folder / "losses"

    def hand_in(name: str, cells: list[Any]) -> Path:
        return write(hand_ins / name, cells, NAMED)

    hand_in("dead/features.ipynb", answers(draw="import os\nos._exit(1)"))
    hand_in("exit/features.ipynb", answers(draw="exit()"))
    hand_in("endless/features.ipynb", answers(draw="while True:\n    pass"))
    hand_in("ada_lovelace.ipynb", [*answers(), "counter = 99"])
    # It prints a random emoji for a passed check, and so moves Python's random numbers on.
    hand_in("unseeded/features.ipynb", answers(draw="%%time\n" + RIGHT["draw"]))
    script = "\n".join(answers()).replace('"features.ipynb"', "")
    (hand_ins / "dead.py").write_text(script.replace("counter = 3", "import os; os._exit(1)"))
    return hand_ins


EXCEPTIONS_MASTER = [
    raw(
        """
        # ASSIGNMENT CONFIG
        run_tests: false
        tests: {ok_format: false, files: false}
        seed: {variable: rng_seed, autograder_value: 713, student_value: 90}
        generate: {show_hidden: true, score_threshold: 0.5}
        """
    ),
    new_code_cell("rng_seed = 90"),
    *question(
        "name: q1\npoints: 3",
        "def half(value):\n    return value / 2",
        "def test_even(half):\n    assert half(4) == 2",
        '""" # BEGIN TEST CONFIG\nhidden: true\npoints: 2\nfailure_message: Look at odd ones.\n'
        '""" # END TEST CONFIG\ndef test_odd(env):\n    assert env["half"](3) == 1.5',
    ),
    *question(
        "name: q2\nall_or_nothing: true",
        "import numpy as np\nvalues = np.random.default_rng(rng_seed).normal(size=3)",
        "def test_shape(values):\n    assert values.shape == (3,)",
        "# HIDDEN\ndef test_seed(values, np):\n"
        "    assert np.allclose(values, np.random.default_rng(713).normal(size=3))",
    ),
    *question(
        "name: q3",
        "def call():\n    return 1",
        "def test_call(call):\n    assert call() == 1",
    ),
]


def exceptions(folder: Path) -> tuple[Path, Path]:
    """A bundle with tests that raise, and the folder of hand-ins."""
    bundle = assign(folder / "exceptions", "exceptions", EXCEPTIONS_MASTER, {})
    hand_ins = folder / "exceptions-class"
    start = "import otter\ngrader = otter.Notebook()\nrng_seed = 90"
    half = "def half(value):\n    return value / 2"
    values = "import numpy as np\nvalues = np.random.default_rng(rng_seed).normal(size=3)"
    call = "def call():\n    return 1"

    def hand_in(name: str, *cells: str) -> None:
        checked = [part for cell in cells for part in cell.split("|")]
        write(hand_ins / f"{name}.ipynb", [start, *checked])

    hand_in("right", f"{half}|grader.check('q1')|{values}|grader.check('q2')|{call}")
    hand_in("partly", f"def half(value):\n    return value // 2|grader.check('q1')|{values}|{call}")
    hand_in("fixed-seed", f"{half}|{values.replace('rng_seed', '90')}|grader.check('q2')")
    hand_in("nothing")
    hand_in("raising", "def half(value):\n    raise KeyError(value)|values = 5|call = None")
    hand_in("figure", "import matplotlib.pyplot as plt\nplt.plot([1])|" + half)
    made = folder / "exceptions" / "made"
    shutil.copytree(made / "autograder", hand_ins / "solution", ignore=OTHER_FILES)
    shutil.copytree(made / "student", hand_ins / "release", ignore=OTHER_FILES)
    # In otter a test that ends in SystemExit loses every question.
    lost = folder / "exceptions-losses"
    write(lost / "exits.ipynb", [start, half, values, "def call():\n    raise SystemExit"])
    return bundle, hand_ins


OLDER_TESTS = {
    "q1.py": ok_test(
        "q1",
        [
            {"code": ">>> x\n3\n", "hidden": False, "locked": False, "points": 1},
            {"code": ">>> x > 2\nTrue", "hidden": True, "locked": False},
        ],
        points=4,
    ),
    "q2.py": ok_test(
        "Question two",
        [
            {
                "code": r">>> print(greet('Ada'))" "\nHello, Ada\n",
                "hidden": False,
                "name": "greets",
            },
            {"code": ">>> import numpy as np\n>>> np.isclose(third, 1 / 3)\nTrue\n"},
            {"code": ">>> display(third)\n>>> third < 1\nTrue\n"},
        ],
    ),
    "q3.py": ok_test("q3", [{"code": ">>> exit_it()\n0\n", "hidden": False}], points=2),
    "q4.py": """
        from otter.test_files import test_case

        OK_FORMAT = False

        name = "q4"
        points = [0.5, 1.5]

        @test_case(name="reads", hidden=False, success_message="Read.")
        def reads(env):
            import json
            assert env["loaded"] == json.load(open("tests/expected.json"))

        @test_case(hidden=True)
        def missing(never_defined, loaded):
            assert never_defined is None and loaded
    """,
    "zero.py": ok_test("zero", [{"code": ">>> x\n3\n", "points": 0, "hidden": False}]),
    "expected.json": "[1, 2]",
}
OLDER_CONFIG = {
    "show_stdout": True,
    "show_hidden": False,
    "show_all_public": True,
    "points_possible": None,
    "zips": False,
    "autograder_dir": "/autograder",
    "lang": "python",
    "miniconda_path": "/opt/mambaforge",
    "an_option_of_another_version": 1,
}


def older(folder: Path) -> tuple[Path, Path]:
    """A hand-written bundle in the shape of otter 5, and the folder of hand-ins."""
    bundle = by_hand(folder / "older.zip", OLDER_CONFIG, OLDER_TESTS, {"data/in.txt": "1 2\n"})
    hand_ins = folder / "older-class"
    start = "from otter import Notebook\nnb = Notebook(tests_dir='./tests')"
    cells = [
        start,
        "x = 3",
        'nb.check("q1")',
        "x = 30",
        "def greet(name):\n    return f'Hello, {name}'\nthird = 1 / 3",
        'nb.check("q2"); greet = None',
        "def exit_it():\n    return 0",
        'nb.check("q3")',
        'loaded = [int(it) for it in open("data/in.txt").read().split()]',
        'nb.check("q4")',
    ]
    write(hand_ins / "right.ipynb", cells)
    write(hand_ins / "no-checks.ipynb", [cell for cell in cells if "check" not in cell])
    write(
        hand_ins / "partly.ipynb",
        [
            new_markdown_cell("Name: Ada"),
            start,
            "x = 3.0",
            "third = 0.33",
            *cells[6:8],
            "loaded = 0",
        ],
    )
    write(hand_ins / "exits.ipynb", [start, "exit_it = exit\nx = '3'", 'nb.check("q3")'])
    write(hand_ins / "blank.ipynb", [start, "x = ..."])
    return bundle, hand_ins
