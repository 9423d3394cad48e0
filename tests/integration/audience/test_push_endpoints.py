"""Endpoints of push tokens, kept for all sandboxes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nereid.aws.audience.push_endpoints import DynamoPushEndpoints
from nereid.aws.table import Table, seconds
from nereid.models.team import Scope
from tests.support.cloud import Cloud, World

GET = "dynamodb:GetItem"
TOKEN = "t" * 4096


def sandbox(world: World) -> DynamoPushEndpoints:
    """Return the store as a new sandbox has it."""
    return DynamoPushEndpoints(Table(world.runtime.clients, "AudienceTable"), world.runtime.clock)


def test_what_a_sandbox_keeps_another_finds_and_remembers(cloud: Cloud, world: World) -> None:
    one, other = sandbox(world), sandbox(world)
    assert one.get(world.scope, "app", TOKEN) is None
    one.keep(world.scope, "app", TOKEN, "endpoint")
    cloud.calls.clear()
    assert one.get(world.scope, "app", TOKEN) == "endpoint"
    assert cloud.calls[GET] == 0
    assert [other.get(world.scope, "app", TOKEN) for _ in range(3)] == ["endpoint"] * 3
    assert cloud.calls[GET] == 1


def test_a_token_that_was_not_known_is_looked_for_again(world: World) -> None:
    one, other = sandbox(world), sandbox(world)
    assert other.get(world.scope, "app", TOKEN) is None
    one.keep(world.scope, "app", TOKEN, "endpoint")
    assert other.get(world.scope, "app", TOKEN) == "endpoint"


def test_the_latest_endpoint_counts(world: World) -> None:
    store = sandbox(world)
    for endpoint in ("first", "second"):
        store.keep(world.scope, "app", TOKEN, endpoint)
    assert store.get(world.scope, "app", TOKEN) == sandbox(world).get(world.scope, "app", TOKEN) == "second"


def test_a_forgotten_endpoint_is_gone(world: World) -> None:
    store = sandbox(world)
    store.keep(world.scope, "app", TOKEN, "endpoint")
    store.forget(world.scope, "app", TOKEN)
    store.forget(world.scope, "app", TOKEN)
    assert store.get(world.scope, "app", TOKEN) is None
    assert sandbox(world).get(world.scope, "app", TOKEN) is None


@pytest.mark.parametrize("other", ["application", "token", "environment", "team"])
def test_an_endpoint_is_of_one_token_with_one_application_in_one_environment(world: World, other: str) -> None:
    store = sandbox(world)
    store.keep(world.scope, "app", TOKEN, "endpoint")
    team, environment = world.scope
    asked = {
        "application": (world.scope, "another", TOKEN),
        "token": (world.scope, "app", TOKEN[1:]),
        "environment": (Scope(team, "another"), "app", TOKEN),
        "team": (Scope("another", environment), "app", TOKEN),
    }
    assert store.get(*asked[other]) is None


def test_an_endpoint_expires(cloud: Cloud, world: World) -> None:
    now = world.runtime.clock.now()
    sandbox(world).keep(world.scope, "app", TOKEN, "endpoint")
    [item] = [
        request["Item"] for request in cloud.sent("dynamodb:PutItem") if request["Item"]["sk"]["S"][:9] == "endpoint#"
    ]
    expires_at = int(item["expires_at"]["N"])
    assert 0 <= expires_at - seconds(now + timedelta(days=90)) < 60
