"""In whatever order a client's operations run, and wherever they break off, the same users come out of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nereid.aws.audience.users import user_key
from nereid.models.message import Alias, Identify, Operation, RegisterDevice, TrackEvent
from tests.integration.audience import client_world as worlds
from tests.integration.audience.client_world import SCOPE, Interleaver, World

#: Two people, each with the anonymous ids of two browsers.
PEOPLE = {"p1": ["a1", "a2"], "p2": ["b1", "b2"]}


@st.composite
def operations(draw: st.DrawFn) -> list[Operation]:
    """Give operations of both people in any order, some repeated, with an alias for each anonymous id among them."""
    drawn: list[Operation] = []
    for number in range(draw(st.integers(1, 5))):
        person = draw(st.sampled_from(sorted(PEOPLE)))
        anonymous_id = draw(st.sampled_from(PEOPLE[person]))
        whom = draw(
            st.sampled_from(
                [worlds.who(anonymous_id), worlds.who(None, person), worlds.who(anonymous_id, person)],
            )
        )
        kind = draw(st.sampled_from(["identify", "email", "device", "event"]))
        if kind == "identify":
            drawn.append(worlds.identify(whom, data={f"key{number}": number}, timezone="Europe/Rome"))
        elif kind == "email":
            drawn.append(worlds.identify(whom, email=f"{person}@example.com", data={f"key{number}": number}))
        elif kind == "device":
            device_id = draw(st.sampled_from(["phone", "tablet"]))
            drawn.append(worlds.device(whom, f"{person}-{device_id}", f"token-{person}-{device_id}"))
        else:
            drawn.append(worlds.event(whom, f"m{number}-{person}"))
    drawn += [worlds.alias(anonymous_id, person) for person, ids in PEOPLE.items() for anonymous_id in ids[:1]]
    drawn += [
        worlds.alias(anonymous_id, person)
        for person, ids in PEOPLE.items()
        for anonymous_id in ids[1:]
        if any(anonymous_id in str(operation) for operation in drawn)
    ]
    drawn += draw(st.lists(st.sampled_from(drawn), max_size=2))
    return draw(st.permutations(drawn))


def person_of(operation: Operation) -> str:
    """Return whom an operation is about."""
    if isinstance(operation, Alias):
        return operation.external_id
    if operation.who.external_id:
        return operation.who.external_id
    return next(person for person, ids in PEOPLE.items() if operation.who.anonymous_id in ids)


def check(world: World, done: list[Operation]) -> None:
    """Check that the world is what these operations make of it in any order."""
    assert world.user_ids() == {person_of(operation) for operation in done}
    for person, anonymous_ids in PEOPLE.items():
        own = [operation for operation in done if person_of(operation) == person]
        user = world.user(person)
        assert user is not None
        traits = [operation.traits for operation in own if isinstance(operation, Identify)]
        assert user.meta == {key: value for said in traits for key, value in (said.data or {}).items()}
        assert user.timezone == ("Europe/Rome" if any(said.timezone for said in traits) else None)
        registered = [operation.device for operation in own if isinstance(operation, RegisterDevice)]
        devices = {device.device_id: device for device in registered}
        found = world.devices(person)
        assert {name: device.token for name, device in found.items()} == {
            name: device.token for name, device in devices.items()
        }
        emails = {("email", said.email) for said in traits if said.email}
        tokens = {("firebase_token", device.token) for device in devices.values()}
        assert set(world.contacts(person)) == emails | tokens
        sent = {operation.message.message_id for operation in own if isinstance(operation, TrackEvent)}
        assert len(world.notifications(person)) == len(sent)
        for anonymous_id in anonymous_ids:
            link = world.identities.store.link_of(SCOPE, anonymous_id)
            assert link is None or (link.user_id, link.moving) == (person, None)
            assert not world.items(user_key(SCOPE, f"anon:{anonymous_id}"))
    holders = world.users.holders(SCOPE, "email", "p1@example.com")
    assert {owner.user_id for owner, _ in holders} <= {"p1"}


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(done=operations(), faults=st.lists(st.integers(1, 120), max_size=3))
def test_operations_in_any_order_that_break_off_anywhere_end_in_the_same_users(
    done: list[Operation], faults: list[int]
) -> None:
    with worlds.world(in_memory=True) as world:
        world.notify()
        interleaver = Interleaver([], faults)
        world.hook = interleaver.call
        for operation in done:
            interleaver.run([partial(world.do_in_the_end, operation)])
        world.hook = None
        check(world, done)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    done=operations(),
    choices=st.lists(st.integers(0, 6), min_size=100, max_size=400),
    faults=st.lists(st.integers(1, 150), max_size=2),
)
@pytest.mark.slow
def test_operations_that_run_at_the_same_time_end_in_the_same_users(
    done: list[Operation], choices: list[int], faults: list[int]
) -> None:
    with worlds.world(in_memory=True) as world:
        world.notify()
        interleaver = Interleaver(choices, faults)
        world.hook = interleaver.call
        tasks: list[Callable[[], None]] = [partial(world.do_in_the_end, operation) for operation in done]
        interleaver.run(tasks)
        world.hook = None
        check(world, done)


@pytest.mark.parametrize("after", range(1, 45))
def test_an_alias_that_breaks_off_at_any_call_is_finished_by_its_repetition(after: int) -> None:
    done: list[Operation] = [
        worlds.identify(worlds.who("a1"), email="p1@example.com", data={"a": 1}),
        worlds.device(worlds.who("a1"), "p1-phone", "token-p1-phone"),
        worlds.event(worlds.who("a1"), "m1"),
        worlds.identify(worlds.who(None, "p1"), data={"b": 2}),
        worlds.identify(worlds.who(None, "p2"), data={"b": 2}),
    ]
    alias = worlds.alias("a1", "p1")
    with worlds.world(in_memory=True) as world:
        world.notify()
        world.do(*done)
        interleaver = Interleaver([], [after])
        world.hook = interleaver.call
        interleaver.run([partial(world.do_in_the_end, alias)])
        world.hook = None
        check(world, [*done, alias])
