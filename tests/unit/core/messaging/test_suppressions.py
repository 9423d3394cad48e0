"""The list of suppressions as a team asks for it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.messaging.suppressions import add_suppression, list_suppressions, remove_suppression
from nereid.errors import NotFound

SAM: Any = SimpleNamespace(email="sam@example.com", reasons={"bounce": 1}, is_erased=False)
CLOCK: Any = SimpleNamespace(now=lambda: datetime(2026, 1, 31, tzinfo=UTC))


def listed(email: str, after: str | None = None, reason: Any = None) -> list[Any]:
    """Return what is listed of an address, of which only Sam's is suppressed."""
    store: Any = SimpleNamespace(get=lambda _team, email: SAM if email.lower() == SAM.email else None)
    found, position = list_suppressions(store, "t", after, 10, email, reason)
    assert position is None
    return found


@pytest.mark.parametrize("after", [None, "rob@example.com"])
@pytest.mark.parametrize("reason", [None, "bounce"])
def test_an_address_that_is_suppressed_is_listed_alone(after: str | None, reason: str | None) -> None:
    assert listed("Sam@example.com", after, reason) == [SAM]


@pytest.mark.parametrize("after", ["sam@example.com", "tim@example.com"])
def test_an_address_is_not_listed_after_itself(after: str) -> None:
    assert listed("Sam@example.com", after) == []


def test_an_address_is_not_listed_for_another_reason() -> None:
    assert listed("sam@example.com", reason="complaint") == []


def test_an_address_that_is_not_suppressed_is_not_listed() -> None:
    assert listed("rob@example.com") == []


def test_a_suppression_that_is_removed_while_it_is_made_is_not_there() -> None:
    store: Any = SimpleNamespace(add=lambda *_: None, get=lambda *_: None)
    listener: Any = SimpleNamespace(suppressed=lambda *_: None)
    with pytest.raises(NotFound):
        add_suppression(store, listener, CLOCK, "t", "sam@example.com", "bounce")


@pytest.mark.parametrize(("reason", "left"), [("complaint", ["bounce"]), (None, [])])
def test_who_listens_is_told_what_is_left_before_a_reason_is_removed(reason: Any, left: list[str]) -> None:
    told: list[Any] = []
    both = SimpleNamespace(reasons={"bounce": 1, "complaint": 1})
    store: Any = SimpleNamespace(get=lambda *_: both, remove=lambda *_: told.append("removed"))
    listener: Any = SimpleNamespace(reopened=lambda *given: told.append(given))
    remove_suppression(store, listener, CLOCK, "t", "sam@example.com", reason)
    assert told == [("t", "sam@example.com", left), "removed"]
