"""A message whose user is gone is not stored, so that it is taken up again for the user that the ids reach then."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.audience.users import new_user
from nereid.core.messaging.process_message import Processor, _matches, recipients_of
from nereid.errors import NotFound
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.models.user import ContactInfo


def test_a_user_that_was_there_and_is_gone_is_not_taken_for_one_without_contacts() -> None:
    world: Any = SimpleNamespace(users=SimpleNamespace(load=lambda *_: None))
    with pytest.raises(NotFound, match="user"):
        Processor.user(world, Scope("team", "dev"), "u")


@pytest.mark.parametrize(
    ("filterable", "expected"),
    [("iOS 16.3", True), ("ios", True), ("iosx", False), ("my ios", False), (None, False)],
)
def test_a_filterable_is_one_of_the_words_or_begins_with_one(filterable: str | None, *, expected: bool) -> None:
    assert _matches(filterable, ["web", "IOS"]) is expected


@pytest.mark.parametrize(("mark", "expected"), [(True, True), (False, False), (None, True)])
def test_an_address_that_an_earlier_release_stored_without_a_mark_counts_as_verified(
    mark: bool | None,  # noqa: FBT001
    expected: bool,  # noqa: FBT001
) -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    stored = ContactInfo(type="email", value="a@example.com", verified=mark, created_at=now, updated_at=now)
    user = new_user("u", now).model_copy(update={"contact_infos": [stored]})
    message = Message(message_id="m", event_type="x", source="client", received_at=now)
    assert [each.verified for each in recipients_of(message, user)] == [expected]


def test_whether_a_recipient_is_verified_is_not_kept() -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    contact_infos = [{"type": "email", "value": "a@example.com"}]
    message = Message(message_id="m", event_type="x", source="neptune", received_at=now, contact_infos=contact_infos)
    [recipient] = recipients_of(message, None)
    assert "verified" not in recipient.model_dump()
