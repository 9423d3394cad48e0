"""What every operation and function may cost: bench/budget.json. `make budget` writes it anew, for a review to see."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bench import budget, cold, counts, modules
from bench.operations import QUICK
from bench.sandboxes import SOURCE
from bench.world import World, opened

BUDGET = budget.read()
OPERATION = {one.key: one for one in QUICK}
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="functions are started as children of one process")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    # At half past an hour: near a full one, an overview looks for a message in both hours.
    now = datetime.now(UTC)
    with opened(SOURCE, ahead=(1800 - now.minute * 60 - now.second) % 3600) as world:
        yield world


def test_every_operation_has_a_budget() -> None:
    assert list(BUDGET["operations"]) == list(OPERATION)


def test_every_function_has_a_budget() -> None:
    assert list(BUDGET["functions"]) == list(modules.HANDLERS)


@needs_fork
@pytest.mark.parametrize("name", OPERATION)
def test_an_operation_keeps_its_budget(world: World, name: str) -> None:
    counted = counts.operation(world, world.sandboxes.quick, OPERATION[name])
    assert budget.over(BUDGET["operations"][name], counted) == []


@needs_fork
@pytest.mark.parametrize("name", modules.HANDLERS)
def test_the_first_request_of_a_function_keeps_its_budget(world: World, name: str) -> None:
    counted = counts.first_request(world, world.sandboxes.quick, name)
    assert budget.over(BUDGET["functions"][name], counted) == []


@needs_fork
@pytest.mark.parametrize("name", cold.HOT)
def test_a_first_request_loads_no_more_modules_than_its_budget_has(world: World, name: str) -> None:
    most: dict[str, Any] = BUDGET["functions"][name]
    assert modules.after_first(world, name) <= most["most_modules_then"]
