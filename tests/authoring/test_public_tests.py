"""What of a check file goes out to students."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from autograder.assignment import load_master
from autograder.authoring.public_tests import public_test_files, read_check_file
from autograder.authoring.release import helper_modules
from autograder.errors import AssignmentError


@pytest.fixture
def tests(master_folder: Path) -> dict[str, str]:
    return public_test_files(load_master(master_folder))


def test_only_public_functions_go_out(tests: dict[str, str]) -> None:
    assert "def test_example(student):" in tests["q2_1"]
    for hidden in ("test_random", "test_unchanged", "standardised_twice_over", "100.5"):
        assert hidden not in tests["q2_1"]


def test_a_file_holds_what_its_public_functions_use_and_no_more(tests: dict[str, str]) -> None:
    assert "EXAMPLE = torch.tensor([[1.0, 10.0], [3.0, 30.0]])" in tests["q2_1"]
    assert "from course_checks.tensors import expect_close, expect_tensor" in tests["q2_1"]
    assert "call_and_arguments" not in tests["q2_1"]


def test_no_file_knows_pytest_or_this_package(tests: dict[str, str]) -> None:
    modules = helper_modules(list(tests.values()))
    for text in [*tests.values(), *modules.values()]:
        names = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
        assert not [node.module for node in names if "autograder" in str(node.module)]
        assert "pytest" not in text


def test_helpers_that_only_hidden_checks_use_stay_here(tests: dict[str, str]) -> None:
    modules = helper_modules(list(tests.values()))
    assert {"public", "student", "space", "wire", "tensors"} <= modules.keys()
    assert "probes" not in modules


def test_points_title_and_hint_are_as_marked(tests: dict[str, str]) -> None:
    assert "name='Two columns of two values', points=1" in tests["q2_1"]
    assert "failure_message='Which dimension is a column?'" in tests["q2_1"]


def test_quiz_tests_name_options_and_no_answer(tests: dict[str, str]) -> None:
    assert (
        "filled_in_matching(student, 'kinds', ['min_max', 'z_score'], ['range', 'spread'])"
        in (tests["q1_2"])
    )
    assert "filled_in_choice(student, 'usual', ['a', 'b'])" in tests["q1_3"]
    assert "12288" not in tests["q1_4"]


def write(folder: Path, text: str) -> Path:
    path = folder / "test_q9_9.py"
    path.write_text('import pytest\npytestmark = pytest.mark.question("q9_9")\n' + text)
    return path


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("@pytest.mark.slow\ndef test_a(student): ...\n", 3, "pytest.mark.slow means nothing"),
        ("N = 1\n@pytest.mark.points(N)\ndef test_a(student): ...\n", 4, "is not written out"),
        ("def test_a(student)\n    pass\n", 3, "not Python"),
    ],
)
def test_a_fault_in_a_check_file_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    with pytest.raises(AssignmentError) as caught:
        read_check_file(write(tmp_path, text))
    assert words in caught.value.what
    assert caught.value.where.endswith(f"test_q9_9.py:{line}")


def test_a_check_without_a_question_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "test_a.py"
    path.write_text("def test_a(student): ...\n")
    with pytest.raises(AssignmentError, match="belongs to no question"):
        read_check_file(path)


def test_a_public_check_with_other_fixtures_is_refused(master_folder: Path) -> None:
    file = master_folder / "checks" / "test_q2_2.py"
    file.write_text(file.read_text().replace("def test_example(student)", "def test_example(seed)"))
    with pytest.raises(AssignmentError, match="asks for seed"):
        public_test_files(load_master(master_folder))


def test_a_public_check_that_imports_more_than_students_have_is_refused(
    master_folder: Path,
) -> None:
    file = master_folder / "checks" / "test_q2_2.py"
    text = file.read_text().replace("import torch\n", "import torch\nimport pandas\n")
    file.write_text(text.replace("expected = 3**0.5", "expected = pandas.NA"))
    with pytest.raises(AssignmentError, match="pandas is imported"):
        public_test_files(load_master(master_folder))


def test_an_automatic_question_without_public_check_is_refused(master_folder: Path) -> None:
    file = master_folder / "checks" / "test_q2_2.py"
    file.write_text(file.read_text().replace('question("q2_2")', 'question("q2_1")'))
    with pytest.raises(AssignmentError, match="q2_2 has automatic points and no public check"):
        public_test_files(load_master(master_folder))
