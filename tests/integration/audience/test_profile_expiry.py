"""Profiles that nobody uses are deleted with all that is theirs, exactly once, and never while somebody uses them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nereid.aws.audience.idle_profiles import DynamoIdleProfiles
from nereid.aws.audience.users import PROFILE_SHARDS, profile_shard, user_key
from nereid.aws.messaging.sweep_state import DynamoSweepState
from nereid.core.audience.client_identities import NOTED_EVERY
from nereid.core.audience.contact_infos import add_contact_info
from nereid.core.audience.users import create_or_update_user, update_user
from nereid.core.messaging.expire_profiles import ProfileExpirer
from nereid.errors import AlreadyExists, NotFound, Unavailable
from nereid.models.message import Operation
from nereid.models.operation import Traits
from nereid.models.team import Scope
from tests.integration.audience import client_world as worlds
from tests.integration.audience.client_world import SCOPE, Interleaver, World
from tests.support.cloud import tables
from tests.support.metered_dynamodb import MeteredDynamoDB, Spent

RETENTION = timedelta(days=90)
#: After how long without a use a profile expires.
LONG = RETENTION + NOTED_EVERY + timedelta(minutes=1)
#: What an operation in these tests is about.
VISITOR = worlds.who("a1")
PROFILE = "anon:a1"


class Tenants:
    def scopes(self) -> Iterator[Any]:
        return iter([SCOPE])


class At:
    """A clock that stands still."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def expirer(world: World, at: datetime, retention: timedelta = RETENTION) -> ProfileExpirer:
    state = DynamoSweepState(world.messages._table)
    profiles = DynamoIdleProfiles(world.audience, world.users)
    return ProfileExpirer(Tenants(), state, profiles, At(at), retention)


def expire(world: World, retention: timedelta = RETENTION) -> int:
    """Run the expirer until it has looked at all profiles; return how many it deleted."""
    runs = [expirer(world, world.clock.time + timedelta(minutes=5 * run), retention) for run in range(PROFILE_SHARDS)]
    return sum(each.expire(lambda: True).profiles for each in runs)


def expire_visitor(world: World) -> int:
    """Run the expirer once, when it looks at the visitor."""
    at = world.clock.time
    while int(at.timestamp() // 300) % PROFILE_SHARDS != profile_shard("a1"):
        at += timedelta(minutes=5)
    done = expirer(world, at).expire(lambda: True)
    assert done.failed == []
    return done.profiles


def later(world: World, by: timedelta = LONG) -> None:
    world.clock.time += by


def left(world: World) -> list[tuple[str, str]]:
    """Return the keys of all that is stored of users, but counts of none and what expires by itself."""
    return [
        (item["pk"]["S"], item["sk"]["S"])
        for item in world.client.items("AudienceTable")
        if "expires_at" not in item and item.get("how_many") != {"N": "0"}
    ]


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.world(in_memory=True) as made:
        made.notify()
        yield made


class TestWhatExpires:
    def test_a_profile_that_nobody_used_goes_with_all_that_is_its_and_is_not_counted(self, world: World) -> None:
        world.do(
            worlds.identify(VISITOR, data={"a": 1}),
            worlds.device(VISITOR, "phone"),
            worlds.event(VISITOR, "m1"),
        )
        assert world.user_ids() == {PROFILE}
        later(world)
        assert expire(world) == 1
        assert world.user_ids() == set()
        assert left(world) == []
        assert world.items(user_key(SCOPE, PROFILE)) == []

    def test_it_is_kept_for_the_whole_retention_after_its_last_use(self, world: World) -> None:
        world.do(worlds.event(VISITOR, "m1"))
        later(world, NOTED_EVERY - timedelta(hours=1))
        world.do(worlds.event(VISITOR, "m2"))  # a use that is not noted
        later(world, RETENTION)
        assert expire(world) == 0
        later(world, timedelta(hours=1))
        assert expire(world) == 1

    @pytest.mark.parametrize(
        "use",
        [
            worlds.identify(VISITOR, data={"b": 1}),
            worlds.event(VISITOR, "m2"),
            worlds.device(VISITOR, "phone"),
        ],
        ids=["identify", "event", "device"],
    )
    def test_a_use_keeps_it(self, world: World, use: Operation) -> None:
        world.do(worlds.identify(VISITOR, data={"a": 1}))
        later(world, RETENTION)
        world.do(use)
        later(world, RETENTION)
        assert expire(world) == 0
        assert world.user_ids() == {PROFILE}

    def test_a_change_by_another_api_keeps_it(self, world: World) -> None:
        world.do(worlds.identify(VISITOR, data={"a": 1}))
        later(world, RETENTION)
        update_user(world.users, world.clock, SCOPE, PROFILE, {"b": 1})
        later(world, RETENTION)
        assert expire(world) == 0
        later(world)
        assert expire(world) == 1

    @pytest.mark.parametrize(
        "give",
        [
            worlds.identify(VISITOR, email="a@example.com"),
            worlds.identify(VISITOR, phone="+4915112345678"),
            worlds.device(VISITOR, "phone", "token"),
        ],
        ids=["email", "phone", "token"],
    )
    def test_one_that_can_be_reached_stays(self, world: World, give: Operation) -> None:
        world.do(give)
        for _ in range(3):
            later(world)
            assert expire(world) == 0
        assert len(world.contacts(PROFILE)) == 1

    def test_one_that_can_be_reached_no_longer_goes(self, world: World) -> None:
        world.do(worlds.identify(VISITOR, email="a@example.com"))
        later(world)
        assert expire(world) == 0
        world.do(worlds.identify(VISITOR, email=None))
        later(world)
        assert expire(world) == 1
        assert left(world) == []

    def test_what_is_linked_to_a_user_stays(self, world: World) -> None:
        world.do(worlds.identify(VISITOR, data={"a": 1}), worlds.alias("a1", "p1"))
        world.do(worlds.identify(worlds.who("a2", "p2"), data={"a": 1}))
        for _ in range(2):
            later(world)
            assert expire(world) == 0
        assert world.user_ids() == {"p1", "p2"}
        assert world.identities.named(SCOPE, VISITOR) == "p1"

    def test_a_user_that_another_api_made_stays(self, world: World) -> None:
        create_or_update_user(world.users, world.clock, SCOPE, PROFILE, {})
        create_or_update_user(world.users, world.clock, SCOPE, "p1", {})
        later(world)
        assert expire(world) == 0
        assert world.user_ids() == {PROFILE, "p1"}

    def test_nothing_expires_without_a_retention(self, world: World) -> None:
        world.do(worlds.identify(VISITOR, data={"a": 1}))
        later(world)
        assert expire(world, timedelta(0)) == 0

    def test_another_retention_holds_for_profiles_that_are_there(self, world: World) -> None:
        world.do(worlds.identify(VISITOR, data={"a": 1}))
        later(world, timedelta(days=40))
        assert expire(world) == 0
        assert expire(world, timedelta(days=30)) == 1

    def test_a_visitor_who_comes_back_is_a_new_profile(self, world: World) -> None:
        world.do(worlds.identify(VISITOR, data={"a": 1}), worlds.event(VISITOR, "m1"))
        later(world)
        expire(world)
        world.do(worlds.identify(VISITOR, data={"b": 1}))
        user = world.user(PROFILE)
        assert user is not None
        assert user.meta == {"b": 1}
        assert world.notifications(PROFILE) == []


class TestProfilesOfBefore:
    """Profiles that were made while nobody noted uses."""

    @pytest.fixture(autouse=True)
    def _made(self, world: World) -> None:
        noting = world.identities
        object.__setattr__(noting, "note_use", False)
        world.do(worlds.identify(VISITOR, data={"a": 1}))
        object.__setattr__(noting, "note_use", True)

    def test_they_stay(self, world: World) -> None:
        later(world)
        assert expire(world) == 0
        assert world.user_ids() == {PROFILE}

    def test_they_expire_once_they_were_used(self, world: World) -> None:
        world.do(worlds.event(VISITOR, "m1"))
        later(world)
        assert expire(world) == 1
        assert left(world) == []


class TestHalfWay:
    """Runs that break off."""

    @pytest.fixture(autouse=True)
    def _made(self, world: World) -> None:
        world.do(
            worlds.device(VISITOR, "phone"),
            worlds.device(VISITOR, "tablet"),
            worlds.event(VISITOR, "m1"),
        )
        later(world)

    @pytest.mark.parametrize("call", range(1, 16))
    @pytest.mark.parametrize("is_done", [True, False], ids=["after it", "before it"])
    def test_the_next_run_goes_on_from_any_call_and_counts_once(
        self, world: World, call: int, *, is_done: bool
    ) -> None:
        calls = Counter[str]()

        def die(_operation: str, do: Callable[[], Any]) -> Any:
            calls["all"] += 1
            if calls["all"] != call:
                return do()
            if is_done:
                do()
            raise Unavailable("crash")

        world.hook = die
        with suppress(Unavailable):
            expirer(world, world.clock.time + self._until_turn(world)).expire(lambda: True)
        world.hook = None
        assert len(world.user_ids()) <= 1
        expire(world)
        assert world.user_ids() == set()
        assert left(world) == []

    @pytest.mark.parametrize("call", range(4, 16))
    def test_a_visitor_who_comes_back_meanwhile_keeps_what_is_new(self, world: World, call: int) -> None:
        calls = Counter[str]()

        def die(_operation: str, do: Callable[[], Any]) -> Any:
            calls["all"] += 1
            if calls["all"] > call:
                raise Unavailable("crash")
            return do()

        world.hook = die
        with suppress(Unavailable):
            expirer(world, world.clock.time + self._until_turn(world)).expire(lambda: True)
        world.hook = None
        world.do(worlds.device(VISITOR, "phone"), worlds.event(VISITOR, "m2"))
        expire(world)
        assert world.user_ids() == {PROFILE}
        assert "phone" in world.devices(PROFILE)
        assert len(world.notifications(PROFILE)) >= 1
        later(world)
        assert expire(world) == 1
        assert left(world) == []

    @staticmethod
    def _until_turn(world: World) -> timedelta:
        waited = timedelta()
        while int((world.clock.time + waited).timestamp() // 300) % PROFILE_SHARDS != profile_shard("a1"):
            waited += timedelta(minutes=5)
        return waited


def add_email(world: World) -> None:
    """Give the profile an address by another API, as a server does."""
    with suppress(NotFound, AlreadyExists):
        add_contact_info(world.users, world.clock, SCOPE, PROFILE, "email", "a@example.com", None, {})


def delete(world: World) -> None:
    with suppress(NotFound):
        world.users.delete(SCOPE, PROFILE)


def change(world: World) -> None:
    with suppress(NotFound):
        update_user(world.users, world.clock, SCOPE, PROFILE, {"c": 1})


Act = Callable[[World], Any]


def carry_out(operation: Operation) -> Act:
    return lambda world: world.do_in_the_end(operation)


#: What may happen at the moment at which a profile expires, and what has to be there then; {} if it may be gone.
ACTS: dict[str, tuple[Act, dict[str, Any]]] = {
    "identify": (carry_out(worlds.identify(VISITOR, data={"b": 1})), {"meta": {"b": 1}}),
    "email": (carry_out(worlds.identify(VISITOR, email="a@example.com")), {"contacts": 1}),
    "device": (carry_out(worlds.device(VISITOR, "old")), {"devices": {"old"}}),
    "token": (carry_out(worlds.device(VISITOR, "phone", "token")), {"devices": {"phone"}, "contacts": 1}),
    "event": (carry_out(worlds.event(VISITOR, "m2")), {"inbox": 1}),
    "event with traits": (carry_out(worlds.event(VISITOR, "m2", traits=Traits(data={"b": 1}))), {"meta": {"b": 1}}),
    "alias": (carry_out(worlds.alias("a1", "p1")), {}),
    "both ids": (carry_out(worlds.identify(worlds.who("a1", "p1"), data={"b": 1})), {"meta": {"b": 1}}),
    "another API adds an address": (add_email, {}),
    "another API changes it": (change, {}),
    "another API deletes it": (delete, {}),
}


def check(world: World, wanted: dict[str, Any]) -> None:
    """Check that what was done is there, that what is counted is there, and that nothing is left without a user."""
    ids = world.user_ids()
    user_id = world.identities.named(SCOPE, VISITOR)
    if wanted:
        user = world.user(user_id)
        assert user is not None
        assert user.meta.items() >= wanted.get("meta", {}).items()
        assert set(world.devices(user_id)) >= wanted.get("devices", set())
        assert len(world.contacts(user_id)) == wanted.get("contacts", 0)
        assert len(world.notifications(user_id)) >= wanted.get("inbox", 0)
    for pk, sk in left(world):
        owner = pk.partition("#user#")[2]
        assert not owner or owner in ids, (pk, sk)
    assert {holder.user_id for holder, _ in world.users.holders(SCOPE, "email", "a@example.com")} <= ids


def made(world: World) -> None:
    """Make a profile that has expired."""
    world.do(worlds.identify(VISITOR, data={"a": 1}), worlds.device(VISITOR, "old"), worlds.event(VISITOR, "m1"))
    later(world)


class Between:
    """Does something else before one of the calls of what runs, or after it if there are fewer calls."""

    def __init__(self, world: World, call: int, other: Callable[[], Any]) -> None:
        self._world, self._left, self._other = world, call, other

    def run(self, one: Callable[[], Any]) -> None:
        """Do the one, and the other in the middle of it."""
        self._world.hook = self
        one()
        self._world.hook = None
        if self._left > 0:
            self._other()

    def __call__(self, _operation: str, call: Callable[[], Any]) -> Any:
        self._left -= 1
        if self._left == 0:
            self._world.hook = None
            self._other()
            self._world.hook = self
        return call()


@pytest.mark.parametrize("call", range(1, 16))
@pytest.mark.parametrize("act", ACTS)
def test_a_profile_that_expires_in_the_middle_of_something_is_whole_or_gone(world: World, act: str, call: int) -> None:
    do, wanted = ACTS[act]
    made(world)
    Between(world, call, partial(expire_visitor, world)).run(partial(do, world))
    check(world, wanted)


@pytest.mark.parametrize("call", range(1, 12))
@pytest.mark.parametrize("act", ACTS)
def test_what_happens_in_the_middle_of_an_expiry_is_not_lost(world: World, act: str, call: int) -> None:
    do, wanted = ACTS[act]
    made(world)
    Between(world, call, partial(do, world)).run(partial(expire_visitor, world))
    check(world, wanted)


@pytest.mark.parametrize("call", range(1, 11))
@pytest.mark.parametrize("act", ["device", "token", "event", "identify"])
def test_what_happens_in_the_middle_of_a_run_that_finishes_another_is_not_lost(
    world: World, act: str, call: int
) -> None:
    do, wanted = ACTS[act]
    made(world)
    profile = world.user(PROFILE)
    assert profile is not None
    world.users.write(*world.users.vanishing(SCOPE, profile))
    Between(world, call, partial(do, world)).run(partial(expire_visitor, world))
    check(world, wanted)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    acts=st.lists(st.sampled_from(sorted(ACTS)), min_size=1, max_size=3),
    choices=st.lists(st.integers(0, 4), min_size=40, max_size=160),
    faults=st.lists(st.integers(1, 60), max_size=2),
)
@pytest.mark.slow
def test_whatever_happens_at_the_same_time_as_expiry_leaves_what_is_counted(
    acts: list[str], choices: list[int], faults: list[int]
) -> None:
    with worlds.world(in_memory=True) as world:
        world.notify()
        made(world)
        interleaver = Interleaver(choices, faults)
        world.hook = interleaver.call

        def act(name: str) -> None:
            for _ in range(5):
                with suppress(Unavailable):
                    ACTS[name][0](world)
                    return

        def run() -> None:
            with suppress(Unavailable):
                expirer(world, world.clock.time + timedelta(minutes=5)).expire(lambda: True)

        turns = [run] * PROFILE_SHARDS
        interleaver.run([*(partial(act, name) for name in acts), lambda: [turn() for turn in turns]])  # type: ignore[list-item]
        world.hook = None
        check(world, {})
        # Whatever came of it, it ends: an address goes, and with it the profile.
        later(world)
        expire(world)
        check(world, {})


class TestCost:
    """What profiles cost, in capacity units."""

    @pytest.fixture
    def metered(self) -> World:
        return World(MeteredDynamoDB(tables()))

    @staticmethod
    def audience(world: World, do: Callable[[], Any]) -> Spent:
        """Return what something costs in the table of users."""
        spent = world.client.cost(do)
        written = Counter(dict(world.client.written.items()))
        others = {place: units for place, units in written.items() if place.table != "AudienceTable"}
        in_index = sum(units for place, units in others.items() if place.index_name)
        return Spent(spent.read, spent.written - sum(others.values()) + in_index, spent.indexed - in_index)

    def test_a_new_profile_costs_one_entry_of_the_index_more_than_without_expiry(self, metered: World) -> None:
        costs = []
        for number, noted in enumerate([False, True]):
            object.__setattr__(metered.identities, "note_use", noted)
            visitor = worlds.who(f"v{number}")
            costs.append(self.audience(metered, partial(metered.do, worlds.event(visitor, f"m{number}", "x"))))
        before, after = costs
        assert (after.read, after.written, after.indexed) == (before.read, before.written, before.indexed + 1)
        assert (after.written, after.indexed) == (8, 2)

    @pytest.mark.parametrize(
        "operation",
        [lambda number: worlds.event(VISITOR, f"m{number}", "x"), lambda _: worlds.identify(VISITOR, data={"a": 1})],
        ids=["event", "identify"],
    )
    def test_a_known_profile_costs_more_once_a_week_alone(
        self, metered: World, operation: Callable[[int], Operation]
    ) -> None:
        metered.do(worlds.identify(VISITOR, data={"a": 1}))
        numbers = count()

        def cost() -> Spent:
            return self.audience(metered, partial(metered.do, operation(next(numbers))))

        object.__setattr__(metered.identities, "note_use", False)
        without = cost()
        object.__setattr__(metered.identities, "note_use", True)
        assert cost() == without
        later(metered, NOTED_EVERY + timedelta(minutes=1))
        noted = cost()
        assert (noted.read, noted.written, noted.indexed) == (without.read, without.written + 1, without.indexed + 2)
        assert cost() == without

    def test_deleting_one_costs_ten_units(self, metered: World) -> None:
        for number in range(40):
            metered.do(worlds.identify(worlds.who(f"v{number}"), data={"a": 1}))
        later(metered)
        spent = metered.client.cost(lambda: expire(metered))
        assert metered.user_ids() == set()
        assert (spent.written, spent.indexed) == (40 * 8, 40 * 2)
        assert 40 * 3 <= spent.read <= 40 * 3 + PROFILE_SHARDS * 1.5

    def test_looking_at_one_that_can_be_reached_costs_three(self, metered: World) -> None:
        metered.do(worlds.identify(VISITOR, email="a@example.com"))
        later(metered)
        spent = metered.client.cost(lambda: expire(metered))
        assert (spent.written, spent.indexed) == (1, 2)

    def test_a_run_with_nothing_to_delete_is_one_query_of_half_a_unit(self, metered: World) -> None:
        metered.do(worlds.identify(VISITOR, data={"a": 1}))
        metered.calls.clear()
        spent = metered.client.cost(lambda: expirer(metered, metered.clock.time).expire(lambda: True))
        # The other one asks which environments there are, as sweeping does.
        assert metered.calls == {"query": 2}
        assert spent.written == 0


def test_many_that_expire_at_once_go_in_a_round_of_runs_and_no_key_takes_many_of_the_writes() -> None:
    world = World(MeteredDynamoDB(tables()))
    profiles = 400
    for number in range(profiles):
        world.identities.find_or_create(SCOPE, worlds.who(f"v{number}"))
    later(world)
    world.client.forget()
    runs = [expirer(world, world.clock.time + timedelta(minutes=5 * run)) for run in range(PROFILE_SHARDS)]
    deleted = [each.expire(lambda: True).profiles for each in runs]
    assert sum(deleted) == profiles
    assert max(deleted) < profiles / PROFILE_SHARDS * 1.5
    hottest_index = max(units for place, units in world.client.written.items() if place.index_name)
    hottest_count = max(units for place, units in world.client.written.items() if "#counts#" in place.partition)
    assert hottest_index < profiles * 0.25
    assert hottest_count < profiles * 0.2


class TestTurns:
    """Which environments a run comes to."""

    def test_a_run_without_time_deletes_nothing(self, world: World) -> None:
        world.do(worlds.identify(VISITOR, data={"a": 1}))
        later(world)
        assert expirer(world, world.clock.time).expire(lambda: False) == (0, [])

    def test_environments_have_turns_to_be_first_and_one_that_fails_holds_up_no_other(self, world: World) -> None:
        scopes = [Scope("t", name) for name in ("a", "b", "c")]
        asked: list[str] = []

        class Failing:
            def idle(self, scope: Scope, *_: object) -> Any:
                asked.append(scope.environment)
                raise Unavailable("x")

        for run in range(3):
            made = expirer(world, world.clock.time + timedelta(minutes=5 * run))
            at: Any = SimpleNamespace(scopes=lambda: iter(scopes))
            failing: Any = Failing()
            done = replace(made, tenants=at, profiles=failing).expire(lambda: True)
            assert sorted(done.failed) == scopes
        assert sorted(asked[::3]) == ["a", "b", "c"]
