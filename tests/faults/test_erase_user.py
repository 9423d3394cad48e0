"""The erasure of a user where functions die between any two steps, records come again, and something is under way.

What is looked at in the end are all items of all tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.aws.messaging import messages
from nereid.clock import SystemClock
from nereid.core.messaging.ingest import ingest_operations
from nereid.core.outreach.leads import create_lead
from nereid.core.rights.erase_user import UserEraser
from nereid.models.delivery import DeliveryJob
from nereid.models.erasure import ERASURE_SETTLES
from nereid.models.message import Alias, Identify
from nereid.models.operation import Traits, Who
from nereid.ports.messaging import Outcome
from nereid.runtime import runtime
from tests.support.cloud import Cloud, Died, World, record
from tests.support.notifications import INBOX, MAIL, PHONE, TEXT

#: Other tests show that the same stores work over moto.
IN_MEMORY = True
EMAIL, PHONE_NUMBER, TOKEN = "sam.sample@example.com", "+4915112345678", "token-of-sam"
SECRETS = (EMAIL, PHONE_NUMBER, TOKEN, "s3cret", "sam-the-user", "Sam Sample")
KEEPING = {**MAIL, "template": {**MAIL["template"], "text": "{{ secret }}"}}


class Time:
    """Moves the clock of the functions."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def forward(self, how_far: timedelta) -> None:
        self.ahead += how_far


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + time.ahead)
    return time


def told(world: World, message_id: str, **members: Any) -> None:
    world.ingest("login", message_id, data={"secret": "s3cret"}, **members)


def prepared(cloud: Cloud) -> World:
    """Return a world with a user that has all that a user can have, and with another one."""
    assert cloud.memory is not None
    for table in cloud.memory.names():
        for item in list(cloud.memory.items(table)):
            cloud.client("dynamodb").delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})
    world = World(cloud)
    outreach = world.runtime.settings.model_copy(update={"outreach_table": "OutreachTable"})
    world.runtime.__dict__["settings"] = outreach
    world.configure("login", KEEPING, TEXT, PHONE, INBOX)
    contacts = [("email", EMAIL), ("mobile_number", PHONE_NUMBER), ("firebase_token", TOKEN)]
    world.user("sam-the-user", *contacts, name="Sam Sample")  # type: ignore[arg-type]
    world.user("kim", ("email", "kim@example.com"))
    lead = {"full_name": "Sam Sample", "email": EMAIL}
    create_lead(world.runtime.leads, world.runtime.clock, world.team_id, lead)
    told(world, "sent", user_id="sam-the-user")
    told(world, "to-address", contact_infos=[{"type": "email", "value": EMAIL}])
    told(world, "kims", user_id="kim")
    cloud.pump()
    world.runtime.suppressions.add(world.team_id, EMAIL, "complaint", world.runtime.clock.now())
    told(world, "pending", user_id="sam-the-user")
    cloud.pump("message")
    return world


def erase(world: World) -> None:
    event = {
        "rawPath": "/manage/dev/users/sam-the-user/erase",
        "headers": {"authorization": f"Bearer {world.token}"},
        "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
        "pathParameters": {"environment": "dev", "user_id": "sam-the-user"},
    }
    answer = world.cloud.invoke("manage/erase_user", event)
    assert answer["statusCode"] == 200, answer


def sweep(world: World) -> None:
    world.cloud.invoke("pipeline/sweep_deliveries", {}, milliseconds=280_000)


def found(cloud: Cloud, *secrets: str) -> list[tuple[str, str]]:
    """Return the tables and items that hold something of the user, or of what was sent to it."""
    assert cloud.memory is not None
    texts = [
        (table, json.dumps(item, default=str)) for table in cloud.memory.names() for item in cloud.memory.items(table)
    ]
    return [(table, text) for table, text in texts if any(secret in text for secret in secrets)]


def assert_erased(world: World) -> None:
    theirs = [text for _, text in found(world.cloud, *SECRETS) if "#message#kims" not in text]
    assert theirs == []
    kims = world.runtime.messages.get(world.scope, "kims")
    assert kims is not None
    assert kims.message.data == {"secret": "s3cret"}
    suppressed = world.runtime.suppressions
    assert suppressed.get(world.team_id, EMAIL) is not None, "it goes on suppressing"
    sent = world.cloud.calls["sesv2:SendEmail"]
    world.cloud.pump("email", "sms", "push")
    assert world.cloud.calls["sesv2:SendEmail"] == sent


@pytest.fixture
def lives(cloud: Cloud, time: Time) -> Iterator[tuple[World, int]]:
    def each() -> Iterator[tuple[World, int]]:
        for effects in range(200):
            cloud.forget()
            yield prepared(cloud), effects

    return each()


@pytest.mark.slow
def test_nothing_is_found_wherever_a_function_dies(
    cloud: Cloud, time: Time, lives: Iterator[tuple[World, int]]
) -> None:
    for world, effects in lives:
        cloud.effects_left = effects
        died = True
        try:
            erase(world)
            died = cloud.effects_left is None
        except Died:
            pass
        cloud.effects_left = None
        erase(world)
        time.forward(ERASURE_SETTLES + timedelta(minutes=1))
        sweep(world)
        assert list(world.runtime.erasures.all()) == []
        assert_erased(world)
        if not died:
            assert effects > 20, "little was done"
            return
    raise AssertionError("it goes on for ever")


def test_what_is_under_way_when_it_is_asked_for_is_erased_afterwards(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    told(world, "under-way", user_id="sam-the-user")
    records = cloud.receive("message")
    time.forward(timedelta(seconds=1))
    erase(world)
    cloud.hand_over("message", records)
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert_erased(world)


def test_what_comes_afterwards_stays(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    erase(world)
    time.forward(timedelta(minutes=1))
    world.user("sam-the-user", ("email", "new@example.com"))
    told(world, "new", user_id="sam-the-user")
    cloud.pump()
    time.forward(ERASURE_SETTLES)
    sweep(world)
    assert list(world.runtime.erasures.all()) == []
    user = world.runtime.users.load(world.scope, "sam-the-user")
    assert user is not None
    assert [each.value for each in user.contact_infos] == ["new@example.com"]
    stored = world.runtime.messages.get(world.scope, "new")
    assert stored is not None
    assert stored.message.data == {"secret": "s3cret"}
    assert len(world.runtime.inbox.after(world.scope, "sam-the-user", None, 10)) == 1


def test_a_delivery_that_somebody_is_sending_is_erased_once_it_is_sent(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    told(world, "held", user_id="sam-the-user")
    cloud.pump("message")

    def asked_for_meanwhile(_request: Any) -> None:
        cloud.faults.clear()
        function = cloud.function
        erase(world)
        cloud.function = function

    # Another function, in a sandbox of its own.
    records = cloud.receive("push")
    assert records
    cloud.fail("sns:Publish", asked_for_meanwhile)
    cloud.hand_over("push", records[:1])
    assert list(world.runtime.erasures.all()) != []
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    for _ in range(2):
        sweep(world)
    assert list(world.runtime.erasures.all()) == []
    assert_erased(world)


def test_a_bounce_of_a_mail_to_somebody_who_was_erased_suppresses_by_hash(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    [mail] = [each for each in world.deliveries("sent") if each.channel == "email"]
    erase(world)
    tags = {"team_id": world.team_id, "environment": world.identifier, "delivery_id": mail.id}
    report = {
        "eventType": "Bounce",
        "mail": {
            "messageId": mail.provider_message_id,
            "timestamp": "2026-01-31T09:30:00.000Z",
            "destination": [EMAIL],
            "tags": {name: [value] for name, value in tags.items()},
        },
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "timestamp": "2026-01-31T09:30:00.000Z",
            "bouncedRecipients": [{"emailAddress": EMAIL}],
        },
    }
    assert cloud.hand_over("feedback", [record("feedback", json.dumps({"detail": report}))]) == []
    suppression = world.runtime.suppressions.get(world.team_id, EMAIL)
    assert suppression is not None
    assert set(suppression.reasons) == {"complaint", "bounce"}
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert_erased(world)


def test_a_plan_in_parts_leaves_none_of_them(cloud: Cloud, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "_ITEM_BYTES", 1)
    world = prepared(cloud)
    assert any("plan#" in text for _, text in found(cloud, EMAIL))
    erase(world)
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert_erased(world)


@pytest.mark.parametrize("user_id", ["sam-the-user", None], ids=["to the user", "to its address"])
def test_however_many_messages_there_are_it_ends_when_its_time_does(
    cloud: Cloud, time: Time, user_id: str | None
) -> None:
    world = prepared(cloud)
    for number in range(30):
        told(world, f"one-of-many-{number}", user_id=user_id, contact_infos=[{"type": "email", "value": EMAIL}])
    cloud.pump("message")
    time.forward(timedelta(seconds=1))
    erasure = world.runtime.erasures.request(world.scope, "sam-the-user", "receipt", world.runtime.clock.now())
    cloud.load("manage/erase_user")
    ends = cloud.calls["dynamodb:UpdateItem"] + 40
    runtime.user_eraser.erase(erasure, lambda: cloud.calls["dynamodb:UpdateItem"] < ends)
    assert cloud.calls["dynamodb:UpdateItem"] < ends + 20
    erase(world)
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert_erased(world)


def meanwhile(cloud: Cloud, operation: str, in_request: str, do: Callable[[], object]) -> None:
    """Do something, as if in another sandbox, right before the first call of DynamoDB that has a text in it."""

    def fault(request: Any) -> None:
        if in_request not in json.dumps(request, default=str):
            cloud.faults[operation] = [fault]
            return
        function, kept = cloud.function, dict(runtime.__dict__)
        cloud.function = None
        do()
        cloud.function = function
        runtime.__dict__.clear()
        runtime.__dict__.update(kept)

    cloud.faults[operation] = [fault]


def test_an_app_notification_that_is_put_right_after_its_message_was_erased_goes_as_well(
    cloud: Cloud, time: Time
) -> None:
    world = prepared(cloud)
    told(world, "in-hand", user_id="sam-the-user")
    records = cloud.receive("message")
    time.forward(timedelta(seconds=1))
    erasure = world.runtime.erasures.request(world.scope, "sam-the-user", "receipt", world.runtime.clock.now())
    time.forward(timedelta(seconds=1))

    def go_on() -> None:
        cloud.load("manage/erase_user")
        runtime.user_eraser.erase(erasure, lambda: True)

    # It was planned after the request, by a sandbox that does not know of it yet.
    meanwhile(cloud, "dynamodb:PutItem", "inbox#", go_on)
    assert cloud.hand_over("message", records) == []
    assert "dynamodb:PutItem" not in cloud.faults or not cloud.faults["dynamodb:PutItem"]
    stored = world.runtime.messages.get(world.scope, "in-hand")
    assert stored is not None
    assert stored.message.is_erased
    told(world, "new", user_id="sam-the-user")
    cloud.pump("message")
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert list(world.runtime.erasures.all()) == []
    [left] = world.runtime.inbox.after(world.scope, "sam-the-user", None, 10)
    assert left.uuid in {each.id for each in world.deliveries("new")}


def test_a_forced_replay_that_is_in_hand_meanwhile_opens_nothing_again(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    [text] = [each for each in world.deliveries("sent") if each.channel == "sms"]
    world.runtime.replayer.replay(world.environment, "sent", [text.id], "again")
    records = cloud.receive("message")
    time.forward(timedelta(seconds=1))
    meanwhile(cloud, "dynamodb:UpdateItem", ":replays", lambda: erase(world))
    assert cloud.hand_over("message", records) == []
    published = cloud.calls["sns:Publish"]
    cloud.pump("sms")
    assert cloud.calls["sns:Publish"] == published
    assert [each.status for each in world.deliveries("sent") if each.channel == "sms"] == ["success"]
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert_erased(world)


def test_addresses_that_are_found_when_another_run_is_done_are_noted_nowhere(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    erasures, now = world.runtime.erasures, world.runtime.clock.now()
    erasure = erasures.request(world.scope, "lee", "receipt", now)
    erasures.finish(erasure, now)
    assert erasures.note(erasure, ["email lee@example.com"]).addresses == {"email lee@example.com"}
    assert list(erasures.all()) == []
    assert found(cloud, "lee@example.com") == []


def test_an_erasure_that_takes_all_the_time_there_is_keeps_no_other_from_its_turn(
    cloud: Cloud, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds = [prepared(cloud), World(cloud)]
    for world in worlds:
        for user_id in ("sam", "kim"):
            world.runtime.erasures.request(world.scope, user_id, "receipt", world.runtime.clock.now())
    had: list[tuple[str, str]] = []
    monkeypatch.setattr(UserEraser, "_erase", lambda _, each, *_more: had.append((each.team_id, each.user_id)))
    cloud.load("pipeline/sweep_deliveries")
    for _ in range(200):
        begun = len(had)
        runtime.user_eraser.erase_all(lambda begun=begun: len(had) == begun)  # type: ignore[misc]
    assert {(world.team_id, user_id) for world in worlds for user_id in ("sam", "kim")} <= set(had)


LATE = timedelta(days=13)


def late(cloud: Cloud, time: Time, world: World) -> None:
    """Have what is on the message queue handed over long after the erasure is done, as redriven dead letters are."""
    records = cloud.receive("message")
    assert records
    time.forward(timedelta(seconds=1))
    erase(world)
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert list(world.runtime.erasures.all()) == []
    time.forward(LATE)
    cloud.restart("pipeline/process_messages")
    assert cloud.hand_over("message", records) == []
    # Once more, as a queue may.
    assert cloud.hand_over("message", records) == []


@pytest.mark.parametrize(
    "members",
    [
        {"user_id": "sam-the-user"},
        {"contact_infos": [{"type": "email", "value": EMAIL.upper()}]},
        {"contact_infos": [{"type": "mobile_number", "value": "+49 151 12345678"}]},
    ],
    ids=["user", "email", "phone"],
)
def test_a_dead_letter_that_is_redriven_after_the_erasure_brings_nothing_back(
    cloud: Cloud, time: Time, members: dict[str, Any]
) -> None:
    world = prepared(cloud)
    told(world, "late", **members)
    late(cloud, time, world)
    assert_erased(world)
    stored = world.runtime.messages.get(world.scope, "late")
    assert stored is not None
    assert (stored.message.is_erased, stored.message.event_type) == (True, "login")
    assert world.deliveries("late") == []


def test_of_a_late_message_to_another_user_its_address_alone_goes(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    told(world, "late", user_id="kim", contact_infos=[{"type": "email", "value": EMAIL}])
    late(cloud, time, world)
    assert found(cloud, EMAIL) == []
    assert [each.to for each in world.deliveries("late") if each.channel == "email"] == ["kim@example.com"]


def test_what_is_processed_right_after_the_request_is_not_sent(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    told(world, "under-way", contact_infos=[{"type": "email", "value": "new." + EMAIL}], user_id="sam-the-user")
    records = cloud.receive("message")
    time.forward(timedelta(seconds=1))
    erase(world)
    cloud.restart("pipeline/process_messages")
    cloud.hand_over("message", records)
    sent = cloud.calls["sesv2:SendEmail"]
    cloud.pump("email")
    assert cloud.calls["sesv2:SendEmail"] == sent


def test_an_identify_that_comes_late_makes_no_user(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    operation = Identify(
        kind="identify",
        id="1",
        asked_at=world.runtime.clock.now(),
        who=Who(external_id="sam-the-user"),
        traits=Traits(email=EMAIL),
    )
    ingest_operations(world.runtime.message_queue, world.scope, [operation])
    late(cloud, time, world)
    assert world.runtime.users.get(world.scope, "sam-the-user") is None
    assert_erased(world)


@pytest.mark.parametrize("kind", ["identify", "alias"])
def test_a_user_that_is_made_of_what_was_asked_for_before_is_erased_by_the_second_pass(
    cloud: Cloud, time: Time, kind: str
) -> None:
    world = prepared(cloud)
    identities, at = world.runtime.identities, world.runtime.clock.now()
    identities.find_or_create(world.scope, Who(anonymous_id="phone"), "1")
    told(world, "kims-other", user_id="kim")
    cloud.pump("message")
    who, traits = Who(external_id="sam-the-user"), Traits(email=EMAIL)
    asked = {
        "identify": Identify(kind="identify", id="2", asked_at=at, who=who, traits=traits),
        "alias": Alias(kind="alias", id="2", asked_at=at, anonymous_id="phone", external_id="sam-the-user"),
    }
    ingest_operations(world.runtime.message_queue, world.scope, [asked[kind]])  # type: ignore[list-item]
    records = cloud.receive("message")
    time.forward(timedelta(seconds=1))
    erase(world)
    time.forward(timedelta(seconds=1))
    # By a sandbox that does not know of the erasure yet.
    assert cloud.hand_over("message", records) == []
    assert world.runtime.users.get(world.scope, "sam-the-user") is not None
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    for _ in range(2):
        sweep(world)
    assert list(world.runtime.erasures.all()) == []
    assert world.runtime.users.get(world.scope, "sam-the-user") is None
    assert found(cloud, EMAIL) == []


def test_a_profile_of_before_that_becomes_the_user_afterwards_stays(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    world.runtime.identities.find_or_create(world.scope, Who(anonymous_id="phone"), "1")
    time.forward(timedelta(seconds=1))
    erase(world)
    time.forward(timedelta(minutes=1))
    now = world.runtime.clock.now()
    alias = Alias(kind="alias", id="2", asked_at=now, anonymous_id="phone", external_id="sam-the-user")
    ingest_operations(world.runtime.message_queue, world.scope, [alias])
    cloud.pump("message")
    time.forward(ERASURE_SETTLES)
    for _ in range(2):
        sweep(world)
    assert list(world.runtime.erasures.all()) == []
    assert world.runtime.users.get(world.scope, "sam-the-user") is not None


def test_messages_to_the_profile_that_the_user_was_are_erased_as_well(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    world.runtime.identities.find_or_create(world.scope, Who(anonymous_id="sams-phone"), "1")
    told(world, "before", user_id="anon:sams-phone")
    cloud.pump()
    alias = Alias(kind="alias", id="2", anonymous_id="sams-phone", external_id="sam-the-user")
    ingest_operations(world.runtime.message_queue, world.scope, [alias])
    cloud.pump()
    time.forward(timedelta(seconds=1))
    erase(world)
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert_erased(world)
    assert found(cloud, "sams-phone") == []


def test_a_run_that_had_a_delivery_for_too_long_records_nothing_of_it_any_more(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    told(world, "held", user_id="sam-the-user")
    cloud.pump("message")
    [job] = [
        each
        for waiting in cloud.receive("email")
        if (each := DeliveryJob.model_validate_json(waiting["body"])).message_id == "held"
    ]
    now = world.runtime.clock.now()
    claim = world.runtime.deliveries.claim(job, "token", now, now + timedelta(minutes=1))
    time.forward(timedelta(minutes=2))
    erase(world)
    outcome = Outcome("success", None, "ses-1", rendered={"to": EMAIL})
    world.runtime.deliveries.record(world.scope, job.delivery_id, claim.token, outcome, world.runtime.clock.now())
    time.forward(ERASURE_SETTLES)
    sweep(world)
    assert_erased(world)


def test_a_click_that_is_reported_afterwards_leaves_no_link(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    [mail] = [each for each in world.deliveries("sent") if each.channel == "email"]
    erase(world)
    event = {"type": "click", "at": "2026-01-31T09:30:00.000Z", "link": "https://example.com/?for=sam"}
    for _ in range(2):
        assert world.runtime.deliveries.report(world.scope, mail.id, event) is not None
    assert found(cloud, "for=sam") == []
    assert len(found(cloud, "2026-01-31T09:30:00.000Z")) == 1


def letters(cloud: Cloud) -> list[str]:
    """Return the bodies of all dead letters, which stay."""
    found = []
    for url in cloud.dead.values():
        sqs = cloud.client("sqs")
        taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for each in taken:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"], VisibilityTimeout=0)
        found += [str(each["Body"]) for each in taken]
    return found


def bury(cloud: Cloud, queue: str) -> None:
    for waiting in cloud.receive(queue):
        cloud.client("sqs").send_message(QueueUrl=cloud.dead[queue], MessageBody=waiting["body"])


def test_dead_letters_lose_what_they_hold_of_the_user_and_nothing_else(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    told(world, "kims-own", user_id="kim")
    bury(cloud, "message")
    told(world, "given-up", user_id="sam-the-user")
    told(world, "to-both", contact_infos=[{"type": "email", "value": each} for each in (EMAIL, "lee@example.com")])
    bury(cloud, "message")
    for queue in ("email", "sms", "push"):
        bury(cloud, queue)
    identify = {"kind": "identify", "who": {"external_id": "sam-the-user"}, "traits": {"email": EMAIL}}
    mixed = {
        "kind": "events",
        "team_id": world.team_id,
        "environment": "dev",
        "messages": [],
        "operations": [identify, {**identify, "who": {"external_id": "lee"}, "traits": {"email": "lee@example.com"}}],
    }
    cloud.client("sqs").send_message(QueueUrl=cloud.dead["message"], MessageBody=json.dumps(mixed))
    assert len(letters(cloud)) > 7
    time.forward(timedelta(seconds=1))
    erase(world)
    left = letters(cloud)
    assert [each for each in left if any(secret in each for secret in (EMAIL, PHONE_NUMBER, TOKEN, "sam-the-"))] == []
    assert len(left) == 3
    assert sorted(word for each in left for word in ("kims-own", "to-both", '"lee"') if word in each) == [
        '"lee"',
        "kims-own",
        "to-both",
    ]
    time.forward(ERASURE_SETTLES)
    sweep(world)
    assert list(world.runtime.erasures.all()) == []
    assert len(letters(cloud)) == 3


def test_a_message_to_others_as_well_is_erased_once_it_went_there(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    told(world, "to-both", contact_infos=[{"type": "email", "value": each} for each in ("lee@example.com", EMAIL)])
    cloud.pump("message")
    time.forward(timedelta(seconds=1))
    erase(world)
    sent = cloud.calls["sesv2:SendEmail"]
    cloud.pump("email")
    assert cloud.calls["sesv2:SendEmail"] == sent + 1
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert list(world.runtime.erasures.all()) == []
    assert_erased(world)
    assert found(cloud, "lee@example.com") == []


@pytest.mark.parametrize("user_id", [None, "kim"], ids=["nobody", "somebody else"])
def test_a_number_that_names_no_country_is_the_users_as_well(cloud: Cloud, time: Time, user_id: str | None) -> None:
    world = prepared(cloud)
    accounts = world.runtime.account_store
    environment = accounts.environment(world.team_id, "dev")
    assert environment is not None
    accounts.update_environment(environment.model_copy(update={"default_country": "DE"}))
    cloud.restart("pipeline/process_messages")
    national = [{"type": "mobile_number", "value": "0151 12345678"}]
    told(world, "stored", user_id=user_id, contact_infos=national)
    cloud.pump()
    told(world, "given-up", user_id=user_id, contact_infos=national)
    bury(cloud, "message")
    time.forward(timedelta(seconds=1))
    erase(world)
    assert found(cloud, "0151 12345678") == []
    assert [each for each in letters(cloud) if "0151 12345678" in each] == []


@pytest.mark.parametrize(
    "odd",
    [
        {"messages": [{"message_id": "m", "user_id": 5, "contact_infos": [5, {"type": ["email"], "value": {}}]}]},
        {"messages": [{"message_id": "m", "user_id": ["lee"], "outreach": {"to": ["x"]}, "test": []}]},
        {"operations": [{"who": {"external_id": {}}, "traits": {"email": ["a"], "phone": {}}}]},
        {"delivery_id": "d", "message": {"user_id": {}}, "recipient": [], "planned_at": "x"},
    ],
    ids=["user", "outreach", "operation", "delivery"],
)
def test_a_letter_of_an_odd_form_keeps_no_erasure_from_its_end(cloud: Cloud, time: Time, odd: dict[str, Any]) -> None:
    world = prepared(cloud)
    body = json.dumps({"team_id": world.team_id, "environment": "dev", **odd})
    cloud.client("sqs").send_message(QueueUrl=cloud.dead["message"], MessageBody=body)
    time.forward(timedelta(seconds=1))
    erase(world)
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert list(world.runtime.erasures.all()) == []
    assert letters(cloud) == [body]


def test_a_dead_report_about_the_user_suppresses_by_hash_and_is_gone(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    [mail] = [each for each in world.deliveries("sent") if each.channel == "email"]
    tags = {"team_id": world.team_id, "environment": world.identifier, "delivery_id": mail.id}
    report = {
        "eventType": "Bounce",
        "mail": {"destination": [EMAIL], "tags": {name: [value] for name, value in tags.items()}},
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": EMAIL}],
        },
    }
    cloud.client("sqs").send_message(QueueUrl=cloud.dead["feedback"], MessageBody=json.dumps({"detail": report}))
    time.forward(timedelta(seconds=1))
    erase(world)
    assert letters(cloud) == []
    suppression = world.runtime.suppressions.get(world.team_id, EMAIL)
    assert suppression is not None
    assert set(suppression.reasons) == {"complaint", "bounce"}


def test_an_erasure_is_not_done_before_all_dead_letters_were_seen(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    told(world, "given-up", user_id="sam-the-user")
    bury(cloud, "message")
    sqs = cloud.client("sqs")
    [taken] = sqs.receive_message(QueueUrl=cloud.dead["message"], VisibilityTimeout=600)["Messages"]
    erase(world)
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert list(world.runtime.erasures.all()) != []
    url = cloud.dead["message"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=taken["ReceiptHandle"], VisibilityTimeout=0)
    sweep(world)
    assert list(world.runtime.erasures.all()) == []
    assert letters(cloud) == []


def test_the_endpoint_of_its_push_token_is_deleted(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    cloud.pump("push")
    deleted = cloud.calls["sns:DeleteEndpoint"]
    cloud.fail("sns:DeleteEndpoint", ("Throttled", 400))
    erase(world)
    assert found(cloud, '"endpoint"') != [], "it is deleted first"
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert cloud.calls["sns:DeleteEndpoint"] > deleted
    assert found(cloud, '"endpoint"') == []
    assert_erased(world)


def test_only_messages_that_may_be_its_own_are_read(cloud: Cloud, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    world = prepared(cloud)
    for number in range(30):
        contacts = [{"type": "email", "value": f"other{number}@example.com"}]
        world.ingest("login", f"other-{number}", contact_infos=contacts)
    world.ingest("not-configured", "named", contact_infos=[{"type": "email", "value": EMAIL}], data={"a": "s3cret"})
    cloud.pump()
    read: list[str] = []
    outlines = messages.DynamoMessageStore.outlines

    def noted(store: Any, scope: Any, keys: list[str]) -> Any:
        read.extend(keys)
        return outlines(store, scope, keys)

    monkeypatch.setattr(messages.DynamoMessageStore, "outlines", noted)
    time.forward(timedelta(seconds=1))
    erase(world)
    assert {"named", "to-address"} <= set(read)
    assert [key for key in read if key.startswith("other-")] == []
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert_erased(world)
