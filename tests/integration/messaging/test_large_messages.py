"""What is as large as it may be goes through, and through again."""

from __future__ import annotations

import random
import string
from typing import Any

import pytest

from nereid.aws.table import MAX_PAGE_BYTES
from nereid.core.messaging.configured import configuration
from nereid.core.messaging.deliver import cut
from nereid.core.messaging.ingest import ingest_operations
from nereid.core.messaging.process_message import MAX_CARRIED_BYTES, make_plan
from nereid.dialects.http import MAX_BODY_BYTES
from nereid.models.delivery import DeliveryJob
from nereid.models.message import TrackEvent
from nereid.models.operation import Who
from nereid.models.user import ContactInfo
from nereid.ports.messaging import MessageFilter
from tests.support.cloud import Cloud, World, accepted, record
from tests.support.notifications import INBOX, MAIL, SAM
from tests.support.stored_messages import store


def noise(length: int, seed: int = 0) -> str:
    """Return text that hardly becomes smaller by compression."""
    alphabet = string.ascii_letters + string.digits
    return "".join(random.Random(seed).choices(alphabet, k=length))  # noqa: S311 - no secret


def test_a_large_message_goes_through(cloud: Cloud, world: World) -> None:
    # All but two are longer than an address can be; as identify and earlier releases store them, they are planned.
    addresses = [f"{noise(3000, number)}@example.com" for number in range(100)]
    addresses[0], addresses[-1] = "first@example.com", "last@example.com"
    world.configure("login", *({**MAIL, "name": f"mail-{number}"} for number in range(20)))
    world.user("u")
    user, now = world.runtime.users.load(world.scope, "u"), world.runtime.clock.now()
    assert user is not None
    for address in addresses[:50]:
        contact = ContactInfo(type="email", value=address, created_at=now, updated_at=now)
        world.runtime.users.put_contact_info(world.scope, user, contact, new=True)
    contacts = [{"type": "email", "value": address} for address in addresses[50:]]
    data = {"otp": 1, "filler": noise(MAX_BODY_BYTES - 160_000)}
    message_id = world.ingest("login", user_id="u", data=data, contact_infos=contacts)
    records = cloud.receive("message")
    for _ in range(2):
        cloud.requests.clear()
        cloud.fail("sqs:SendMessageBatch", *[accepted] * 200)
        assert cloud.hand_over("message", records) == []
    batches = cloud.sent("sqs:SendMessageBatch")
    assert all(sum(len(entry["MessageBody"].encode()) for entry in each["Entries"]) <= 2**20 for each in batches)
    jobs = [record("email", entry["MessageBody"]) for batch in batches for entry in batch["Entries"]]
    assert len(jobs) == 2000
    assert DeliveryJob.model_validate_json(jobs[0]["body"]).message is None  # read again instead of carried
    reached = [job for job in jobs if any(f'"{each}"' in job["body"] for each in (addresses[0], addresses[-1]))]
    some = [reached[0], reached[-1]]
    assert cloud.hand_over("email", some) == []
    found = world.deliveries(message_id)
    assert len(found) == 2000
    assert sorted(each.status for each in found)[-3:] == ["pending", "success", "success"]
    mails = cloud.sent("sesv2:SendEmail")
    assert {mail["Content"]["Simple"]["Subject"]["Data"] for mail in mails} == {"Code 1"}
    item = cloud.client("dynamodb").query(
        TableName="ActivityTable",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"{world.team_id}#dev#message#{message_id}"}},
    )["Items"]
    assert len(item) > 1  # the plan is in parts of its own


def test_a_small_message_is_carried_by_its_jobs(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    world.ingest("login", data={"text": "x" * (MAX_CARRIED_BYTES - 1000)}, contact_infos=SAM)
    cloud.pump("message")
    [record] = cloud.receive("email")
    assert DeliveryJob.model_validate_json(record["body"]).message is not None


def test_what_a_mock_renders_fits_its_record(cloud: Cloud) -> None:
    world = World(cloud, mock=True)
    big = "{{ text }}" * 3
    template = {"subject": big, "text": big, "html": big}
    push = {"title": "t", "body": "b", "data": {str(number): "{{ text }}" for number in range(40)}}
    world.configure("login", {**MAIL, "template": template}, {**INBOX, "template": push})
    world.user("u")
    message_id = world.ingest("login", user_id="u", data={"text": "ü" * 60_000}, contact_infos=SAM)
    cloud.pump()
    assert cloud.pump() == []
    mail, inbox = world.deliveries(message_id)
    assert (mail.status, inbox.status) == ("mocked", "mocked")
    assert mail.rendered is not None
    assert inbox.rendered is not None
    assert {len(text) for text in mail.rendered.values()} == {32768}
    assert set(inbox.rendered["data"]) == {str(number) for number in range(40)}


def test_each_rendered_text_is_cut_at_65536_characters() -> None:
    assert cut({"text": "x" * 70_000, "data": {"a": ["y" * 70_000]}}) == {
        "text": "x" * 65536,
        "data": {"a": ["y" * 65536]},
    }


def test_an_app_notification_that_no_inbox_can_hold_has_failed(cloud: Cloud, world: World) -> None:
    world.configure("login", {**INBOX, "template": {"title": "{{ text }}", "body": "{{ text }}"}})
    world.user("u")
    message_id = world.ingest("login", user_id="u", data={"text": "x" * 250_000})
    assert cloud.pump() == []
    assert world.outcomes(message_id) == [("failed", "provider: too large")]


@pytest.mark.parametrize("text", ["\ufffe\uffff", "\u2028", "\U0001f600", "\x7f\u0085"])
def test_every_character_of_json_comes_through_the_queues(cloud: Cloud, world: World, text: str) -> None:
    world.configure("login", {**MAIL, "template": {"subject": "s", "text": "{{ x }}"}})
    world.ingest("login", data={"x": text}, contact_infos=SAM)
    assert cloud.pump() == []
    [mail] = cloud.sent("sesv2:SendEmail")
    assert mail["Content"]["Simple"]["Body"]["Text"]["Data"] == text


def test_a_request_of_characters_that_grow_on_the_queue_is_taken(cloud: Cloud, world: World) -> None:
    events = [
        TrackEvent(
            kind="event", who=Who(external_id="u"), message=world.message("login", data={"x": "\ufffe" * 80_000})
        )
        for _ in range(4)
    ]
    ingest_operations(world.runtime.message_queue, world.scope, events)
    assert sum(each["body"].count('"message_id"') for each in cloud.receive("message")) == 4


def test_a_list_says_what_was_skipped_of_a_message_whose_plan_is_kept_in_parts(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL, {**INBOX, "when": "false"})
    contacts = [{"type": "email", "value": f"{noise(4000, number)}@example.com"} for number in range(60)]
    data = {"filler": noise(MAX_BODY_BYTES - 160_000)}
    message = world.message("login", contact_infos=contacts, data=data)
    found = configuration(world.runtime.event_types, world.scope, message)
    plan = make_plan(world.environment, found, message, None, message.received_at)
    assert store(world.runtime.messages, world.scope, message, plan) is None
    key = {"pk": {"S": f"{world.team_id}#dev#message#{message.message_id}"}, "sk": {"S": "message"}}
    assert "plan_parts" in cloud.client("dynamodb").get_item(TableName="ActivityTable", Key=key)["Item"]
    [listed] = world.runtime.messages.page(world.scope, MessageFilter(), None, 1)[0]
    for stored in (listed, world.runtime.messages.get(world.scope, message.key)):
        assert stored is not None
        skipped = [(each.notification, each.reason) for each in stored.plan.all_skipped()]
        assert skipped == [("inbox", "condition does not hold")]


def test_a_page_of_large_messages_ends_early_and_goes_on(cloud: Cloud, world: World) -> None:
    names = [f"m{number:02d}" for number in range(30)]
    for number, name in enumerate(names):
        world.ingest("login", name, data={"filler": "x" * 250_000, "number": number})
    cloud.pump("message")
    found: list[str] = []
    before: str | None = None
    pages: list[int] = []
    while not pages or before is not None:
        messages, before = world.runtime.messages.page(world.scope, MessageFilter(), before, 100)
        assert sum(len(each.message.data["filler"]) for each in messages) <= MAX_PAGE_BYTES
        pages.append(len(messages))
        found += [each.message.message_id for each in messages]
    assert len(pages) > 1
    assert sorted(found) == names


def test_a_page_of_large_event_types_ends_early_and_goes_on(world: World) -> None:
    large: dict[str, Any] = {"subject": "s", "text": "x" * 65_000, "html": "y" * 65_000}
    names = [f"e{number:02d}" for number in range(40)]
    for name in names:
        world.configure(name, {**MAIL, "template": large})
    found: list[str] = []
    after: str | None = None
    pages = 0
    while pages == 0 or after is not None:
        page, after = world.runtime.event_types.page(world.scope, after, 100)
        found += [each.event_type for each in page]
        pages += 1
    assert pages == 2
    assert found == names
