"""Deliveries of a team that an operator has stopped, or that may not send as somebody any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from nereid.core.access.teams import change_team
from nereid.core.messaging.deliver import MAX_TRIES
from nereid.core.messaging.team_rules import NOT_ALLOWED, TeamRules
from nereid.errors import NotFound, OutcomeUnknown, ProviderBusy
from nereid.models.delivery import DeliveryJob
from nereid.models.team import Channels, Team
from tests.faults.messaging.test_hand_overs import Clock, job_of
from tests.faults.messaging.test_waiting import Sandbox
from tests.support.cloud import Cloud, World
from tests.support.notifications import MAIL, PHONE, SAM, TEXT

IN_MEMORY = True
STOPPED = "waiting: team is stopped"
STACK = Channels.model_validate({"email": {"from": "hello@example.com"}})


class Rules:
    """The record of a team, as an operator writes it."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.world, self.clock = world, clock
        self.rules = TeamRules(self.team, STACK)

    def team(self, team_id: str) -> Team:
        team = self.world.runtime.account_store.team(team_id)
        if team is None:
            raise NotFound("team")
        return team

    def change(self, **members: Any) -> None:
        accounts: Any = self.world.runtime.account_store
        change_team(accounts, self.clock, self.world.team_id, **members)


@pytest.fixture
def clock(world: World) -> Clock:
    return Clock(world)


@pytest.fixture
def rules(world: World, clock: Clock) -> Rules:
    return Rules(world, clock)


def outcome(world: World, job: DeliveryJob) -> tuple[str, str | None]:
    [found] = world.outcomes(job.message_id)
    return found


def test_a_delivery_waits_for_as_long_as_its_team_is_stopped_and_is_sent_then(
    world: World, clock: Clock, rules: Rules
) -> None:
    job = job_of(world)
    sandbox = Sandbox(world, clock, rules=rules.rules)
    rules.change(stopped=True)
    sandbox.deliver(job)
    pauses = []
    for _ in range(200):
        assert outcome(world, job) == ("pending", STOPPED)
        pauses.append(sandbox.queue.backs[-1][1])
        sandbox.again()
    assert pauses[0] <= 5
    assert 300 < max(pauses) <= 900
    assert sandbox.provider.sent == []
    rules.change(stopped=False)
    sandbox.again()
    assert outcome(world, job) == ("success", None)
    assert len(sandbox.provider.sent) == 1


def test_a_stop_is_no_try(world: World, clock: Clock, rules: Rules) -> None:
    job = job_of(world)
    sandbox = Sandbox(world, clock, OutcomeUnknown("no answer"), rules=rules.rules)
    rules.change(stopped=True)
    sandbox.deliver(job)
    for _ in range(MAX_TRIES + 1):
        sandbox.again()
    rules.change(stopped=False)
    with pytest.raises(Exception, match="unknown"):
        sandbox.again()
    assert outcome(world, job)[0] == "pending"  # and is tried again, as after a first try


def test_a_stop_uses_up_no_patience(world: World, clock: Clock, rules: Rules) -> None:
    job = job_of(world)
    busy = ProviderBusy("ServiceUnavailable")
    sandbox = Sandbox(world, clock, busy, busy, rules=rules.rules)
    sandbox.deliver(job)
    rules.change(stopped=True)
    sandbox.again()
    clock.forward(timedelta(days=5).total_seconds())
    rules.change(stopped=False)
    sandbox.again()
    assert outcome(world, job) == ("pending", "waiting: provider: ServiceUnavailable")
    sandbox.again()
    assert outcome(world, job) == ("success", None)


def test_a_delivery_that_expires_meanwhile_is_lost(world: World, clock: Clock, rules: Rules) -> None:
    job = job_of(world, {**MAIL, "expires_in": 30})
    sandbox = Sandbox(world, clock, rules=rules.rules)
    rules.change(stopped=True)
    sandbox.deliver(job)
    for _ in range(20):
        if outcome(world, job)[0] != "pending":
            break
        sandbox.again()
    assert outcome(world, job) == ("failed", "expired")
    assert sandbox.provider.sent == []


def test_all_channels_wait_for_a_stopped_team(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL, TEXT, PHONE)
    world.user("u", ("mobile_number", "+15550001"), ("firebase_token", "token"))
    message_id = world.ingest("login", user_id="u", data={"otp": 1}, contact_infos=SAM)
    cloud.pump("message")
    change_team(world.runtime.account_store, world.runtime.clock, world.team_id, stopped=True)
    cloud.pump("email", "sms", "push")
    assert world.outcomes(message_id) == [("pending", STOPPED)] * 3
    assert not [name for name in cloud.calls if name.startswith(("sesv2:Send", "sns:Publish"))]
    change_team(world.runtime.account_store, world.runtime.clock, world.team_id, stopped=False)
    for queue in ("email", "sms", "push"):
        cloud.restart(f"pipeline/deliver_{queue}")  # which keeps a team's record for a minute
    for _, back in cloud.put_back():
        queue = back["eventSourceARN"].rpartition(":")[2].partition("Queue")[0].lower()
        cloud.hand_over(queue, [back])
    assert world.outcomes(message_id) == [("success", None)] * 3


@pytest.mark.parametrize(
    ("notification", "taken"),
    [({**MAIL, "template": {**MAIL["template"], "from": "shop@example.com"}}, "@example.com"), (TEXT, "sms:SHOP")],
)
def test_who_was_taken_from_a_teams_list_sends_nothing_more(
    cloud: Cloud, world: World, notification: dict[str, Any], taken: str
) -> None:
    accounts, clock = world.runtime.account_store, world.runtime.clock
    if taken.startswith("sms:"):
        own = world.environment.channels.model_validate({"sms": {"sender_id": "SHOP"}})
        world.environment = world.environment.model_copy(update={"channels": own})
        accounts._table.put({**_item(world)})
    world.configure("login", notification)
    for listed, expected in (([taken], ("success", None)), ([], ("failed", NOT_ALLOWED))):
        change_team(accounts, clock, world.team_id, listed)
        contacts = [*SAM, {"type": "mobile_number", "value": "+15550001"}]
        message_id = world.ingest("login", data={"otp": 1}, contact_infos=contacts)
        cloud.pump("message", "email", "sms")
        assert world.outcomes(message_id) == [expected]
        for queue in ("email", "sms"):
            cloud.restart(f"pipeline/deliver_{queue}")


def _item(world: World) -> dict[str, Any]:
    from nereid.aws.access.accounts import _environment_item

    return _environment_item(world.environment)
