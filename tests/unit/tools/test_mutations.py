"""Mutants change one place each, the same ones for the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import guards, mutants
from tools.mutations import Source


@pytest.fixture
def changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Return a function that gives what becomes of a line of source."""
    monkeypatch.setattr(guards, "LAYER", tmp_path)

    def changes(source: str) -> list[str]:
        (tmp_path / "module.py").write_text(f"{source}\n", encoding="utf-8")
        return [mutant.after.strip() for mutant in Source("module").mutants()]

    return changes


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = b < c", ["a = b <= c"]),
        ("a = b >= c", ["a = b > c"]),
        ("a = b is not c", ["a = b is c"]),
        ("a = 'é' in c", ["a = 'é' not in c"]),
        ("a = b and c or d", ["a = b or c or d", "a = b and c and d"]),
        ("a = b * 2", ["a = b / 2", "a = b * 3"]),
        ("a = True", ["a = False"]),
        ("a = not b", ["a = b"]),
        ("if a: b()", ["if not (a): b()", "if a: pass"]),
        ("if a == b: c = d", ["if a != b: c = d"]),
        ("raise A", ["pass"]),
        ("def a(): return b(1)", ["def a(): return None", "def a(): return b(2)"]),
    ],
)
def test_a_place_is_changed_and_nothing_else(changes: object, source: str, expected: list[str]) -> None:
    assert callable(changes)
    assert sorted(changes(source)) == sorted(expected)


@pytest.mark.parametrize(
    "source",
    [
        "a: Literal[1] = b",
        "def a(b: int | None) -> int | None: ...",
        "assert a == 1",
        "logger.info('a', 1)",
        "@dataclass(frozen=True)\nclass A: ...",
        "class A(Protocol):\n    def b(self, c: int = 1) -> bool: ...",
        "'''Text.'''",
    ],
)
def test_what_nobody_runs_or_only_a_log_shows_is_left_alone(changes: object, source: str) -> None:
    assert callable(changes)
    assert changes(source) == []


def test_a_seed_draws_the_same_mutants_again() -> None:
    modules = ["core/messaging/sweep", "aws/table"]
    first = mutants.draw(7, 20, modules)
    assert first == mutants.draw(7, 20, modules)
    assert first != mutants.draw(8, 20, modules)
    assert len(set(first)) == 20


def test_what_is_listed_as_changing_nothing_is_there() -> None:
    known = {mutant.key for module in guards.modules() for mutant in Source(module).mutants()}
    assert sorted(mutants.equivalents() - known) == []
