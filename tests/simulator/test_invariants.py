"""Each invariant is seen to be broken in a world in which it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from nereid.models.message_keys import key_of
from nereid.models.team import Scope
from tests.simulator import invariants
from tests.simulator.journal import HandOver, Opened, Report, Trait
from tests.simulator.outcome import Outcome, Stored
from tests.simulator.run import Plan, happen
from tests.simulator.sqs import QueuedMessage
from tests.simulator.world import World, running

pytestmark = pytest.mark.slow

PLAN = Plan(seed=5, events=150, faults=[])


@contextmanager
def sound() -> Iterator[World]:
    """Make a world in which nothing went wrong; no fixture, since coverage would be measured in its setup."""
    world = World(PLAN.seed, only=PLAN.faults)
    with running(world):
        happen(world, PLAN)
        yield world


def mails(world: World) -> list[HandOver]:
    return [each for each in world.journal.hand_overs if each.accepted and each.accepted.channel == "email"]


def stored(world: World, wanted: Callable[[Stored], bool]) -> Stored:
    return next(each for each in Outcome.of(world).messages.values() if wanted(each))


def rewrite(world: World, table: str, wanted: Callable[[dict[str, Any]], bool], **changes: Any) -> None:
    """Change the first item that is wanted; without changes, delete it."""
    item = next(each for each in world.database.items(table) if wanted(each))
    if changes:
        world.database.client.put_item(TableName=table, Item={**item, **changes})
    else:
        world.database.client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def lose_a_message(world: World) -> None:
    sent = next(each for each in world.journal.sent.values() if each.taken and each.rule is None)
    assert sent.message_id
    place = f"{sent.team_id}#{sent.environment}#message#"
    keys = {place + key_of(sent.message_id, public=public) for public in (False, True)}
    rewrite(world, "ActivityTable", lambda item: item["pk"]["S"] in keys)


def lose_an_entry_of_the_journal(world: World) -> None:
    rewrite(world, "ActivityTable", lambda item: "#journal#" in item["pk"]["S"])


def reopen_a_delivery(world: World) -> None:
    def wanted(item: dict[str, Any]) -> bool:
        return item["sk"]["S"] == "delivery" and item["status"]["S"] == "success" and "reported" not in item

    rewrite(world, "ActivityTable", wanted, status={"S": "pending"})


def give_up_on_a_throttled_delivery(world: World) -> None:
    def wanted(item: dict[str, Any]) -> bool:
        return item["sk"]["S"] == "delivery" and item["status"]["S"] == "success" and "reported" not in item

    given_up = {"S": "gave up: provider: TooManyRequestsException"}
    rewrite(world, "ActivityTable", wanted, status={"S": "failed"}, reason=given_up)


def send_elsewhere(world: World) -> None:
    hand_over = mails(world)[0]
    assert hand_over.accepted is not None
    hand_over.accepted = hand_over.accepted._replace(to="somebody@else.example.com")


def send_other_content(world: World) -> None:
    hand_over = mails(world)[0]
    assert hand_over.accepted is not None
    hand_over.accepted = hand_over.accepted._replace(text=hand_over.accepted.text.replace("|a|", "|c|"))


def send_twice(world: World) -> None:
    world.journal.hand_overs.append(replace(mails(world)[0]))


def forget_what_was_accepted(world: World) -> None:
    world.journal.hand_overs.remove(mails(world)[0])


def suppress_before(world: World) -> None:
    accepted = mails(world)[0].accepted
    assert accepted is not None
    world.journal.suppress(accepted.tags["team_id"], accepted.to.upper(), 0, "bounce")


def lose_a_notification(world: World) -> None:
    rewrite(world, "AudienceTable", lambda item: item["sk"]["S"].startswith("inbox#"))


def read_a_notification(world: World) -> None:
    rewrite(
        world,
        "AudienceTable",
        lambda item: item["sk"]["S"].startswith("inbox#") and "read_at" not in item,
        read_at={"S": "2026-03-02T09:00:00.000Z"},
    )


def report_what_was_not_counted(world: World) -> None:
    message = stored(world, lambda each: each.message.outreach is not None)
    [planned] = message.planned.values()
    missing = next(kind for kind in ("Permanent", "Complaint") if Report(planned.id, kind) not in world.journal.reports)
    world.journal.reports.add(Report(planned.id, missing))


def say_what_was_lost(world: World) -> None:
    scope = Scope(*next((each.team_id, each.environment) for each in world.journal.sent.values()))
    world.journal.traits.append(Trait(scope, None, "user-1", "k-lost", "i0"))


def count_a_user_more(world: World) -> None:
    rewrite(world, "AudienceTable", lambda item: item["sk"]["S"] == "users", how_many={"N": "1000"})


def count_a_purchase_more(world: World) -> None:
    buyer = stored(world, lambda each: each.message.rule == "confirmation")
    pk = f"{buyer.scope.team_id}#{buyer.scope.environment}#user#{buyer.message.user_id}"
    item = next(
        each for each in world.database.items("AudienceTable") if (each["pk"]["S"], each["sk"]["S"]) == (pk, "user")
    )
    meta = json.loads(item["meta"]["S"])
    meta["numberOfPurchases"] += 1
    rewrite(world, "AudienceTable", lambda each: each == item, meta={"S": json.dumps(meta)})


def open_with_a_revoked_token(world: World) -> None:
    world.journal.revoked["team", "token"] = 0
    world.journal.opened.append(Opened(("team", "token"), world.time.now, 200, "i0"))


def lose_poison(world: World) -> None:
    world.journal.poison.add("nowhere")


def give_back_what_could_be_handled(world: World) -> None:
    world.journal.given_back.append(QueuedMessage("m", "{}", 0))


def crash(world: World) -> None:
    invocation = world.journal.hand_overs[0].invocation
    invocation.faults.clear()
    world.journal.crashes.append((invocation, ValueError("no")))


def log_an_address(world: World) -> None:
    world.sink.write('{"level":"INFO","to":"user1@team1.example.com"}')


DOCTORED: dict[Callable[[World], None], str] = {
    lose_a_message: "nothing is lost",
    lose_an_entry_of_the_journal: "every message is listed",
    reopen_a_delivery: "every delivery ends",
    give_up_on_a_throttled_delivery: "throttled is not failed",
    send_elsewhere: "only what was planned is sent",
    send_other_content: "only what was planned is sent",
    send_twice: "nothing is sent twice",
    forget_what_was_accepted: "a success was accepted",
    suppress_before: "nobody is mailed against their will",
    lose_a_notification: "inboxes hold what was delivered",
    read_a_notification: "inboxes hold what was delivered",
    report_what_was_not_counted: "campaigns count what happened",
    say_what_was_lost: "users are what was said",
    count_a_user_more: "users are counted",
    count_a_purchase_more: "attributes count what happened",
    open_with_a_revoked_token: "a revoked token opens nothing",
    lose_poison: "poison blocks nothing",
    give_back_what_could_be_handled: "poison blocks nothing",
    crash: "nothing unexpected happens",
    log_an_address: "logs hold nothing private",
}


def test_a_world_in_which_nothing_went_wrong_is_sound() -> None:
    with sound() as world:
        assert invariants.check(world) == []


@pytest.mark.parametrize("doctor", DOCTORED, ids=lambda doctor: doctor.__name__)
def test_what_is_broken_is_found(doctor: Callable[[World], None]) -> None:
    with sound() as world:
        doctor(world)
        assert DOCTORED[doctor] in {broken.invariant for broken in invariants.check(world)}


def test_every_invariant_is_broken_once() -> None:
    assert {name.replace(" ", "_") for name in DOCTORED.values()} == {each.__name__ for each in invariants.INVARIANTS}
