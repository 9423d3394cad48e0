"""What a replay does with each delivery of a message, and which replays travel together."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.messaging.replay_message import _effect, _is_work, new_replay, replay_batches
from nereid.models.delivery import Replayed
from nereid.models.team import Scope


def effect(*, status: str = "pending", to: str | None = "sam", configured: bool = True, forced: bool = False) -> str:
    delivery: Any = SimpleNamespace(status=status, to=to)
    return _effect(delivery, is_configured=configured, forced=forced)


def test_what_is_pending_is_queued_as_long_as_its_notification_is_there() -> None:
    assert effect() == "queued"
    assert effect(configured=False) == "removed"


def test_what_is_final_stays_so_unless_it_is_forced() -> None:
    assert effect(status="success") == "final"
    assert effect(status="success", forced=True) == "queued"
    assert effect(status="success", forced=True, configured=False) == "removed"


def test_what_has_no_recipient_is_final_even_if_it_is_forced() -> None:
    assert effect(status="failed", to=None, forced=True) == "final"
    assert effect(to=None) == "final"


@pytest.mark.parametrize(
    ("effect", "status", "expected"),
    [
        ("queued", "pending", True),
        ("queued", "success", True),
        ("removed", "pending", True),
        ("removed", "success", False),
        ("final", "success", False),
        ("final", "pending", False),
    ],
)
def test_there_is_work_where_something_is_queued_or_has_to_end(effect: Any, status: str, *, expected: bool) -> None:
    delivery: Any = SimpleNamespace(status=status)
    assert _is_work(Replayed(delivery, effect)) is expected


@pytest.mark.parametrize(
    ("deliveries", "batches"),
    [
        ([], []),
        ([1], [1]),
        ([1] * 25, [25]),
        ([1] * 26, [25, 1]),
        ([1] * 51, [25, 25, 1]),
        ([250, 250], [2]),
        ([250, 251], [1, 1]),
        ([501, 1, 1], [1, 2]),
        ([100, 400, 100, 400], [2, 2]),
    ],
)
def test_replays_travel_together_up_to_25_messages_and_500_deliveries(
    deliveries: Sequence[int], batches: list[int]
) -> None:
    replays = [(new_replay(f"m{number}"), each) for number, each in enumerate(deliveries)]
    made = list(replay_batches(Scope("t", "dev"), replays))
    assert [len(batch.replays) for batch in made] == batches
    assert [replay for batch in made for replay in batch.replays] == [replay for replay, _ in replays]
