"""docs/security.md names tests that exist, for every threat; every file of tests/security holds one of its lines."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.infrastructure import stack

TEXT = (stack.ROOT / "docs" / "security.md").read_text(encoding="utf-8")
#: Threat, defence and tests of each line of the tables that have these three columns.
LINES = [
    tuple(cell.strip() for cell in line.strip().strip("|").split(" | "))
    for table in re.findall(r"\| threat \| defence \| tests \|\n\|[-|]+\|\n((?:\|.*\n)+)", TEXT)
    for line in table.splitlines()
]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@cache
def functions(path: Path) -> set[str]:
    """Return the names of all tests in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_there_are_threats_of_every_kind_of_attacker() -> None:
    assert len(LINES) > 35
    assert TEXT.count("| threat | defence | tests |") == 9


def test_a_line_has_a_threat_a_defence_and_names_of_tests() -> None:
    assert [line for line in LINES if len(line) != 3 or not all(line)] == []
    assert [line for line in LINES if not NAMED.search(line[2]) or re.sub(r"[ ,]", "", NAMED.sub("", line[2]))] == []


def test_a_line_names_tests_that_exist() -> None:
    named = {test for line in LINES for test in NAMED.findall(line[2])}
    files = {file: stack.ROOT / file for file, _ in named}
    assert [file for file, path in files.items() if not path.is_file()] == []
    assert [(file, name) for file, name in named if name and name not in functions(files[file])] == []


def test_a_file_of_security_tests_holds_a_line() -> None:
    files = [path.relative_to(stack.ROOT) for path in (stack.ROOT / "tests" / "security").glob("test_*.py")]
    assert files
    assert [file for file in files if f"`{file}::" not in TEXT] == []
