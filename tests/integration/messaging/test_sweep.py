"""The sweeper over DynamoDB and SQS: what it finds there, and what that costs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from nereid.core.messaging.configured import configuration
from nereid.core.messaging.process_message import make_plan
from nereid.core.messaging.sweep import GAVE_UP, Sweep
from nereid.errors import AlreadyExists
from nereid.models.delivery import Plan
from nereid.models.team import Channels, Environment, Scope
from nereid.ports.messaging import Arrivals, Outcome, Watch
from nereid.runtime import runtime
from tests.support.cloud import Cloud, World
from tests.support.notifications import MAIL, SAM
from tests.support.stored_messages import store, store_as_before

#: Other tests show that the same stores work over moto.
IN_MEMORY = True

SEND = "sesv2:SendEmail"
MINUTE = timedelta(minutes=1)


class Swept(World):
    """A team whose messages can be stored as if they had come in before."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.configure("login", MAIL)
        self.sweeper = cloud_sweeper(cloud)

    def stored(self, message_id: str, ago: timedelta, *, before: bool = False, **members: Any) -> None:
        """Store a message with its plan, perhaps as the release before did, and let nothing come of it."""
        at = self.runtime.clock.now() - ago
        message = self.message("login", message_id, **{"contact_infos": SAM, **members})
        message = message.model_copy(update={"received_at": at})
        notified = configuration(self.runtime.event_types, self.scope, message)
        plan = make_plan(self.environment, notified, message, None, at)
        self.runtime.sweep_state.begin(self.scope)
        how = store_as_before if before else store
        assert how(self.runtime.messages, self.scope, message, plan) is None

    def delivered(self, message_id: str, ago: timedelta, *, before: bool = False) -> None:
        """Store a message whose delivery is a success."""
        self.stored(message_id, ago, before=before)
        job = self.job_anew(message_id)
        store, at = self.runtime.deliveries, job.planned_at
        store.claim(job, "token", at, at + MINUTE)
        store.record(self.scope, job.delivery_id, "token", Outcome("success", None, "0100018d-7d0b-4a56"), at)

    def sweep(self) -> Sweep:
        done: Sweep = self.sweeper.sweep(lambda: True)
        return done

    def watches(self) -> list[Watch]:
        return list(self.runtime.sweep_state.read(self.scope)[1])


def cloud_sweeper(cloud: Cloud) -> Any:
    """Return the sweeper as its function has it."""
    cloud.load("pipeline/sweep_deliveries")
    return runtime.sweeper


@pytest.fixture
def world(cloud: Cloud) -> Swept:
    return Swept(cloud)


class TestEnvironments:
    """Every environment that has messages is found, however it was made, and no other is looked at."""

    def test_one_is_swept_from_its_first_message_on(self, cloud: Cloud) -> None:
        world = World(cloud)  # makes a team with the environment `first`, and `dev`
        state = world.runtime.sweep_state
        assert list(state.scopes()) == []
        cloud.calls.clear()
        for _ in range(2):
            world.ingest("login")
            cloud.pump("message")
        assert list(state.scopes()) == [Scope(world.team_id, "dev")]
        assert cloud.calls["dynamodb:PutItem"] == 5  # one of which lists it

    def test_one_that_an_earlier_release_listed_is_swept(self, world: Swept) -> None:
        world.stored("m", 20 * MINUTE)
        world.runtime.sweep_state.forget(world.scope)
        assert world.sweep().messages == 0
        entry = {"team_id": world.team_id, "environment": "dev"}
        world.runtime.account_store._table.put({"pk": "environments", "sk": f"{world.team_id}#dev", **entry})
        assert world.sweep().repaired == 1

    def test_one_whose_identifier_is_taken_is_not_made(self, world: Swept) -> None:
        runtime = world.runtime
        again = Environment(
            team_id=world.team_id, identifier="dev", name="x", channels=Channels(), created_at=runtime.clock.now()
        )
        with pytest.raises(AlreadyExists):
            runtime.account_store.create_environment(again)
        found = runtime.account_store.environment(world.team_id, "dev")
        assert found is not None
        assert found.name == "dev"


class TestStuck:
    """What the sweeper finds and does."""

    def test_a_message_that_was_not_fanned_out_is_sent(self, cloud: Cloud, world: Swept) -> None:
        world.stored("m", 20 * MINUTE)
        done = world.sweep()
        assert (done.messages, done.repaired, done.oldest_pending >= 20 * MINUTE) == (1, 1, True)
        cloud.pump()
        assert world.outcomes("m") == [("success", None)]
        assert cloud.calls[SEND] == 1

    def test_each_team_has_its_own_replayed(self, cloud: Cloud, world: Swept) -> None:
        other = Swept(cloud)
        for each in (world, other):
            each.stored("m", 20 * MINUTE)
        assert world.sweep().repaired == 2
        cloud.pump()
        assert [each.outcomes("m") for each in (world, other)] == [[("success", None)]] * 2

    def test_a_young_message_is_left_alone(self, world: Swept) -> None:
        world.stored("m", 14 * MINUTE)
        assert world.sweep() == Sweep(timedelta(), 0, 0, [])

    def test_an_event_on_time_costs_no_watch_and_a_late_one_does(self, cloud: Cloud, world: Swept) -> None:
        world.ingest("login")
        cloud.pump("message")  # after the first one the environment is swept
        for ago, watched in ((timedelta(), 0), (9 * MINUTE, 0), (11 * MINUTE, 1)):
            message = world.message("login", contact_infos=SAM)
            message = message.model_copy(update={"received_at": message.received_at - ago})
            body = {"team_id": world.team_id, "environment": "dev", "messages": [message.model_dump(mode="json")]}
            cloud.client("sqs").send_message(QueueUrl=cloud.queues["message"], MessageBody=json.dumps(body))
            cloud.calls.clear()
            cloud.pump("message")
            assert cloud.calls["dynamodb:PutItem"] == 2 + watched
            assert len(world.watches()) == watched

    def test_what_is_final_by_then_is_watched_no_more(self, world: Swept) -> None:
        world.delivered("m", timedelta())
        now = world.runtime.clock.now()
        world.runtime.sweep_state.watch(world.scope, [Watch("m", due=now, since=now)])
        assert world.sweep() == Sweep(timedelta(), 1, 0, [])
        assert world.watches() == []

    def test_what_the_provider_reported_on_is_final(self, world: Swept) -> None:
        world.delivered("m", 20 * MINUTE)
        [delivery] = world.deliveries("m")
        world.runtime.deliveries._table.update(
            f"{world.team_id}#dev#delivery#{delivery.id}",
            "delivery",
            "SET #status = :pending ADD reported :kinds",
            {":pending": "pending", ":kinds": {"open"}},
            names={"#status": "status"},
        )
        assert world.sweep() == Sweep(timedelta(), 1, 0, [])

    def test_what_is_given_up_says_so(self, world: Swept) -> None:
        world.stored("m", 40 * 24 * 60 * MINUTE)
        now = world.runtime.clock.now()
        long_ago = now - timedelta(days=15, minutes=1)
        watch = Watch("m", due=now, since=long_ago, pending=True, repairs=6, queued_at=long_ago)
        world.runtime.sweep_state.watch(world.scope, [watch])
        assert world.sweep().repaired == 0
        assert world.outcomes("m") == [("failed", GAVE_UP)]
        assert world.watches() == []

    def test_a_watch_is_read_as_it_was_written(self, world: Swept) -> None:
        at = datetime.fromisoformat("2026-01-31T09:30:00.123+00:00")
        watches = [
            Watch("a#b/c 🎉", due=at, since=at - MINUTE),
            Watch("m", due=at + MINUTE, since=at, pending=True, repairs=3, queued_at=at),
        ]
        world.runtime.sweep_state.watch(world.scope, watches)
        assert world.watches() == watches
        world.runtime.sweep_state.unwatch(world.scope, watches)
        assert world.watches() == []

    def test_a_queue_with_much_in_it_is_seen(self, cloud: Cloud, world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("nereid.core.messaging.sweep.BACKLOG", 2)
        for _ in range(3):
            cloud.client("sqs").send_message(QueueUrl=cloud.queues["email"], MessageBody="x")
        world.stored("m", 20 * MINUTE)
        done = world.sweep()
        assert (done.repaired, done.oldest_pending >= 20 * MINUTE) == (0, True)


class TestWalk:
    """The order of arrival, over the partitions of the journal and those of the index of the release before."""

    @pytest.mark.parametrize("page", [1, 3, 7, 100])
    @pytest.mark.parametrize("before", [(), (0,), (0, 1)], ids=["journal", "both", "index"])
    def test_every_message_is_met_once_in_order(self, world: Swept, page: int, before: tuple[int, ...]) -> None:
        ids = [f"m{number:02d}" for number in range(20)]
        for number, message_id in enumerate(ids):
            world.stored(message_id, timedelta(minutes=60, seconds=-number), before=number % 2 in before)
        met: list[str] = []
        position = None
        while True:
            found = world.runtime.messages.arrivals(
                world.scope, position, world.runtime.clock.now() - 15 * MINUTE, page
            )
            if found.position is None:
                break
            met += [each.message_id for each in found.messages]
            position = found.position
        assert met == ids

    @pytest.mark.parametrize("before", [False, True])
    def test_partitions_with_more_than_a_page_are_met_in_order(self, world: Swept, before: bool) -> None:  # noqa: FBT001
        ids = [f"m{number:03d}" for number in range(150)]
        for number, message_id in enumerate(ids):
            world.stored(message_id, timedelta(minutes=60, seconds=-number), before=before)
        met, position, pages = [], None, 0
        while True:
            found = world.runtime.messages.arrivals(world.scope, position, world.runtime.clock.now(), 40)
            met += [each.message_id for each in found.messages]
            position, pages = found.position, pages + 1
            if not found.more:
                break
        assert met == ids
        assert pages < 10

    def test_an_entry_names_the_deliveries_that_have_a_recipient(self, world: Swept) -> None:
        several = [{"type": "email", "value": f"u{number}@example.com"} for number in range(9)]
        for number, contacts in enumerate(([], several[:1], several[:8], several)):
            world.stored(f"m{number}", timedelta(minutes=60 - number), contact_infos=contacts)
        page = world.runtime.messages.arrivals(world.scope, None, world.runtime.clock.now(), 10)
        plans = world.runtime.messages.plans(world.scope, [each.message_id for each in page.messages])
        for each in page.messages:
            ids = [one.id for one in plans[each.message_id].deliveries(world.scope, each.message_id) if one.recipient]
            assert each.deliveries == (ids if len(ids) < 9 else None)
        assert [len(each.deliveries or "") for each in page.messages] == [0, 1, 8, 0]

    def test_a_page_tells_when_its_last_arrived(self, world: Swept) -> None:
        world.stored("m", 60 * MINUTE)
        now = world.runtime.clock.now()
        reached = world.runtime.messages.arrivals(world.scope, None, now, 10).reached
        assert reached is not None
        assert timedelta() <= now - 60 * MINUTE - reached < MINUTE

    def test_messages_of_the_same_moment_are_all_met(self, world: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
        at = world.runtime.clock.now()
        monkeypatch.setattr(type(world.runtime.clock), "now", lambda _: at)
        for number in range(9):
            world.stored(f"m{number}", 60 * MINUTE)
        met: set[str] = set()
        position, more = None, True
        while more:
            page = world.runtime.messages.arrivals(world.scope, position, at, 1)
            met.update(each.message_id for each in page.messages)
            position, more = page.position, page.more
        assert len(met) == 9

    def test_nothing_is_passed_before_all_that_stands_with_it_was_seen(self, world: Swept) -> None:
        at = world.runtime.clock.now() - 60 * MINUTE
        pairs = []
        for number in range(3):
            message = world.message("login", f"m{number}").model_copy(update={"received_at": at + number * MINUTE / 9})
            pairs.append((message, Plan(planned_at=at)))
        world.stored("before", 90 * MINUTE)
        world.runtime.messages.announce(world.scope, pairs, at)
        found = world.runtime.messages.arrivals(world.scope, None, world.runtime.clock.now(), 10).messages
        first, *_, last = [each.position for each in found]
        assert [each.position for each in found] == [first, first, first, last]
        rest = world.runtime.messages.arrivals(world.scope, first, world.runtime.clock.now(), 10).messages
        assert {each.message_id for each in rest} == {"m0", "m1", "m2"}

    def test_a_page_tells_whether_it_is_the_last(self, world: Swept) -> None:
        for number in range(100):
            world.stored(f"m{number}", 60 * MINUTE)
        now = world.runtime.clock.now()
        few = world.runtime.messages.arrivals(world.scope, None, now, 1)
        assert few.more
        assert len(few.messages) < 100
        all_ = world.runtime.messages.arrivals(world.scope, None, now, 1000)
        assert (len(all_.messages), all_.more) == (100, False)

    def test_a_clock_that_goes_back_finds_nothing(self, world: Swept) -> None:
        world.stored("m", 20 * MINUTE)
        now = world.runtime.clock.now()
        position = world.runtime.messages.arrivals(world.scope, None, now, 10).position
        assert world.runtime.messages.arrivals(world.scope, position, now - 60 * MINUTE, 10) == Arrivals(
            [], None, more=False
        )


def size(item: Mapping[str, Any]) -> int:
    """Return about how many bytes DynamoDB counts for an item."""
    return sum(len(name) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            return len(content) // 2 + 1
        case "SS":
            return sum(len(each.encode()) for each in content)
        case "L":
            return sum(1 + _value_size(each) for each in content) + 3
    return 1


def read_units(cloud: Cloud) -> float:
    """Return how many units the reads cost that were made, by making them again."""
    client = cloud.client("dynamodb")
    total = 0.0
    for name, request in list(cloud.requests):
        match name:
            case "dynamodb:Query":
                found = sum(size(item) for item in client.query(**request)["Items"])
                total += max(1, math.ceil(found / 4096)) * (1 if request.get("ConsistentRead") else 0.5)
            case "dynamodb:BatchGetItem":
                [(table, wanted)] = request["RequestItems"].items()
                for key in wanted["Keys"]:
                    item = client.get_item(TableName=table, Key=key).get("Item", {})
                    total += max(1, math.ceil(size(item) / 4096)) * (1 if wanted["ConsistentRead"] else 0.5)
            case "dynamodb:GetItem":
                total += 1 if request["ConsistentRead"] else 0.5
    return total


class TestCost:
    """What a run costs, in DynamoDB's units."""

    def test_an_idle_environment_costs_seventeen_small_reads_and_no_write(self, cloud: Cloud, world: Swept) -> None:
        world.runtime.sweep_state.begin(world.scope)
        environments = 1
        cloud.calls.clear()
        cloud.requests.clear()
        world.sweep()
        assert dict(cloud.calls) == {"dynamodb:Query": 2 + 17 * environments, "dynamodb:GetItem": 1}
        assert read_units(cloud) == 0.5 + 0.5 + 0.5 + 8.5 * environments

    @pytest.mark.parametrize("before", [False, True])
    def test_a_message_without_a_delivery_costs_its_entry_alone(
        self,
        cloud: Cloud,
        world: Swept,
        before: bool,  # noqa: FBT001
    ) -> None:
        for number in range(100):
            at = timedelta(minutes=60, seconds=-number)
            world.stored(f"m{number}", at, contact_infos=[], before=before)
        cloud.calls.clear()
        assert world.sweep().messages == 100
        assert cloud.calls["dynamodb:BatchGetItem"] == 0

    @pytest.mark.parametrize("before", [False, True])
    def test_a_message_with_one_delivery_costs_a_little_over_half_a_unit(
        self,
        cloud: Cloud,
        world: Swept,
        before: bool,  # noqa: FBT001
    ) -> None:
        for number in range(100):
            at = timedelta(minutes=60, seconds=-number)
            world.delivered(f"0f0c2a1e-7d0b-4a56-9b7e-1c2d3e4f{number:04d}", at, before=before)
        cloud.calls.clear()
        cloud.requests.clear()
        assert world.sweep().messages == 100
        writes = {name: count for name, count in cloud.calls.items() if "Put" in name or "Update" in name}
        assert writes == {"dynamodb:PutItem": 1}
        assert [call for call in cloud.calls if call.startswith("sqs:")] == []
        per_message = read_units(cloud) / 100
        assert 0.5 <= per_message <= 0.65
