"""A message that is stored already, and one that expires while it is read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nereid.aws.errors import ConditionFailed
from nereid.aws.messaging import messages as module
from nereid.aws.messaging.messages import DynamoMessageStore
from nereid.errors import Unavailable
from nereid.models.team import Scope

SCOPE = Scope("t", "dev")
PLAN: Any = SimpleNamespace(planned_at=SimpleNamespace(timestamp=lambda: 0), deliveries=lambda *_: [])
MESSAGE: Any = SimpleNamespace(key="m")


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that adds a message where one is stored as it says."""
    monkeypatch.setattr(module, "_message_item", lambda *_: {})
    monkeypatch.setattr(DynamoMessageStore, "_plan_members", lambda *_: {})
    monkeypatch.setattr(DynamoMessageStore, "_read", lambda _, item: item)

    def added(old: dict[str, Any], found: dict[str, Any] | None) -> Any:
        def put(*_: object) -> None:
            raise ConditionFailed(old=old)

        table: Any = SimpleNamespace(put=put, get=lambda *_: found)
        return DynamoMessageStore(table).add(SCOPE, MESSAGE, PLAN)

    return added


def test_what_is_stored_already_is_returned(added: Any) -> None:
    assert added({"id": "old"}, {"id": "found"}) == {"id": "old"}
    assert added({}, {"id": "found"}) == {"id": "found"}


def test_a_message_that_expires_just_then_is_tried_again(added: Any) -> None:
    with pytest.raises(Unavailable):
        added({}, None)
