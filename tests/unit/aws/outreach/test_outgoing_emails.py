"""What a repeated idempotency key finds."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.aws.errors import ConditionFailed
from nereid.aws.outreach.outgoing_emails import DynamoOutgoingEmailStore
from nereid.aws.table import seconds

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def store(**calls: Any) -> DynamoOutgoingEmailStore:
    table: Any = SimpleNamespace(**calls)
    return DynamoOutgoingEmailStore(table)


@pytest.mark.parametrize(("more", "found"), [(1, True), (0, False), (-1, False)])
def test_a_key_is_known_until_it_expires(more: int, found: bool) -> None:  # noqa: FBT001
    item = {"email_id": "e", "expires_at": seconds(NOW) + more, "queued": True, "fingerprint": "f"}
    known = store(get=lambda *_: item).repeated("t", "k", NOW)
    assert known == (("e", True, "f") if found else None)
    assert store(get=lambda *_: None).repeated("t", "k", NOW) is None


def test_a_key_that_is_free_is_the_mails_and_nothing_is_queued_yet() -> None:
    assert store(put=lambda *_: None).reserve("t", "k", "new", "f", NOW) == ("new", False, "f")


def test_a_key_that_is_taken_gives_the_mail_that_has_it() -> None:
    def put(*_: object) -> None:
        raise ConditionFailed(old={"email_id": "old"})

    assert store(put=put).reserve("t", "k", "new", "f", NOW) == ("old", False, None)
