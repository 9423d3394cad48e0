"""What one event costs, in calls of AWS by warm functions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.cloud import Cloud, World, record
from tests.support.notifications import INBOX, MAIL, PHONE, SAM, TEXT

READS = ("GetItem", "Query", "BatchGetItem")
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
NEVER = ("Scan", "TransactWriteItems", "TransactGetItems", "ExecuteStatement")


def test_an_event_with_one_mail_costs_two_reads_and_four_writes(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    world.user("u", ("email", "sam@example.com"))
    world.ingest("login", user_id="u", data={"otp": 1})
    cloud.pump("message", "email")  # the functions are warm now
    cloud.calls.clear()
    message_id = world.ingest("login", user_id="u", data={"otp": 1})
    cloud.pump("message", "email")
    calls = cloud.calls.copy()
    assert world.outcomes(message_id) == [("success", None)]
    assert {name: count for name, count in calls.items() if name.startswith("dynamodb:")} == {
        "dynamodb:GetItem": 1,  # the address's suppression; the event type is cached
        "dynamodb:Query": 1,  # the user with all contact infos
        "dynamodb:PutItem": 2,  # the entry in the journal, which ten events share; the message with its plan
        "dynamodb:UpdateItem": 2,  # the delivery: claimed, recorded
    }
    assert sum(calls[f"dynamodb:{name}"] for name in READS) <= 2
    assert sum(calls[f"dynamodb:{name}"] for name in WRITES) <= 4
    assert calls["sesv2:SendEmail"] == 1
    assert calls["secretsmanager:GetSecretValue"] == 0


def report(cloud: Cloud, world: World, message_id: str, event_type: str, **about: Any) -> dict[str, int]:
    """Let SES report something about the mail of a message; return what that costs in calls of DynamoDB."""
    [delivery] = world.deliveries(message_id)
    tags = {"team_id": [world.team_id], "environment": ["dev"], "delivery_id": [delivery.id]}
    detail = {"eventType": event_type, "mail": {"tags": tags}, event_type.lower(): about}
    cloud.calls.clear()
    records = [record("email", json.dumps({"id": "e", "detail": detail}))]
    assert cloud.invoke("pipeline/record_feedback", {"Records": records}) == {"batchItemFailures": []}
    return {name: count for name, count in cloud.calls.items() if name.startswith("dynamodb:")}


def test_a_report_costs_a_write_and_one_of_a_delivery_a_read_besides(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    first, second = (world.ingest("login", contact_infos=SAM) for _ in range(2))
    cloud.pump()
    assert report(cloud, world, first, "Open") == {"dynamodb:UpdateItem": 1}
    assert report(cloud, world, first, "Delivery") == {"dynamodb:UpdateItem": 1, "dynamodb:GetItem": 1}
    assert report(cloud, world, first, "Bounce", bounceType="Transient") == {"dynamodb:UpdateItem": 2}
    # From now on the address is one whose deliveries are noted.
    assert report(cloud, world, second, "Delivery") == {"dynamodb:UpdateItem": 2, "dynamodb:GetItem": 1}


def test_a_push_costs_no_call_more_than_a_mail(cloud: Cloud, world: World) -> None:
    world.configure("login", PHONE)
    contacts = [{"type": "firebase_token", "value": f"token-{world.team_id}"}]
    message_id = world.ingest("login", contact_infos=contacts)
    cloud.pump("message")
    cloud.calls.clear()
    cloud.pump("push")
    assert world.outcomes(message_id) == [("success", None)]
    assert cloud.calls["dynamodb:UpdateItem"] == 2  # claimed, recorded


def pushed(cloud: Cloud, world: World, *, cold: bool = False) -> tuple[dict[str, int], float, float]:
    """Push to the world's token; return what the push function calls, and how many units it reads and writes."""
    contacts = [{"type": "firebase_token", "value": f"token-{world.team_id}"}]
    message_id = world.ingest("login", contact_infos=contacts)
    cloud.pump("message")
    records = cloud.receive("push")
    cloud.calls.clear()
    cloud.requests.clear()
    run = cloud.invoke if cold else cloud.warm
    assert run("pipeline/deliver_push", {"Records": records}) == {"batchItemFailures": []}
    calls = dict(cloud.calls)
    read = sum(1 if request["ConsistentRead"] else 0.5 for request in cloud.sent("dynamodb:GetItem"))
    # The record of an accepted push is in an index, which is written as well.
    written = 1 + sum(len(cloud.sent(f"dynamodb:{name}")) for name in WRITES)
    assert world.outcomes(message_id) == [("success", None)]
    return calls, read, written


def test_a_push_to_a_token_that_is_known_is_one_call_of_sns(cloud: Cloud, world: World) -> None:
    world.configure("login", PHONE)
    handed_over = {"dynamodb:UpdateItem": 2, "sns:Publish": 1}  # claimed, handed over, recorded
    # No endpoint is kept; one is made, and kept. The team is read, once in a minute.
    kept = {"dynamodb:GetItem": 2, "sns:CreatePlatformEndpoint": 1, "dynamodb:PutItem": 1}
    assert pushed(cloud, world) == ({**handed_over, **kept}, 1.5, 4)
    for _ in range(2):
        assert pushed(cloud, world) == (handed_over, 0, 3)
    # Another sandbox reads it.
    assert pushed(cloud, world, cold=True) == ({**handed_over, "dynamodb:GetItem": 2}, 1.5, 3)


def test_nothing_on_the_way_is_a_scan_or_a_transaction(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL, TEXT, PHONE, INBOX)
    token = f"token-{world.team_id}"
    world.user("u", ("email", "sam@example.com"), ("mobile_number", "+15550001"), ("firebase_token", token))
    cloud.calls.clear()
    message_id = world.ingest("login", user_id="u", data={"otp": 1})
    cloud.pump()
    assert {name for name in cloud.calls if name.split(":")[1] in NEVER} == set()
    assert world.outcomes(message_id) == [("success", None)] * 4


def test_a_hundred_recipients_are_queued_in_ten_calls(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    contacts = [{"type": "email", "value": f"u{number}@example.com"} for number in range(100)]
    world.ingest("login", contact_infos=contacts)
    cloud.calls.clear()
    cloud.pump("message")
    assert cloud.calls["sqs:SendMessageBatch"] == 10
    assert cloud.calls["sqs:SendMessage"] == 0


@pytest.mark.parametrize("events", [1, 50])
def test_the_events_of_one_request_are_taken_in_by_one_call(cloud: Cloud, world: World, events: int) -> None:
    from nereid.core.messaging.ingest import ingest

    messages = [world.message("login", contact_infos=SAM) for _ in range(events)]
    cloud.calls.clear()
    ingest(world.runtime.message_queue, world.environment, messages)
    assert dict(cloud.calls) == {"sqs:SendMessage": 1}


def of_schedule(cloud: Cloud) -> list[str]:
    """Return the calls that were made of the schedule."""
    return [name for name, request in cloud.requests if request.get("TableName") == "LimitsTable"]


def test_a_single_mail_asks_nobody_whether_it_is_its_turn(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    world.ingest("login", contact_infos=SAM)
    cloud.pump("message", "email")
    assert of_schedule(cloud) == []
    assert cloud.calls["ses:GetAccount"] == cloud.calls["sesv2:GetAccount"] == 0


def test_nine_mails_ask_nobody_whether_it_is_their_turn(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    world.ingest("login", contact_infos=[{"type": "email", "value": f"u{number}@example.com"} for number in range(9)])
    cloud.pump("message", "email")
    assert of_schedule(cloud) == []


@pytest.mark.parametrize("priority", ["normal", "high"])
def test_ten_mails_book_their_turns_by_one_write(cloud: Cloud, world: World, priority: str) -> None:
    world.configure("login", {**MAIL, "priority": priority})
    contacts = [{"type": "email", "value": f"u{number}@example.com"} for number in range(10)]
    message_id = world.ingest("login", contact_infos=contacts)
    cloud.pump("message")
    cloud.calls.clear()
    cloud.pump("email")
    assert world.outcomes(message_id) == [("success", None)] * 10
    assert of_schedule(cloud) == ["dynamodb:UpdateItem"]
    assert cloud.calls["dynamodb:UpdateItem"] == 1 + 2 * 10  # booked; each claimed, recorded


def test_a_mail_that_is_throttled_costs_a_claim_a_record_and_a_send(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    world.ingest("login", contact_infos=SAM)
    cloud.pump("message")
    records = cloud.receive("email")
    cloud.fail("sesv2:SendEmail", ("TooManyRequestsException", 429))
    cloud.calls.clear()
    cloud.hand_over("email", records)
    assert {name: count for name, count in cloud.calls.items() if not name.startswith("secretsmanager:")} == {
        "dynamodb:GetItem": 2,  # the address's suppression; the team, once in a minute
        "dynamodb:UpdateItem": 2,  # claimed, recorded
        "sesv2:SendEmail": 1,
        "sqs:SendMessage": 1,
    }


def test_a_final_message_is_shown_without_a_look_at_its_providers(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    message_id = world.ingest("login", contact_infos=SAM)
    cloud.pump("message")

    def looks() -> int:
        cloud.requests.clear()
        world.shown(message_id)
        return len(of_schedule(cloud))

    assert looks() == 1
    cloud.pump("email")
    assert looks() == 0
