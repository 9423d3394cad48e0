"""Quotas hold for requests at the same time, and for teams that are older than they."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.aws.access.accounts import DynamoAccountStore
from nereid.aws.messaging.event_types import DynamoEventTypeStore
from nereid.aws.table import Table
from nereid.errors import LimitReached, Unavailable
from nereid.models.event_type import EventType
from nereid.models.team import ApiToken, Quotas, Scope
from tests.support.cloud import Cloud, World

IN_MEMORY = True
NOW = datetime.now(UTC)


def api_token(team_id: str) -> ApiToken:
    members: dict[str, Any] = {"team_id": team_id, "id": str(uuid.uuid4()), "name": "t", "permissions": ["post_events"]}
    return ApiToken(default_environment="dev", created_at=NOW, expires_at=NOW + timedelta(days=1), **members)


def event_type(name: str) -> EventType:
    return EventType(event_type=name, environment="dev", notifications=[], created_at=NOW, updated_at=NOW)


def test_of_many_tokens_at_once_no_more_are_made_than_there_may_be(cloud: Cloud, world: World) -> None:
    store = DynamoAccountStore(Table(world.runtime.clients, "AccountsTable"), Quotas(api_tokens=4))

    def make(_: int) -> None:
        try:
            store.create_api_token(api_token(world.team_id))
        except (LimitReached, Unavailable):
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(24)))
    assert len(store.api_tokens(world.team_id)) == 4
    assert cloud.calls["dynamodb:Scan"] == 0


def test_of_many_event_types_at_once_no_more_are_made_than_there_may_be(world: World) -> None:
    store = DynamoEventTypeStore(Table(world.runtime.clients, "ActivityTable"), 4)

    def make(number: int) -> None:
        try:
            store.put(world.scope, event_type(f"e{number}"))
        except (LimitReached, Unavailable):
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(24)))
    assert len(store.page(world.scope, None, 100)[0]) == 4


def test_event_types_that_are_older_than_their_count_are_counted(world: World) -> None:
    table = Table(world.runtime.clients, "ActivityTable")
    store = DynamoEventTypeStore(table, 2)
    for name in ("a", "b"):
        store.put(world.scope, event_type(name))
    table.delete(f"{world.team_id}#quotas", "event_types")
    with pytest.raises(LimitReached):
        store.put(world.scope, event_type("c"))
    table.delete(f"{world.team_id}#quotas", "event_types")
    store.delete(world.scope, "a")
    store.put(world.scope, event_type("c"))
    assert store.get(Scope(world.team_id, world.identifier), "c") is not None
