"""Pages of app notifications."""

from __future__ import annotations

from typing import Any

import pytest

from nereid.aws.audience.inbox import DynamoInbox
from nereid.models.team import Scope


@pytest.mark.parametrize(("total", "limits"), [(10, []), (11, [15])])
def test_a_page_behind_the_last_notification_lists_nothing(total: int, limits: list[int]) -> None:
    asked: list[int] = []

    class Table:
        """Has so many, and notes what is listed."""

        def count(self, *_: object, **__: object) -> int:
            return total

        def query(self, *_: object, limit: int, **__: object) -> Any:
            asked.append(limit)
            return iter(())

        def get_many(self, *_: object) -> dict[Any, Any]:
            return {}

    table: Any = Table()
    found = DynamoInbox(table).page(Scope("t", "dev"), "u", "all", 3, 5, oldest_first=False)
    assert (found.notifications, found.total) == ([], total)
    assert asked == limits
