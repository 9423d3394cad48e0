"""Mutants change one place each, the same ones for the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest
from coverage import CoverageData

from tools import guards, mutants
from tools.mutations import Mutant, Source


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
        ("raise A(f'{b if c else d}')", ["pass"]),
        ("LIMIT = 2", ["LIMIT = 3"]),
        ("_LIMIT = a(not b)", ["_LIMIT = a(b)"]),
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
        "_PAUSE = 0.2",
        "_PAGE, _PAGES = 100, 20",
        "_PAUSE: float = a(seconds=2)",
    ],
)
def test_what_no_behaviour_follows_from_is_left_alone(changes: object, source: str) -> None:
    assert callable(changes)
    assert changes(source) == []


def test_equal_lines_of_two_functions_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "LAYER", tmp_path)
    source = "class A:\n    def b(self):\n        raise\n\ndef b():\n    raise\n"
    (tmp_path / "module.py").write_text(source, encoding="utf-8")
    assert [mutant.key for mutant in Source("module").mutants()] == [
        "module A.b: raise => pass",
        "module b: raise => pass",
    ]


def test_a_mutant_is_judged_by_other_tests_that_run_its_line_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "core/messaging/sweep"
    mutant = Source(module).mutants()[-1]
    record = CoverageData(basename=str(tmp_path / "record"))
    own, other = "tests/unit/core/messaging/test_sweep.py::test_a", "tests/unit/test_b.py::test_b[1|2]"
    for context in (f"{own}|run", f"{other}|run", f"{other}|setup"):
        record.set_context(context)
        record.add_lines({str(guards.source(module)): [mutant.line]})
    record.set_context("tests/unit/test_b.py::test_c|run")
    record.add_lines({str(guards.source(module)): [mutant.line - 1]})
    record.write()
    monkeypatch.setattr(mutants, "RECORD", tmp_path / "record")
    assert mutants.others(mutant) == [other]
    # What runs when the module is imported is judged by all that run any of the module.
    record.set_context("")
    record.add_lines({str(guards.source(module)): [mutant.line]})
    record.write()
    assert mutants.others(mutant) == [other, "tests/unit/test_b.py::test_c"]


def test_a_seed_draws_the_same_mutants_again() -> None:
    modules = ["core/messaging/sweep", "aws/table"]
    first = mutants.draw(7, 20, modules)
    assert first == mutants.draw(7, 20, modules)
    assert first != mutants.draw(8, 20, modules)
    assert len(set(first)) == 20


def test_what_is_listed_as_changing_nothing_is_there() -> None:
    known = {mutant.key for module in guards.modules() for mutant in Source(module).mutants()}
    assert sorted(mutants.equivalents() - known) == []


class Copies:
    """Judges a mutant by its change alone."""

    def __init__(self, *_: object) -> None:
        self.judged: list[Mutant] = []

    def survives(self, mutant: Mutant) -> bool:
        self.judged.append(mutant)
        return mutant.after == mutant.before


class Broken(Copies):
    """Lets no mutant live, as if its tests failed for another reason."""

    def survives(self, mutant: Mutant) -> bool:
        self.judged.append(mutant)
        return False


@pytest.mark.parametrize(
    ("kind", "code", "verdict", "changed"),
    [(Copies, 0, "5 of 5 mutants killed", 5), (Broken, 1, "aws/table fail without a change", 0)],
)
def test_mutants_are_judged_if_their_tests_pass_without_a_change(
    kind: type[Copies],
    code: int,
    verdict: str,
    changed: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copies = kind()
    monkeypatch.setattr(mutants, "Copies", lambda *_: copies)
    options = ["--seed", "1", "--count", "5", "--control", "2", "--jobs", "1", "--recorded"]
    monkeypatch.setattr("sys.argv", ["mutants.py", *options, str(guards.source("aws/table"))])
    assert mutants.main() == code
    assert verdict in capsys.readouterr().out
    assert sum(mutant.after != mutant.before for mutant in copies.judged) == changed
    assert copies.judged[0].after == copies.judged[0].before
