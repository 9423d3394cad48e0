"""A notification reaches the inbox of the user that its recipient is now."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.messaging.app_inbox_channel import MAX_BYTES, AppInboxChannel
from nereid.errors import NotFound, ProviderRefused
from nereid.models.delivery import Rendered

JOB: Any = SimpleNamespace(
    scope="scope",
    delivery_id="d",
    recipient=SimpleNamespace(value="profile"),
    message=SimpleNamespace(event_type="login"),
    planned_at=datetime(2026, 1, 31, tzinfo=UTC),
)
RENDERED = Rendered({"title": "Hello", "body": "Sam"}, [])


def sent(successor: str | None, *there: str) -> list[tuple[str, str]]:
    """Send the notification where these users are; return the inboxes that it is in, and its id there."""
    inboxes: list[tuple[str, str]] = []

    def put(_scope: Any, notification: Any) -> None:
        if notification.user_id not in there:
            raise NotFound("user")
        inboxes.append((notification.user_id, notification.uuid))

    inbox: Any = SimpleNamespace(put=put)
    identities: Any = SimpleNamespace(successor=lambda *_: successor)
    assert AppInboxChannel(inbox, identities).send(JOB, RENDERED, lambda: None) is None
    return inboxes


def test_a_notification_is_put_into_the_inbox_of_its_user() -> None:
    assert sent(None, "profile") == [("profile", "d")]


def test_a_notification_follows_a_profile_to_the_user_that_it_became() -> None:
    assert sent("user", "user") == [("user", "d")]


def test_a_notification_of_a_profile_that_was_deleted_is_refused() -> None:
    with pytest.raises(ProviderRefused, match="user deleted"):
        sent(None)


def test_a_notification_that_is_too_large_is_refused() -> None:
    nobody: Any = None
    with pytest.raises(ProviderRefused):
        AppInboxChannel(nobody, nobody).send(JOB, Rendered({"title": "x" * MAX_BYTES, "body": ""}, []), lambda: None)
