"""Whose turn it is to be swept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from nereid.aws.messaging.sweep_state import DynamoSweepState
from nereid.models.team import Scope


def test_the_turn_is_passed_on_and_in_the_end_to_nobody() -> None:
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    table: Any = SimpleNamespace(
        put=lambda item: kept.update({(item["pk"], item["sk"]): item}),
        get=lambda pk, sk, **_: kept.get((pk, sk)),
        delete=lambda pk, sk: kept.pop((pk, sk)),
    )
    state = DynamoSweepState(table)
    assert state.turn() is None
    state.pass_turn(Scope("t", "dev"))
    assert state.turn() == Scope("t", "dev")
    state.pass_turn(None)
    assert state.turn() is None
