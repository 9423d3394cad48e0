"""The ids of public keys wherever a message is found by what names it, and messages that earlier releases stored."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nereid.aws.messaging import messages as module
from nereid.core.messaging.configured import configuration
from nereid.core.messaging.ingest import ingest, ingest_operations
from nereid.core.messaging.process_message import make_plan
from nereid.models.delivery import Plan
from nereid.models.message import EventBatch, Message, TrackEvent, UsedKey
from nereid.models.message_keys import id_of, key_of
from nereid.models.operation import Who
from nereid.runtime import runtime
from tests.integration.messaging.test_dead_letters import bury
from tests.support.cloud import Cloud, World
from tests.support.notifications import MAIL
from tests.support.stored_messages import store

IN_MEMORY = True

PUBLIC = UsedKey(id="k", scope="public")
SECRET = UsedKey(id="k", scope="secret")
ID = "order-1"


class Team(World):
    """A team whose messages come with client keys."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.configure("login", MAIL)
        self.user("u", ("email", "sam@example.com"))

    def of_client(self, message_id: str = ID, key: UsedKey | None = PUBLIC, **members: Any) -> Message:
        """Return a message of the Client API; without a key, as earlier releases made it."""
        message = self.message("login", message_id, user_id="u", **members)
        given = {"source": "client", **({"client_key": key} if key else {})}
        return Message.model_validate({**message.model_dump(exclude_unset=True), **given})

    def take_in(self, *messages: Message) -> None:
        ingest(self.runtime.message_queue, self.environment, messages)
        self.cloud.pump()

    def store(self, message: Message, ago: timedelta = timedelta()) -> Plan:
        """Store a message with its plan, and let nothing come of it."""
        at = self.runtime.clock.now() - ago
        message = message.model_copy(update={"received_at": at})
        user = self.runtime.users.load(self.scope, "u")
        found = configuration(self.runtime.event_types, self.scope, message)
        plan = make_plan(self.environment, found, message, user, at)
        assert store(self.runtime.messages, self.scope, message, plan) is None
        return plan

    def stored(self, *, public: bool) -> Any:
        return self.runtime.messages.get(self.scope, key_of(ID, public=public))

    def mails(self) -> int:
        return len(self.cloud.sent("sesv2:SendEmail"))


@pytest.fixture
def world(cloud: Cloud) -> Team:
    return Team(cloud)


class TestKeys:
    IDS = st.text(max_size=20) | st.text(alphabet="\x1fpk:a", max_size=8)

    @given(one=IDS, other=IDS, is_public=st.booleans(), other_is_public=st.booleans())
    def test_different_ids_and_givers_have_different_keys(
        self, one: str, other: str, *, is_public: bool, other_is_public: bool
    ) -> None:
        same = (one, is_public) == (other, other_is_public)
        assert (key_of(one, public=is_public) == key_of(other, public=other_is_public)) is same

    @given(given_id=IDS, is_public=st.booleans())
    def test_the_id_is_read_from_the_key(self, given_id: str, *, is_public: bool) -> None:
        assert id_of(key_of(given_id, public=is_public)) == given_id

    @pytest.mark.parametrize("message_id", ["m-1", "#1", "pk:1", "public", "🎉", " "])
    def test_a_servers_id_is_its_key_as_it_is(self, message_id: str) -> None:
        assert key_of(message_id) == message_id

    @pytest.mark.parametrize(
        ("key", "minted", "is_public"),
        [(PUBLIC, False, True), (PUBLIC, True, False), (SECRET, False, False), (None, False, False)],
    )
    def test_the_ids_that_public_keys_gave_are_apart(
        self, world: Team, key: UsedKey | None, *, minted: bool, is_public: bool
    ) -> None:
        assert (world.of_client(key=key, minted=minted).key != ID) is is_public


class TestWhatEarlierReleasesStored:
    def test_goes_on_being_found_and_de_duplicating(self, world: Team) -> None:
        world.take_in(world.of_client(key=None, data={"otp": 1}))
        assert world.mails() == 1
        world.take_in(world.of_client(data={"otp": 1}))
        assert world.mails() == 1
        assert world.stored(public=True) is None
        assert world.shown(ID)["conflicts"] == 0
        assert world.outcomes(ID) == [("success", None)]

    def test_counts_conflicts(self, world: Team) -> None:
        world.take_in(world.of_client(key=None, data={"otp": 1}))
        world.take_in(world.of_client(data={"otp": 2}))
        assert (world.mails(), world.shown(ID)["conflicts"]) == (1, 1)

    @pytest.mark.parametrize("key", [SECRET, None])
    def test_a_servers_message_is_no_public_keys(self, world: Team, key: UsedKey | None) -> None:
        servers = world.of_client(key=key) if key else world.message("login", ID, user_id="u")
        world.take_in(servers)
        world.take_in(world.of_client())
        assert world.stored(public=True) is not None
        assert world.mails() == 2

    def test_it_costs_a_read_where_a_public_key_gives_an_id_and_nothing_anywhere_else(
        self, cloud: Cloud, world: Team
    ) -> None:
        world.take_in(world.message("login", "first", user_id="u"))  # the function is warm now
        read = {}
        for name, message in {
            "given": world.of_client("a"),
            "minted": world.of_client("b", minted=True),
            "secret": world.of_client("c", SECRET),
            "server": world.message("login", "d", user_id="u"),
        }.items():
            ingest(world.runtime.message_queue, world.environment, [message])
            cloud.calls.clear()
            cloud.pump("message")
            read[name] = cloud.calls["dynamodb:GetItem"]
        assert read["given"] == read["minted"] + 1
        assert read["minted"] == read["secret"] == read["server"]


class TestConflicts:
    def test_one_that_the_queue_hands_over_again_counts_once(self, cloud: Cloud, world: Team) -> None:
        world.take_in(world.of_client(data={"otp": 1}))
        others = [world.of_client(data={"otp": 2}), world.of_client(data={"otp": 3})]
        ingest(world.runtime.message_queue, world.environment, others)
        records = cloud.receive("message")
        for _ in range(3):
            assert cloud.hand_over("message", records) == []
        assert world.shown(ID)["conflicts"] == 2

    def test_they_are_a_metric_and_a_line_of_the_log_without_values(
        self, world: Team, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        world.take_in(world.of_client(data={"otp": 1}))
        capsys.readouterr()
        world.take_in(world.of_client(data={"otp": "sam@example.com"}))
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
        [counted] = [line for line in lines if "MessageIdConflicts" in line]
        assert (counted["MessageIdConflicts"], counted["source"]) == ([1.0], "client")
        [logged] = [line.__dict__ for line in caplog.records if line.message.startswith("message id comes again")]
        assert (logged["message_id"], logged["team_id"]) == (ID, world.team_id)
        assert "sam@example.com" not in str(logged)

    def test_no_more_are_counted_than_the_item_has_room_for(self, world: Team, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MAX_CONFLICTS", 2)
        world.take_in(world.of_client(data={"otp": 1}))
        for otp in range(2, 6):
            world.take_in(world.of_client(data={"otp": otp}))
        assert world.shown(ID)["conflicts"] == 2

    def test_a_first_message_and_a_retry_write_nothing_more(self, cloud: Cloud, world: Team) -> None:
        message = world.message("login", ID, user_id="u", data={"otp": 1})
        writes = []
        for _ in range(2):
            ingest(world.runtime.message_queue, world.environment, [message])
            cloud.calls.clear()
            cloud.pump("message")
            writes.append((cloud.calls["dynamodb:PutItem"], cloud.calls["dynamodb:UpdateItem"]))
        assert writes == [(3, 0), (2, 0)]  # the first message of an environment lists it


class TestSweeper:
    def test_it_repairs_both_messages_of_an_id(self, cloud: Cloud, world: Team) -> None:
        ago = timedelta(hours=1)
        world.runtime.sweep_state.begin(world.scope)
        world.store(world.message("login", ID, user_id="u"), ago)
        world.store(world.of_client(), ago)
        cloud.load("pipeline/sweep_deliveries")
        assert runtime.sweeper.sweep(lambda: True).repaired == 2
        watched = {each.message_id for each in world.runtime.sweep_state.read(world.scope)[1]}
        assert watched == {ID, key_of(ID, public=True)}
        cloud.pump()
        assert world.mails() == 2

    def test_one_that_is_stored_late_is_watched(self, cloud: Cloud, world: Team) -> None:
        late = world.of_client().model_copy(update={"received_at": world.runtime.clock.now() - timedelta(hours=1)})
        ingest(world.runtime.message_queue, world.environment, [late])
        cloud.pump("message")
        [watch] = world.runtime.sweep_state.read(world.scope)[1]
        assert watch.message_id == key_of(ID, public=True)

    def test_they_have_a_place_of_their_own_each_in_the_order_of_arrival(self, world: Team) -> None:
        at = world.runtime.clock.now()
        for message in (world.message("login", ID), world.of_client()):
            world.store(message.model_copy(update={"received_at": at}), timedelta(hours=1))
        arrivals = world.runtime.messages.arrivals(world.scope, None, at, 10).messages
        assert len({each.position for each in arrivals}) == 2


class TestDeadLetters:
    def body(self, world: Team) -> dict[str, Any]:
        event = TrackEvent(kind="event", who=Who(external_id="u"), message=world.of_client())
        batch = EventBatch(team_id=world.team_id, environment="dev", operations=[event])
        body: dict[str, Any] = json.loads(batch.model_dump_json(by_alias=True, exclude_unset=True))
        return body

    def test_they_show_the_id_as_it_was_given(self, world: Team) -> None:
        from nereid.core.messaging.letter_contents import contents_of

        job = {"team_id": world.team_id, "environment": "dev", "delivery_id": "d", "message_id": world.of_client().key}
        replays = {"team_id": world.team_id, "environment": "dev", "replays": [{"message_id": world.of_client().key}]}
        for value in (self.body(world), job, replays):
            contents = contents_of(json.dumps(value))
            assert (contents.message_ids, contents.message_keys) == ([ID], [key_of(ID, public=True)])

    def test_purging_ends_the_public_keys_deliveries_and_not_the_servers(self, cloud: Cloud, world: Team) -> None:
        world.store(world.message("login", ID, user_id="u"))
        plan = world.store(world.of_client())
        bury(cloud, "message", json.dumps(self.body(world)))
        cloud.load("manage/purge_dead_letters")
        done = runtime.dead_letters.purge(runtime.messages, runtime.deliveries, world.team_id, None, None)
        assert done.done == 1
        [planned] = plan.deliveries(world.scope, key_of(ID, public=True))
        found = world.runtime.deliveries.get_many(world.scope, [planned.id])
        assert found[planned.id].reason == "purged"
        assert world.outcomes(ID) == [("pending", None)]


def test_a_large_message_of_a_public_key_is_found_by_its_delivery(cloud: Cloud, world: Team) -> None:
    event = TrackEvent(
        kind="event", who=Who(external_id="u"), message=world.of_client(data={"otp": 7, "filler": "x" * 70_000})
    )
    ingest_operations(world.runtime.message_queue, world.scope, [event])
    world.take_in(world.message("login", ID, user_id="u", data={"otp": 1, "filler": "x" * 70_000}))
    subjects = {mail["Content"]["Simple"]["Subject"]["Data"] for mail in cloud.sent("sesv2:SendEmail")}
    assert subjects == {"Code 7", "Code 1"}
