"""otter test files from the public functions of `checks/test_*.py` and from the quiz.

Works on the text of the check files: what a student gets holds the public functions, word by word,
and of the rest of the file only what they use.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.assignment.loading import Master
from autograder.assignment.models import Matching, QuizItem, SingleChoice
from autograder.errors import AssignmentError

STUDENT_PACKAGES = {"torch", "numpy", "matplotlib", "safetensors", "IPython", "course_checks"}
"""What a public check may import, beside the standard library."""

MARKS = {"question", "points", "hidden", "hint"}

_MOVED = (
    (re.compile(r"\bautograder\.sandbox\.guest\b"), "course_checks"),
    (re.compile(r"\bautograder\.(?:checks|judge)\b"), "course_checks"),
)


@dataclass(frozen=True)
class Check:
    """One check function, as its file's text tells."""

    name: str
    question: str
    title: str
    points: float
    hidden: bool
    hint: str
    arguments: tuple[str, ...]
    """The fixtures that it asks for."""
    source: str
    """The function without its decorators."""
    line: int


@dataclass(frozen=True)
class CheckFile:
    """One file of checks, taken apart."""

    path: Path
    checks: tuple[Check, ...]
    parts: tuple[Part, ...] = field(repr=False)

    def context(self, checks: list[Check]) -> list[str]:
        """The top-level statements that these checks use, directly or through one another."""
        wanted = set().union(*(_names_used(ast.parse(check.source)) for check in checks))
        chosen: set[int] = set()
        changed = True
        while changed:
            changed = False
            for number, part in enumerate(self.parts):
                if number not in chosen and part.defines & wanted:
                    chosen.add(number)
                    wanted |= part.uses
                    changed = True
        return [self.parts[number].source for number in sorted(chosen)]


@dataclass(frozen=True)
class Part:
    """A top-level statement that is no check."""

    source: str
    defines: frozenset[str]
    uses: frozenset[str]


def read_check_files(master: Master) -> list[CheckFile]:
    """All check files of a master.

    Raises AssignmentError with file and line where one is not Python, or has a mark or an argument
    that means nothing here.
    """
    return [read_check_file(path) for path in sorted(master.checks.glob("test_*.py"))]


def read_check_file(path: Path) -> CheckFile:
    """Take one check file apart. Raises AssignmentError with file and line."""
    text = path.read_text(encoding="utf-8")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise _fault(path, error.lineno or 1, f"not Python: {error.msg}", "Correct it.") from error
    file_marks: dict[str, list[Any]] = {}
    checks: list[Check] = []
    parts: list[Part] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and _targets(node) == {"pytestmark"}:
            values = node.value.elts if isinstance(node.value, ast.List) else [node.value]
            file_marks |= dict(_mark(path, value) for value in values)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            checks.append(_check(path, text, node, file_marks))
        elif not (_imports_pytest(node) or _is_docstring(node) or _is_future(node)) and (
            _targets(node) != {"pytestmark"}
        ):
            parts += _parts(text, node)
    return CheckFile(path, tuple(checks), tuple(parts))


def public_test_files(master: Master) -> dict[str, str]:
    """The text of otter's test file for each question with an automatic part, by question id.

    Raises AssignmentError where such a question has no public check.
    """
    files = read_check_files(master)
    texts: dict[str, str] = {}
    for question in master.assignment.questions:
        if not question.auto:
            continue
        cases: list[str] = []
        context: list[str] = []
        item = master.quiz.items.get(question.id)
        if item is not None:
            cases += _quiz_cases(item)
        for file in files:
            public = [
                check for check in file.checks if check.question == question.id and not check.hidden
            ]
            if public:
                context += [moved(part) for part in file.context(public)]
                for check in public:
                    _refuse_other_fixtures(file.path, check)
                    cases.append(_case(check))
        if not cases:
            raise AssignmentError(
                f"{question.id} has automatic points and no public check",
                where=str(master.checks),
                remedy="Add one, so that students can see that they are on their way.",
            )
        texts[question.id] = _test_file(question.id, question.title, context, cases)
        refuse_foreign_imports(f"tests/{question.id}.py", texts[question.id])
    return texts


def moved(source: str) -> str:
    """The same source with our packages' names replaced by the release's flat package."""
    for pattern, replacement in _MOVED:
        source = pattern.sub(replacement, source)
    return source


def refuse_foreign_imports(where: str, source: str) -> None:
    """Raise AssignmentError where a file for students imports what they don't have."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [str(node.module)]
        for name in names:
            root = name.split(".")[0]
            allowed = STUDENT_PACKAGES | sys.stdlib_module_names
            if root not in allowed and not name.startswith("otter.test_files"):
                raise AssignmentError(
                    f"{name} is imported, which students don't have",
                    where=f"{where}, line {node.lineno}" if hasattr(node, "lineno") else where,
                    remedy="Public checks may import "
                    + ", ".join(sorted(STUDENT_PACKAGES - {"course_checks"}))
                    + " and autograder.checks.",
                )


def _fault(path: Path, line: int, what: str, remedy: str) -> AssignmentError:
    return AssignmentError(what, where=f"{path}:{line}", remedy=remedy)


def _mark(path: Path, node: ast.expr) -> tuple[str, list[Any]]:
    """Name and arguments of `pytest.mark.NAME` or `pytest.mark.NAME(...)`."""
    call = node if isinstance(node, ast.Call) else None
    head = call.func if call else node
    name = ast.unparse(head).removeprefix("pytest.mark.")
    if name not in MARKS or ast.unparse(head) == name:
        known = ", ".join(f"pytest.mark.{mark}" for mark in sorted(MARKS))
        raise _fault(path, node.lineno, f"{ast.unparse(head)} means nothing here", f"Use {known}.")
    try:
        return name, [ast.literal_eval(argument) for argument in call.args] if call else []
    except ValueError as error:
        raise _fault(
            path, node.lineno, f"the argument of {name} is not written out", "Write it as is."
        ) from error


def _check(path: Path, text: str, node: ast.FunctionDef, file_marks: dict[str, list[Any]]) -> Check:
    marks = file_marks | dict(_mark(path, decorator) for decorator in node.decorator_list)
    if "question" not in marks:
        raise _fault(
            path,
            node.lineno,
            f"{node.name} belongs to no question",
            'Write `pytestmark = pytest.mark.question("q1_1")` at the top of the file.',
        )
    title = " ".join((ast.get_docstring(node) or node.name).split("\n\n")[0].split())
    return Check(
        name=node.name,
        question=str(marks["question"][0]),
        title=title,
        points=float(marks["points"][0]) if "points" in marks else 0.0,
        hidden="hidden" in marks,
        hint=" ".join(str(marks["hint"][0]).split()) if "hint" in marks else "",
        arguments=tuple(argument.arg for argument in node.args.args),
        source=_segment(text, node),
        line=node.lineno,
    )


def _segment(text: str, node: ast.stmt) -> str:
    """The node's own lines: of a check without its decorators."""
    start = node.lineno
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.decorator_list:
        is_check = isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        start = node.lineno if is_check else node.decorator_list[0].lineno
    return "\n".join(text.split("\n")[start - 1 : node.end_lineno])


def _parts(text: str, node: ast.stmt) -> Iterator[Part]:
    """The statement; an import in as many as it has names, so that none goes out unused."""
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            one = ast.ImportFrom(node.module, [alias], node.level)
            yield Part(ast.unparse(one), frozenset(_targets(one)), frozenset())
    else:
        used = frozenset(_names_used(node))
        yield Part(_segment(text, node), frozenset(_targets(node)), used)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _imports_pytest(node: ast.stmt) -> bool:
    return (isinstance(node, ast.Import) and any(a.name == "pytest" for a in node.names)) or (
        isinstance(node, ast.ImportFrom) and node.module == "pytest"
    )


def _targets(node: ast.AST) -> set[str]:
    """The names that a top-level statement binds."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.split(".")[0] for alias in node.names}
    return {
        name.id
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    } | set().union(*(_targets(child) for child in _inner_imports(node)))


def _inner_imports(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.walk(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child


def _names_used(node: ast.AST) -> set[str]:
    used = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    # A type that is quoted is used as well.
    for constant in ast.walk(node):
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
            used |= set(re.findall(r"[A-Za-z_]\w*", constant.value[:80]))
    return used


def _refuse_other_fixtures(path: Path, check: Check) -> None:
    if check.arguments != ("student",):
        raise _fault(
            path,
            check.line,
            f"the public check {check.name} asks for {', '.join(check.arguments) or 'nothing'}",
            "A public check takes `student` alone; draw its inputs from a fixed seed.",
        )


def _case(check: Check) -> str:
    hint = f", failure_message={_shown(check.hint)}" if check.hint else ""
    return f"""{moved(check.source)}


@test_case(name={_shown(check.title)}, points={check.points:g}{hint})
def {check.name.removeprefix("test_")}_(env):
    run({check.name}, env)"""


def _shown(text: str) -> str:
    # otter puts titles into HTML as they are.
    return repr(re.sub(r"<(?=[A-Za-z/!?])", "‹", text))


def _quiz_cases(item: QuizItem) -> list[str]:
    """Is the answer there and of the right form: never whether it is right."""
    if isinstance(item, Matching):
        keys = [row.key for row in item.rows]
        calls = [(item.variable, f", {keys!r}, {list(item.options)!r}", "filled_in_matching")]
    elif isinstance(item, SingleChoice):
        options = [option.key for option in item.options]
        calls = [(item.variable, f", {options!r}", "filled_in_choice")]
    else:
        calls = [(part.variable, "", "filled_in_number") for part in item.parts]
    return [
        f"""def {variable}_filled_in(student):
    {function}(student, {variable!r}{rest})


@test_case(name="`{variable}` is filled in, right or wrong", points=0)
def {variable}_(env):
    run({variable}_filled_in, env)"""
        for variable, rest, function in calls
    ]


def _test_file(id: str, title: str, context: list[str], cases: list[str]) -> str:
    body = "\n\n\n".join(cases)
    helpers = ["run", *sorted(set(re.findall(r"\bfilled_in_\w+(?=\(student,)", body)))]
    context = list(dict.fromkeys(context))
    imports = [part for part in context if part.startswith(("import ", "from "))]
    others = [part for part in context if part not in imports]
    imports += [f"from course_checks.public import {name}" for name in helpers]
    imports.append("from otter.test_files import test_case")
    ours = [part for part in imports if "course_checks" in part]
    head = [
        f'"""Public checks of {id}, {title}."""',
        "",
        *_joined([part for part in imports if part not in ours]),
        "",
        *_joined(ours),
        "",
        "OK_FORMAT = False",
        "",
        f'name = "{id}"',
        "points = None",
    ]
    return "\n\n\n".join(["\n".join(head), *others, body]) + "\n"


def _joined(imports: list[str]) -> list[str]:
    """Import statements in order, with one for all names of a module."""
    names: dict[str, list[str]] = {}
    for line in imports:
        module, _, name = line.partition(" import ")
        names.setdefault(module, []).extend([name] if name else [])
    return [
        f"{module} import {', '.join(sorted(set(imported)))}" if imported else module
        for module, imported in sorted(names.items())
    ]
