"""When a token that the platform refused is dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.aws.audience.push_tokens import DynamoPushTokens
from nereid.models.team import Scope

AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
BEFORE, AFTER = AT - timedelta(seconds=1), AT + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("updated_at", "revived_at", "dropped"),
    [
        (BEFORE, BEFORE, True),
        (AT, AT, True),
        (AFTER, BEFORE, False),
        (BEFORE, AFTER, False),
        (BEFORE, None, False),
    ],
)
def test_a_token_is_dropped_if_it_was_revived_and_not_registered_anew_since(
    updated_at: datetime,
    revived_at: datetime | None,
    dropped: bool,  # noqa: FBT001
) -> None:
    contact = SimpleNamespace(updated_at=updated_at, revived_at=revived_at)
    deleted: list[Any] = []
    users: Any = SimpleNamespace(
        holders=lambda *_: [("user", contact)], delete_contact_info=lambda *given: deleted.append(given[1:])
    )
    clock: Any = None
    DynamoPushTokens(users, clock).refused(Scope("t", "dev"), "token", AT)
    assert deleted == ([("user", contact)] if dropped else [])
