"""docs/security.md names tests that exist, for every threat; every file of tests/security holds one of its lines."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

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
    assert TEXT.count("| threat | defence | tests |") == 7


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[0][:60])
def test_a_line_names_tests_that_exist(line: tuple[str, ...]) -> None:
    threat, defence, tests = line
    assert threat
    assert defence
    named = NAMED.findall(tests)
    assert named
    assert re.sub(r"[ ,]", "", NAMED.sub("", tests)) == ""
    for file, name in named:
        path = stack.ROOT / file
        assert path.is_file(), file
        assert not name or name in functions(path), f"{file} has no {name}"


@pytest.mark.parametrize(
    "path", sorted((stack.ROOT / "tests" / "security").glob("test_*.py")), ids=lambda path: path.name
)
def test_a_file_of_security_tests_holds_a_line(path: Path) -> None:
    assert f"`{path.relative_to(stack.ROOT)}::" in TEXT
