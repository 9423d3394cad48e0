"""Pages of users, and what the parts of a write count on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from nereid.aws.audience.users import DynamoUserStore
from nereid.core.audience.users import new_user
from nereid.models.team import Scope
from nereid.models.user import ContactInfo

SCOPE = Scope("t", "dev")
NOW = datetime(2026, 1, 31, tzinfo=UTC)


class Table:
    """Gives writes as the items that they write, and notes what is listed."""

    def __init__(self) -> None:
        self.limits: list[int] = []

    def query(self, *_: object, limit: int, **__: object) -> Any:
        self.limits.append(limit)
        return iter(())

    def get_many(self, *_: object) -> dict[Any, Any]:
        return {}

    def writing(self, item: dict[str, Any], *_: object) -> dict[str, Any]:
        return item


@pytest.mark.parametrize(("total", "limits"), [(10, []), (11, [11] * 8)])
def test_a_page_behind_the_last_user_lists_nothing(
    total: int, limits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DynamoUserStore, "_count", lambda *_: total)
    table: Any = Table()
    assert DynamoUserStore(table).page(SCOPE, 3, 5) == ([], total)
    assert table.limits == limits


def test_a_write_counts_the_version_on_that_was_read() -> None:
    table: Any = Table()
    users = DynamoUserStore(table)
    contact = ContactInfo(type="mobile_number", value="+15550001", created_at=NOW, updated_at=NOW, version=7)
    user = new_user("u", NOW, {}).model_copy(update={"version": 7, "contact_infos": [contact]})
    assert users.putting(SCOPE, user, [contact])[0]["version"] == 8
    assert users.putting(SCOPE, user.model_copy(update={"contact_infos": []}), [contact])[0]["version"] == 7
    assert users.saving(SCOPE, user)["version"] == 8
