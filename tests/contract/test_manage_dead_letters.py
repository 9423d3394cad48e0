"""What failed too often, as its owner deals with it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.manage_client import MAIL, NOT_FOUND, Manage, email_to, outcomes, unique
from tests.support.teams import Operator

ID = "059f36b4-87a3-44ab-83d2-661975170001"
QUEUES = ("message", "email", "sms", "push", "feedback")


class Owner:
    """A team and its dead letters."""

    def __init__(self, manage: Manage, operator: Operator) -> None:
        self.manage, self.operator = manage, operator
        self.team_id = operator.team_of(manage.token)

    def events(self, *message_ids: str, event_type: str = "login", **members: Any) -> dict[str, Any]:
        """Return a record of the message queue."""
        messages = [
            {
                "message_id": message_id,
                "event_type": event_type,
                "source": "neptune",
                "received_at": "2026-01-31T09:30:00.000Z",
                **members,
            }
            for message_id in message_ids
        ]
        return {"team_id": self.team_id, "environment": "dev", "messages": messages}

    def bury(self, queue: str, body: Any = None) -> str:
        return self.operator.bury(queue, body or self.events("m"))

    def list(self, query: str = "") -> list[Any]:
        answer = self.manage.ok("GET", f"/dead_letters{query}")
        assert set(answer) == {"data", "more"}
        found: list[Any] = answer["data"]
        return found

    def ids(self) -> set[str]:
        return {each["id"] for each in self.list("?limit=100")}


@pytest.fixture
def owner(team: Manage, operator: Operator) -> Iterator[Owner]:
    yield Owner(team, operator)
    for queue in QUEUES:
        operator.forget_letters(queue)


@pytest.fixture
def stranger(operator: Operator, team: Manage) -> Owner:
    return Owner(Manage(team.stack, operator.team().token), operator)


def test_a_letter_has_these_members(owner: Owner) -> None:
    body = owner.events("m-1", "m-2")
    letter_id = owner.bury("message", body)
    [letter] = owner.list()
    moment = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
    assert moment.fullmatch(letter["sent_at"])
    assert moment.fullmatch(letter["first_received_at"])
    assert letter == {
        "id": letter_id,
        "queue": "message",
        "reason": "the function did not finish: it ran out of time or memory, or could not start",
        "sent_at": letter["sent_at"],
        "age_seconds": letter["age_seconds"],
        "first_received_at": letter["first_received_at"],
        "receive_count": 1,
        "kind": "events",
        "environment": "dev",
        "event_types": ["login"],
        "message_ids": ["m-1", "m-2"],
        "delivery_ids": [],
        "body": body,
    }
    assert 0 <= letter["age_seconds"] < 60


@pytest.mark.slow
def test_what_fails_is_set_aside_with_its_reason_put_back_and_done(owner: Owner, operator: Operator) -> None:
    # A rule that nobody knows: what an older version of the functions would say of a newer one's record.
    address = f"{unique()}@example.com"
    body = owner.events("m", event_type=owner.manage.configure(MAIL), contact_infos=email_to(address), rule="unknown")
    url = operator.queues["MESSAGE_QUEUE_URL"]
    operator.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    try:
        operator.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
        owner.manage.stack.wait_for(lambda: operator.letters("message"))
    finally:
        operator.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "360"})
    [letter] = owner.list()
    assert letter["reason"].startswith("failed: ValidationError at consumer.py:")
    assert letter["receive_count"] > 5
    assert owner.manage.ok("POST", "/dead_letter_purges", {"id": letter["id"]})["purged"] == 1

    del body["messages"][0]["rule"]
    letter_id = owner.bury("message", body)
    answer = owner.manage.ok("POST", "/dead_letter_redrives", {"id": letter_id})
    assert answer == {"redriven": 1, "remaining": 0, "more": False}
    assert outcomes(owner.manage.message("m")["deliveries"]) == [("success", None)]
    assert len(owner.manage.stack.outbox(address)) == 1
    assert owner.list() == []


def test_a_team_sees_its_own_letters_only(owner: Owner, stranger: Owner) -> None:
    mine, theirs = owner.bury("email"), stranger.bury("email")
    nobodys = owner.bury("email", "poison")
    assert (owner.ids(), stranger.ids()) == ({mine}, {theirs})
    for verb in ("redrives", "purges"):
        for letter_id in (theirs, nobodys):
            assert owner.manage.call("POST", f"/dead_letter_{verb}", {"id": letter_id}) == NOT_FOUND
    assert owner.manage.ok("POST", "/dead_letter_purges", {"all": True})["purged"] == 1
    assert (owner.ids(), stranger.ids()) == (set(), {theirs})


@pytest.mark.parametrize("queue", QUEUES)
def test_one_queue_is_dealt_with_alone(owner: Owner, queue: str) -> None:
    ids = {each: owner.bury(each) for each in QUEUES}
    assert [each["id"] for each in owner.list(f"?queue={queue}")] == [ids[queue]]
    selection = {"all": True, "queue": queue}
    assert owner.manage.ok("POST", "/dead_letter_purges", selection) == {"purged": 1, "remaining": 0, "more": False}
    assert owner.ids() == set(ids.values()) - {ids[queue]}


@pytest.mark.parametrize("verb", ["redrives", "purges"])
def test_a_letter_is_looked_for_in_the_queue_that_is_named(owner: Owner, verb: str) -> None:
    letter_id = owner.bury("sms")
    assert owner.manage.call("POST", f"/dead_letter_{verb}", {"id": letter_id, "queue": "email"}) == NOT_FOUND
    assert owner.manage.call("POST", f"/dead_letter_{verb}", {"id": letter_id, "queue": "sms"})[0] == 200


def test_a_list_shows_as_many_as_it_is_asked_for(owner: Owner) -> None:
    for _ in range(27):
        owner.bury("push")
    for query, count, more in (("", 25, True), ("?limit=3", 3, True), ("?limit=27", 27, False)):
        answer = owner.manage.ok("GET", f"/dead_letters{query}")
        assert (len(answer["data"]), answer["more"]) == (count, more)
    assert owner.manage.ok("POST", "/dead_letter_purges", {"all": True})["purged"] == 27


def test_what_is_purged_fails_and_is_not_sent(owner: Owner, operator: Operator) -> None:
    address = f"{unique()}@example.com"
    message_id = operator.store(owner.manage.token, "dev", owner.manage.configure(MAIL), address)
    letter_id = owner.bury("message", owner.events(message_id))
    answer = owner.manage.ok("POST", "/dead_letter_purges", {"id": letter_id})
    assert answer == {"purged": 1, "remaining": 0, "more": False}
    assert outcomes(owner.manage.message(message_id)["deliveries"]) == [("failed", "purged")]
    assert owner.manage.ok("POST", "/{env}/replays", {"message_id": message_id})["deliveries"][0]["effect"] == "final"
    assert owner.manage.stack.outbox(address) == []


@pytest.mark.parametrize("verb", ["redrives", "purges"])
class TestRefusals:
    def test_an_unknown_letter_is_not_found(self, owner: Owner, verb: str) -> None:
        for letter_id in (ID, str(uuid.uuid4()), "x", "%00"):
            assert owner.manage.call("POST", f"/dead_letter_{verb}", {"id": letter_id}) == NOT_FOUND

    @pytest.mark.parametrize(
        ("body", "errors"),
        [
            ({}, {"id": "is required, unless all is true"}),
            ({"all": False}, {"id": "is required, unless all is true"}),
            ({"queue": "email"}, {"id": "is required, unless all is true"}),
            ({"all": True, "id": ID}, {"all": "must not be true beside an id"}),
            ({"all": True, "queue": "x"}, {"queue": "must be one of message, email, sms, push, feedback"}),
        ],
    )
    def test_a_selection_is_one_or_all(
        self, owner: Owner, verb: str, body: dict[str, Any], errors: dict[str, str]
    ) -> None:
        assert owner.manage.errors("POST", f"/dead_letter_{verb}", body) == errors

    @pytest.mark.parametrize(
        ("body", "field"), [({"id": 1}, "id"), ({"id": ""}, "id"), ({"all": "true"}, "all"), ({"all": 1}, "all")]
    )
    def test_a_wrong_value_is_named(self, owner: Owner, verb: str, body: dict[str, Any], field: str) -> None:
        assert list(owner.manage.errors("POST", f"/dead_letter_{verb}", body)) == [field]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "queue=", "queue=Email", "queue=messages"])
def test_a_wrong_query_is_refused(owner: Owner, query: str) -> None:
    assert list(owner.manage.errors("GET", f"/dead_letters?{query}")) == [query.partition("=")[0]]
