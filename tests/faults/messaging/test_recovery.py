"""Replay, force, redrive, purge and sweep, stopped between every two writes and begun again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.backends import get_backend

from nereid.clock import SystemClock
from nereid.core.messaging.configured import configuration
from nereid.core.messaging.dead_letters import PURGED
from nereid.core.messaging.process_message import REMOVED, make_plan
from tests.support import cloud as clouds
from tests.support.cloud import Cloud, Died, World
from tests.support.notifications import INBOX, MAIL, SAM, TEXT
from tests.support.stored_messages import store

#: Other tests show that the same stores work over moto.
IN_MEMORY = True

SEND = "sesv2:SendEmail"


class Time:
    """Moves the clock of the functions."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **how_far: float) -> None:
        self.ahead += timedelta(**how_far)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(SystemClock, "now", lambda _: time.now())
    return time


class Lives(World):
    """A world in which the function dies once, and is run again."""

    def __init__(self, world: World, effects: int, time: Time) -> None:
        self.__dict__.update(world.__dict__)
        self._effects, self._time = effects, time
        self.died = False

    def run(self, action: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Do something in which the function dies; do it again if it did."""
        for _ in range(2):
            try:
                return self.run_once(action, *arguments, **named)
            except Died:
                continue
        raise AssertionError("nobody dies twice")

    def run_once(self, action: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Do something in which the function dies."""
        if not self.died:
            self.cloud.effects_left = self._effects
        try:
            return action(*arguments, **named)
        except Died:
            self.died = True
            raise
        finally:
            # What is left to do before it dies is for what comes next.
            self._effects = self.cloud.effects_left or 0
            self.cloud.effects_left = None

    def call(self, function: str, body: Any, **params: str) -> Any:
        """Invoke an endpoint; return its answer."""
        event = {
            "rawPath": "/",
            "headers": {"authorization": f"Bearer {self.token}"},
            "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
            "pathParameters": params,
            "body": json.dumps(body),
        }
        answer = self.cloud.invoke(function, event)
        assert answer["statusCode"] == 200, answer
        return json.loads(answer["body"])

    def process(self) -> None:
        """Have everything on the message queue processed, and again what died with the function."""
        records = self.cloud.receive("message")
        while records:
            failed = self.run(self.cloud.hand_over, "message", records)
            records = [record for record in records if record["messageId"] in failed]
            self._time.forward(seconds=61)

    def stored(self, message_id: str, *notifications: dict[str, Any], age: timedelta, **members: Any) -> None:
        """Store a message with its plan, and let nothing come of it."""
        self.configure("login", *(notifications or (MAIL,)))
        message = self.message("login", message_id, **{"contact_infos": SAM, **members})
        message = message.model_copy(update={"received_at": self.runtime.clock.now() - age})
        user = self.runtime.users.load(self.scope, message.user_id) if message.user_id else None
        notified = configuration(self.runtime.event_types, self.scope, message)
        plan = make_plan(self.environment, notified, message, user, message.received_at)
        self.runtime.sweep_state.begin(self.scope)
        assert store(self.runtime.messages, self.scope, message, plan) is None

    def sweep(self) -> None:
        """Run the sweeper; and again, if it died."""
        self.run(self.cloud.invoke, "pipeline/sweep_deliveries", {}, milliseconds=240_000)


@pytest.fixture
def lives(cloud: Cloud, time: Time) -> Iterator[Lives]:
    """Return one world for each state in which a function can leave things behind, and one in which it does not die.

    It dies before its first call of AWS that changes something, and after each, before it reads the answer.
    """

    def each() -> Iterator[Lives]:
        for effects in range(50):
            cloud.forget()
            lives = Lives(World(cloud), effects, time)
            yield lives
            if not lives.died:
                assert effects > 2, "nothing was done"
                return
        raise AssertionError("it goes on for ever")

    return each()


@pytest.mark.slow
def test_a_replay_sends_what_is_open_once(cloud: Cloud, lives: Iterator[Lives]) -> None:
    for world in lives:
        world.user("u")
        world.stored("m", MAIL, INBOX, age=timedelta(), user_id="u")
        world.run(world.call, "manage/replay_message", {"message_id": "m"}, environment="dev")
        world.process()
        cloud.pump()
        assert world.outcomes("m") == [("success", None)] * 2
        assert cloud.calls[SEND] == 1


@pytest.mark.slow
def test_a_forced_delivery_is_sent_once_more(cloud: Cloud, lives: Iterator[Lives]) -> None:
    for world in lives:
        world.configure("login", MAIL)
        world.ingest("login", "m", contact_infos=SAM)
        cloud.pump()
        [delivery] = world.deliveries("m")
        body = {"message_id": "m", "force": [delivery.id], "replay_id": "r"}
        world.run(world.call, "manage/replay_message", body, environment="dev")
        world.process()
        cloud.pump()
        cloud.pump()
        assert cloud.calls[SEND] == 2
        [delivery] = world.deliveries("m")
        assert (delivery.status, len(delivery.earlier or [])) == ("success", 1)


def test_a_forced_delivery_whose_replay_is_lost_after_it_was_reopened_is_found_by_the_sweeper(
    cloud: Cloud, time: Time, lives: Iterator[Lives]
) -> None:
    for world in lives:
        world.configure("login", MAIL)
        world.ingest("login", "m", contact_infos=SAM)
        cloud.pump()
        [delivery] = world.deliveries("m")
        world.call("manage/replay_message", {"message_id": "m", "force": [delivery.id]}, environment="dev")
        records = cloud.receive("message")
        with suppress(Died):  # and nobody hands it over again
            world.run_once(cloud.hand_over, "message", records)
        cloud.pump("email")
        time.forward(minutes=16)
        cloud.invoke("pipeline/sweep_deliveries", {}, milliseconds=240_000)
        cloud.pump()
        [delivery] = world.deliveries("m")
        sent_again = len(delivery.earlier or [])
        assert delivery.status == "success"
        assert cloud.calls[SEND] == 1 + sent_again


def test_a_removed_notification_ends_its_delivery(cloud: Cloud, lives: Iterator[Lives]) -> None:
    for world in lives:
        world.stored(
            "m", MAIL, TEXT, age=timedelta(), contact_infos=[*SAM, {"type": "mobile_number", "value": "+15550001"}]
        )
        world.configure("login", TEXT)
        world.run(world.call, "manage/replay_message", {"message_id": "m"}, environment="dev")
        world.process()
        cloud.pump()
        assert world.outcomes("m") == [("failed", REMOVED), ("success", None)]


def bury(world: World, message_id: str) -> None:
    """Set aside the only job of a message that was just ingested, and another that nobody can read."""
    world.configure("login", MAIL)
    world.ingest("login", message_id, contact_infos=SAM)
    world.cloud.pump("message")
    [record] = world.cloud.receive("email")
    for body in (record["body"], "poison"):
        world.cloud.client("sqs").send_message(QueueUrl=world.cloud.dead["email"], MessageBody=body)


def all_visible() -> None:
    """Let the time pass for which what a dead function took is hidden."""
    for queue in get_backend("sqs")[clouds.ACCOUNT][clouds.REGION].queues.values():
        for message in queue._messages:
            message.visible_at = 0


def after_a_while(world: Lives, function: str) -> None:
    """Deal with all letters, when nobody has one any more."""
    all_visible()
    world.call(function, {"all": True})


@pytest.mark.slow
def test_a_letter_is_redriven_and_not_lost(cloud: Cloud, lives: Iterator[Lives]) -> None:
    for world in lives:
        bury(world, "m")
        world.run(after_a_while, world, "manage/redrive_dead_letters")
        all_visible()
        cloud.pump("email")
        assert world.outcomes("m") == [("success", None)]
        assert cloud.calls[SEND] == 1
        assert set_aside(cloud) == ["poison"]


def set_aside(cloud: Cloud) -> list[str]:
    found = cloud.client("sqs").receive_message(QueueUrl=cloud.dead["email"], MaxNumberOfMessages=10)
    return [message["Body"] for message in found.get("Messages", [])]


@pytest.mark.slow
def test_a_purged_letter_is_gone_for_good(cloud: Cloud, time: Time, lives: Iterator[Lives]) -> None:
    for world in lives:
        bury(world, "m")
        world.run(after_a_while, world, "manage/purge_dead_letters")
        all_visible()
        assert set_aside(cloud) == ["poison"]
        time.forward(minutes=16)
        cloud.invoke("pipeline/sweep_deliveries", {}, milliseconds=240_000)
        cloud.pump()
        assert world.outcomes("m") == [("failed", PURGED)]
        assert cloud.calls[SEND] == 0


@pytest.mark.slow
def test_a_stuck_message_is_set_going_again_and_sent_once(cloud: Cloud, time: Time, lives: Iterator[Lives]) -> None:
    for world in lives:
        world.user("u")
        world.stored("m", MAIL, INBOX, age=timedelta(minutes=20), user_id="u")
        world.sweep()
        for _ in range(3):
            world.process()
            cloud.pump()
            time.forward(minutes=31)
            world.sweep()
        assert world.outcomes("m") == [("success", None)] * 2
        assert cloud.calls[SEND] == 1
        position, watches = world.runtime.sweep_state.read(world.scope)
        assert position is not None
        assert list(watches) == []


def test_a_message_that_is_stored_late_is_swept_though_its_run_died(
    cloud: Cloud, time: Time, lives: Iterator[Lives]
) -> None:
    for world in lives:
        world.configure("login", MAIL)
        message = world.message("login", "late", contact_infos=SAM)
        body = {"team_id": world.team_id, "environment": "dev", "messages": [message.model_dump(mode="json")]}
        time.forward(minutes=1)
        ahead = world.ingest("login", contact_infos=SAM)
        cloud.pump()
        time.forward(minutes=60)
        cloud.invoke("pipeline/sweep_deliveries", {}, milliseconds=240_000)  # which goes beyond the late one's place
        cloud.client("sqs").send_message(QueueUrl=cloud.queues["message"], MessageBody=json.dumps(body))
        records = cloud.receive("message")
        with suppress(Died):  # and nobody hands it over again
            world.run_once(cloud.hand_over, "message", records)
        stored = world.runtime.messages.get(world.scope, "late") is not None
        time.forward(minutes=16)
        cloud.invoke("pipeline/sweep_deliveries", {}, milliseconds=240_000)
        cloud.pump()
        assert world.outcomes(ahead) == [("success", None)]
        assert cloud.calls[SEND] == 1 + stored
        if stored:
            assert world.outcomes("late") == [("success", None)]
