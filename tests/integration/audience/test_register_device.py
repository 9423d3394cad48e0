"""A push token that very many users hold moves to the one whose device registers it, in steps that may fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from nereid.core.audience import token_owners
from nereid.errors import Unavailable
from nereid.models.message import Identify
from nereid.models.user import ContactInfo
from tests.integration.audience.client_world import SCOPE, World, device, identify, who
from tests.support.cloud import tables
from tests.support.metered_dynamodb import MeteredDynamoDB

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
TOKEN = "kiosk"


@pytest.fixture
def world() -> World:
    return World(MeteredDynamoDB(tables()))


def held_by(world: World, how_many: int) -> None:
    """Have users hold the token, and one whose device has it."""
    world.do(device(who(None, "old"), "d-old", TOKEN))
    contact = ContactInfo(type="firebase_token", value=TOKEN, created_at=NOW, updated_at=NOW)
    for number in range(how_many - 1):
        world.do(identify(who(None, f"u{number}"), data={"n": number}))
        user = world.user(f"u{number}")
        assert user is not None
        world.users.put_contact_info(SCOPE, user, contact, new=True)


def holding(world: World) -> set[str]:
    return {owner.user_id for owner, _ in world.users.holders(SCOPE, "firebase_token", TOKEN)}


def failing_at(position: int, *, after: bool) -> Callable[[str, Callable[[], Any]], Any]:
    """Return a hook at which a transaction fails once, before or after it is done."""
    seen = 0

    def hook(operation: str, call: Callable[[], Any]) -> Any:
        nonlocal seen
        seen += operation == "transact_write_items"
        if operation == "transact_write_items" and seen == position:
            if after:
                call()
            raise Unavailable("down")
        return call()

    return hook


def test_a_token_that_500_users_hold_moves(world: World) -> None:
    held_by(world, 500)
    world.do(device(who(None, "new"), "d", TOKEN))
    assert holding(world) == {"new"}
    assert world.devices("old")["d-old"].token is None
    assert world.devices("new")["d"].token == TOKEN


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_step_that_fails_is_finished_by_the_repetition(world: World, when: str) -> None:
    held_by(world, 60)
    world.hook = failing_at(3, after=when == "after")
    with pytest.raises(Unavailable):
        world.do(device(who(None, "new"), "d", TOKEN))
    assert 0 < len(holding(world)) < 60
    world.do(device(who(None, "new"), "d", TOKEN))
    assert holding(world) == {"new"}


def test_nobody_has_it_beside_an_old_owner_while_the_steps_go_on(world: World) -> None:
    held_by(world, 60)
    world.hook = failing_at(3, after=False)
    with pytest.raises(Unavailable):
        world.do(device(who(None, "new"), "d", TOKEN))
    assert "new" not in holding(world)


def test_what_a_holder_changes_meanwhile_stays(world: World) -> None:
    held_by(world, 60)
    own: list[Identify] = [identify(who(None, f"u{number}"), data={"own": True}) for number in range(59)]

    def hook(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "transact_write_items" and own:
            world.hook = None
            world.do(own.pop())
            world.do(own.pop(0))
            world.hook = hook if len(own) > 50 else None
        return call()

    world.hook = hook
    world.do_in_the_end(device(who(None, "new"), "d", TOKEN))
    assert holding(world) == {"new"}
    changed = set(range(59)) - {int(str(each.who.external_id)[1:]) for each in own}
    assert len(changed) > 3
    for number in changed:
        user = world.user(f"u{number}")
        assert user is not None
        assert user.meta == {"n": number, "own": True}


def test_one_that_more_users_hold_than_a_call_takes_it_from_moves_by_repetition(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_owners, "MOST_HOLDERS", 40)
    held_by(world, 100)
    with pytest.raises(Unavailable):
        world.do(device(who(None, "new"), "d", TOKEN))
    assert len(holding(world)) == 60
    world.do_in_the_end(device(who(None, "new"), "d", TOKEN))
    assert holding(world) == {"new"}


def test_a_holder_who_is_gone_is_none(world: World) -> None:
    held_by(world, 3)
    world.audience.delete(f"{'#'.join(SCOPE)}#user#u0", "user")
    world.do(device(who(None, "new"), "d", TOKEN))
    assert {"new", "u0"} >= holding(world) >= {"new"}


def test_taking_a_token_from_one_user_reads_that_user_once(world: World) -> None:
    world.do(device(who(None, "new"), "d"))
    held_by(world, 1)
    spent = world.client.cost(lambda: world.do(device(who(None, "new"), "d", TOKEN)))
    # The new owner three times, the mark, the addresses, and the old owner.
    assert spent.read == 6
    assert world.devices("old")["d-old"].token is None


def test_finding_who_holds_a_token_reads_contact_infos_alone(world: World) -> None:
    held_by(world, 100)
    world.calls.clear()
    spent = world.client.cost(lambda: holding(world))
    assert dict(world.calls) == {"query": 1, "batch_get_item": 1}
    assert spent.read < 110
