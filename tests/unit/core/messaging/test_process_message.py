"""A message whose user is gone is not stored, so that it is taken up again for the user that the ids reach then."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.messaging import process_message
from nereid.core.messaging.process_message import Processor, _matches
from nereid.errors import NotFound


def test_a_message_of_a_user_that_is_gone_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_message, "configuration", lambda *_: None)
    world: Any = SimpleNamespace(
        clock=SimpleNamespace(now=lambda: datetime(2026, 1, 31, tzinfo=UTC)),
        recent=None,
        users=SimpleNamespace(load=lambda *_: None),
    )
    environment: Any = SimpleNamespace(scope="scope")
    message: Any = SimpleNamespace(user_id="u")
    with pytest.raises(NotFound, match="user"):
        Processor.process(world, environment, message, user_exists=True)


@pytest.mark.parametrize(
    ("filterable", "expected"),
    [("iOS 16.3", True), ("ios", True), ("iosx", False), ("my ios", False), (None, False)],
)
def test_a_filterable_is_one_of_the_words_or_begins_with_one(filterable: str | None, *, expected: bool) -> None:
    assert _matches(filterable, ["web", "IOS"]) is expected
