"""What becomes of a deleted environment's data, keys, and messages and deliveries on their way."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from nereid.core.access.teams import create_client_key, create_environment
from nereid.core.messaging.erase import Eraser
from nereid.errors import BeingDeleted, NotFound
from nereid.models.team import DELETION_SETTLES, Channels, ClientKey, Environment
from nereid.ports.access import UserTokenCipher
from tests.support.cloud import Cloud, World
from tests.support.notifications import INBOX, MAIL, SAM

IN_MEMORY = True


class Later:
    """A clock that is ahead."""

    def __init__(self, world: World, ahead: timedelta) -> None:
        self._clock, self._ahead = world.runtime.clock, ahead

    def now(self) -> datetime:
        return self._clock.now() + self._ahead


def eraser(world: World, ahead: timedelta = DELETION_SETTLES) -> Eraser:
    made = Eraser(**{**vars(world.runtime.eraser), "clock": Later(world, ahead)})
    assert isinstance(made, Eraser)
    return made


def again(world: World) -> Environment:
    """Make the environment anew."""
    runtime = world.runtime
    return create_environment(
        runtime.account_store, runtime.clock, world.team_id, world.identifier, None, mock=False, channels=Channels()
    )


def delete(world: World) -> None:
    world.runtime.account_store.delete_environment(world.scope, world.runtime.clock.now())


def fill(world: World, messages: int = 3, users: int = 3) -> None:
    world.configure("login", MAIL, INBOX)
    for number in range(users):
        world.user(f"u{number}", ("email", f"u{number}@example.com"), name="Sam")
    for number in range(messages):
        world.ingest("login", user_id=f"u{number % users}", data={"otp": number})
    world.cloud.pump("message", "email")


def left(cloud: Cloud, world: World) -> list[str]:
    """Return the keys of all that is stored of the environment in the tables of data, but what expires by itself."""
    assert cloud.memory is not None
    prefix = "#".join(world.scope)
    return [
        item["pk"]["S"]
        for table in ("AudienceTable", "ActivityTable")
        for item in cloud.memory.items(table)
        if item["pk"]["S"].startswith(prefix) and "expires_at" not in item
    ]


def test_the_inboxes_of_ids_that_nobody_made_users_of_are_erased(cloud: Cloud, world: World) -> None:
    world.configure("login", INBOX)
    world.ingest("login", user_id="nobody")
    world.cloud.pump("message")
    assert len(world.runtime.inbox.after(world.scope, "nobody", None, 10)) == 1
    delete(world)
    while list(world.runtime.account_store.deletions()):
        assert eraser(world).erase(lambda: True) == []
    assert len(world.runtime.inbox.after(world.scope, "nobody", None, 10)) == 0


def test_all_data_of_a_deleted_environment_are_erased_and_its_identifier_is_free_then(
    cloud: Cloud, world: World
) -> None:
    fill(world)
    assert left(cloud, world)
    delete(world)
    with pytest.raises(BeingDeleted):
        again(world)
    runs = 0
    while list(world.runtime.account_store.deletions()):
        assert eraser(world).erase(lambda: True) == []
        runs += 1
    assert runs == 2  # one that finds nothing more
    assert left(cloud, world) == []
    assert world.runtime.messages.arrivals(world.scope, None, Later(world, DELETION_SETTLES).now(), 10).messages == []
    again(world)
    assert world.runtime.users.page(world.scope, 1, 10) == ([], 0)


def test_the_data_of_other_environments_stay(cloud: Cloud, world: World) -> None:
    other = World(cloud)
    fill(other)
    before = left(cloud, other)
    fill(world)
    delete(world)
    for _ in range(2):
        eraser(world).erase(lambda: True)
    assert left(cloud, other) == before
    assert left(cloud, world) == []


def test_nothing_is_erased_while_functions_may_still_know_it(cloud: Cloud, world: World) -> None:
    fill(world)
    delete(world)
    before = left(cloud, world)
    eraser(world, DELETION_SETTLES - timedelta(seconds=5)).erase(lambda: True)
    assert left(cloud, world) == before


def test_a_run_without_time_is_gone_on_with(cloud: Cloud, world: World) -> None:
    fill(world, users=4)
    delete(world)
    for _ in range(200):
        eraser(world).erase(partial(next, iter([True] * 6 + [False] * 99)))
        if not list(world.runtime.account_store.deletions()):
            break
    assert left(cloud, world) == []


def test_a_step_that_fails_is_repeated_and_keeps_no_other_from_its_turn(cloud: Cloud, world: World) -> None:
    other = World(cloud)
    for each in (world, other):
        fill(each)
        delete(each)
    cloud.fail("dynamodb:BatchWriteItem", ("InternalServerError", 500))
    assert len(eraser(world).erase(lambda: True)) == 1
    for _ in range(3):
        assert eraser(world).erase(lambda: True) == []
    assert left(cloud, world) + left(cloud, other) == []


def test_the_function_that_erases_may_do_all_that_it_takes(cloud: Cloud, world: World) -> None:
    fill(world)
    runtime = world.runtime
    accounts, scope = runtime.account_store, world.scope
    accounts.delete_environment(scope, runtime.clock.now() - 2 * DELETION_SETTLES)
    # As one that a request made while its environment was deleted.
    key = ClientKey(
        team_id=scope.team_id,
        id="late",
        environment=scope.environment,
        scope="secret",
        shown="sk_12345",
        key_hash="h",
        created_at=runtime.clock.now(),
    )
    accounts.create_client_key(key)
    for _ in range(5):
        cloud.invoke("pipeline/sweep_deliveries", {}, milliseconds=240_000)
    assert left(cloud, world) == []
    assert accounts.client_key("h") is None
    assert again(world).identifier == world.identifier


def test_its_keys_are_revoked_at_once(world: World) -> None:
    accounts = world.runtime.account_store

    def cipher() -> UserTokenCipher:
        return world.runtime.user_token_cipher

    record, _ = create_client_key(
        accounts, cipher, world.runtime.clock, world.team_id, world.identifier, "secret", None
    )
    kept, _ = create_client_key(accounts, cipher, world.runtime.clock, world.team_id, "first", "secret", None)
    delete(world)
    assert accounts.client_key(record.key_hash) is None
    assert [key.id for key in accounts.client_keys(world.team_id)] == [kept.id]


def test_it_is_neither_found_nor_listed_nor_deleted_again(world: World) -> None:
    accounts = world.runtime.account_store
    delete(world)
    assert accounts.environment(world.team_id, world.identifier) is None
    assert [each.identifier for each in accounts.environments(world.team_id)] == ["first"]
    assert world.scope not in list(accounts.scopes())
    with pytest.raises(NotFound):
        delete(world)


def test_a_message_on_its_way_to_it_is_dropped(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    world.ingest("login", contact_infos=SAM)
    delete(world)
    assert cloud.pump("message") == []
    assert cloud.pump("email") == []
    assert cloud.calls["sesv2:SendEmail"] == 0


def test_a_delivery_on_its_way_is_dropped_and_one_of_a_new_environment_of_the_name_is_sent(
    cloud: Cloud, world: World
) -> None:
    world.configure("login", MAIL)
    world.ingest("login", contact_infos=SAM)
    cloud.pump("message")
    delete(world)
    records = cloud.receive("email")
    assert cloud.hand_over("email", records) == []
    assert cloud.calls["sesv2:SendEmail"] == 0
    for record in records:
        job: dict[str, Any] = json.loads(record["body"])
        job["planned_at"] = (world.runtime.clock.now() + DELETION_SETTLES + timedelta(seconds=1)).isoformat()
        record["body"] = json.dumps(job)
    cloud.hand_over("email", records)
    assert cloud.calls["sesv2:SendEmail"] == 1
