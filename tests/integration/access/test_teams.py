"""Environments: changes made at once are all kept, and those of earlier releases can be changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from nereid.core.access.teams import update_environment
from nereid.models.team import Channels, ClientAccess, Environment
from tests.support.cloud import Cloud, World

IN_MEMORY = True


def change(world: World, name: str | None = None, **access: Any) -> Environment:
    """Change an environment."""
    given = ClientAccess.model_validate(access)
    store = world.runtime.account_store
    return update_environment(
        store, world.team_id, world.identifier, name=name, channels=Channels(), client_access=given
    )


def test_of_changes_at_once_each_is_kept(cloud: Cloud) -> None:
    world = World(cloud)
    changes: list[dict[str, Any]] = [{"identity": "verified"}, {"inbox": "open"}, {"hourly": {"sms_per_key": 1}}]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda access: change(world, **access), changes))
    stored = world.runtime.account_store.environment(world.team_id, world.identifier)
    assert stored
    access = stored.client_access
    assert (access.identity, access.inbox, access.hourly.sms_per_key) == ("verified", "open", 1)


def test_an_environment_of_an_earlier_release_has_the_defaults_and_can_be_changed(cloud: Cloud) -> None:
    world = World(cloud)
    store = world.runtime.account_store
    table = world.runtime._table("accounts_table")
    item = table.get(f"team#{world.team_id}", f"environment#{world.identifier}")
    assert item
    del item["client_access"], item["version"]
    table.put(item)
    found = store.environment(world.team_id, world.identifier)
    assert found
    assert (found.client_access, found.version) == (ClientAccess(), 1)
    assert change(world, "Other").name == "Other"
