"""Every module has tests that somebody can find: a file of its name, or a row of tests/guards.toml."""

from __future__ import annotations

import re

from tools import guards


def test_every_module_has_a_test_file_of_its_name_or_a_row() -> None:
    assert [module for module in guards.modules() if not guards.guards(module)] == []


def test_every_row_names_a_module_and_files_that_are_there() -> None:
    rows = guards.table()
    assert sorted(set(rows) - set(guards.modules())) == []
    missing = [
        (module, file) for module in rows for file in rows[module] if not (guards.ROOT / "tests" / file).is_file()
    ]
    assert missing == []


def test_no_row_repeats_the_file_of_a_modules_own_name() -> None:
    own = {module: guards.named(module) for module in guards.table()}
    twice = [m for m, files in guards.table().items() if {guards.ROOT / "tests" / file for file in files} & set(own[m])]
    assert twice == []


def test_a_test_file_named_like_a_module_of_core_or_aws_stands_where_the_mirror_has_it() -> None:
    units = [*(guards.ROOT / "tests" / "unit" / "core").rglob("test_*.py")]
    units += (guards.ROOT / "tests" / "unit" / "aws").rglob("test_*.py")
    expected = {file for module in guards.modules() for file in guards.named(module)}
    assert [str(file) for file in units if file not in expected] == []


def test_the_files_of_a_module_are_those_of_its_name_first() -> None:
    found = [str(file.relative_to(guards.ROOT)) for file in guards.guards("core/messaging/sweep")]
    assert found[:2] == ["tests/unit/core/messaging/test_sweep.py", "tests/integration/messaging/test_sweep.py"]
    assert all(re.fullmatch(r"tests/\w+/.*test_\w+\.py", file) for file in found)
