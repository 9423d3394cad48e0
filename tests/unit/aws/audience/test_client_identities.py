"""What a merge does when somebody else writes what it moves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nereid.aws.audience.client_identities import DynamoIdentityStore
from nereid.errors import Conflict, NotFound
from nereid.models.team import Scope
from tests.support.virtual_time import VirtualTime

SCOPE = Scope("t", "dev")
USER: Any = SimpleNamespace(generation="g")
ITEM = {"pk": "old", "sk": "app#1", "user_id": "anon:a"}


class Table:
    """Has one item, or none, and gives writes as what they are asked for."""

    def __init__(self, *there: dict[str, Any] | None) -> None:
        self.there = list(there)

    def get(self, *_: object) -> dict[str, Any] | None:
        return self.there.pop(0)

    def deleting(self, _pk: str, _sk: str, condition: str, values: Any = None) -> Any:
        return condition, values

    def requiring(self, *_: object) -> str:
        return "requiring"

    def writing(self, item: dict[str, Any]) -> dict[str, Any]:
        return item


class Users:
    """Takes no write at first."""

    def __init__(self, conflicts: int, user: Any = USER) -> None:
        self.conflicts, self.user = conflicts, user
        self.written: list[Any] = []

    def load(self, *_: object) -> Any:
        return self.user

    def saving(self, *_: object) -> str:
        return "saving"

    def write(self, *writes: Any) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise Conflict
        self.written.append(writes)


def store(table: Table, users: Users) -> DynamoIdentityStore:
    return DynamoIdentityStore(table, users)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    VirtualTime(monkeypatch)


def test_a_notification_that_is_read_while_it_is_moved_takes_the_mark_along() -> None:
    users = Users(conflicts=1)
    store(Table({**ITEM, "read_at": "now"}), users)._move_notification(SCOPE, "u", dict(ITEM))
    [((condition, values), _, moved)] = users.written
    assert condition.endswith("read_at = :read_at")
    assert values == {":read_at": "now"}
    assert (moved["read_at"], moved["user_id"], moved["sk"]) == ("now", "u", "app#1")
    assert moved["pk"] != "old"


def test_a_notification_that_was_moved_by_another_run_is_left_there() -> None:
    users = Users(conflicts=1)
    store(Table(None), users)._move_notification(SCOPE, "u", dict(ITEM))
    assert users.written == []


def test_nothing_is_moved_to_a_user_who_is_gone() -> None:
    with pytest.raises(NotFound):
        store(Table(), Users(0, None))._move_notification(SCOPE, "u", dict(ITEM))


def test_what_another_run_took_away_is_no_conflict() -> None:
    store(Table(None), Users(conflicts=1))._take_away(SCOPE, USER, ITEM, [])
    with pytest.raises(Conflict):
        store(Table(ITEM), Users(conflicts=1))._take_away(SCOPE, USER, ITEM, [])
