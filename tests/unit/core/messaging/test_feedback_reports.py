"""What SES and SNS publish is read as they document it, and nothing personal is taken from it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.core.messaging.feedback_reports import read
from nereid.models.report import EmailReport, PushFailure
from nereid.models.team import Scope

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
TAGS = {
    "team_id": ["team"],
    "environment": ["dev"],
    "delivery_id": ["d-1"],
    "ses:configuration-set": ["nereid"],
    "ses:source-ip": ["192.0.2.1"],
}
MAIL = {
    "timestamp": "2026-01-31T09:30:00.000Z",
    "messageId": "0100018d-1",
    "source": "hello@example.com",
    "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/example.com",
    "sendingAccountId": "123456789012",
    "destination": ["sam@example.com"],
    "headersTruncated": False,
    "headers": [{"name": "To", "value": "sam@example.com"}],
    "commonHeaders": {"to": ["sam@example.com"], "subject": "Hello"},
    "tags": TAGS,
}
AT = "2026-01-31T09:30:05.250Z"
BOUNCED = {
    "emailAddress": "sam@example.com",
    "action": "failed",
    "status": "5.1.1",
    "diagnosticCode": "smtp; 550 5.1.1 <sam@example.com>: user unknown",
}


def bounce(kind: str = "Permanent", sub_type: str = "General", **recipient: Any) -> dict[str, Any]:
    given = {
        "bounceType": kind,
        "bounceSubType": sub_type,
        "bouncedRecipients": [{**BOUNCED, **recipient}],
        "timestamp": AT,
        "feedbackId": "0100018d-2",
        "reportingMTA": "dsn; mta.example.com",
    }
    return {"eventType": "Bounce", "mail": MAIL, "bounce": given}


def complaint(feedback: str | None = "abuse", sub_type: str | None = None) -> dict[str, Any]:
    given = {
        "complainedRecipients": [{"emailAddress": "sam@example.com"}],
        "timestamp": AT,
        "feedbackId": "0100018d-2",
        "complaintSubType": sub_type,
        "userAgent": "AnyCompany Feedback Loop (V0.01)",
        "complaintFeedbackType": feedback,
        "arrivalDate": "2026-01-31T09:30:01.000Z",
    }
    return {"eventType": "Complaint", "mail": MAIL, "complaint": given}


SEEN = {"timestamp": AT, "userAgent": "Mozilla/5.0", "ipAddress": "192.0.2.1"}
DELAYED = {
    "timestamp": AT,
    "delayType": "TransientCommunicationFailure",
    "expirationTime": "2026-01-31T21:30:00.000Z",
    "delayedRecipients": [{"emailAddress": "sam@example.com", "status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1"}],
}
FAILED = {"errorMessage": "Attribute 'name' of sam@example.com is missing", "templateName": "MyTemplate"}
FACTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"eventType": "Delivery", "mail": MAIL, "delivery": {"timestamp": AT, "recipients": ["sam@example.com"]}}, {}),
    (bounce(), {"type": "bounce", "bounce_type": "Permanent", "sub_type": "General", "code": "5.1.1"}),
    (
        bounce("Permanent", "OnAccountSuppressionList", status=None, diagnosticCode="Amazon SES did not send it"),
        {"type": "bounce", "bounce_type": "Permanent", "sub_type": "OnAccountSuppressionList"},
    ),
    (
        bounce("Transient", "MailboxFull", status="4.2.2"),
        {"type": "transient_bounce", "bounce_type": "Transient", "sub_type": "MailboxFull", "code": "4.2.2"},
    ),
    (
        bounce("Undetermined", "Undetermined", status=None, diagnosticCode="smtp; 450 sam@example.com try later"),
        {"type": "transient_bounce", "bounce_type": "Undetermined", "sub_type": "Undetermined", "code": "450"},
    ),
    (complaint(), {"type": "complaint", "feedback_type": "abuse"}),
    (complaint(None), {"type": "complaint"}),
    (complaint("not-spam"), {"type": "not_spam"}),
    (
        complaint(None, "OnAccountSuppressionList"),
        {"type": "known_complaint", "sub_type": "OnAccountSuppressionList"},
    ),
    ({"eventType": "Open", "mail": MAIL, "open": SEEN}, {"type": "open"}),
    (
        {"eventType": "Click", "mail": MAIL, "click": {**SEEN, "link": "https://example.com/", "linkTags": None}},
        {"type": "click", "link": "https://example.com/"},
    ),
    ({"eventType": "Reject", "mail": MAIL, "reject": {"reason": "Bad content"}}, {"type": "reject"}),
    ({"eventType": "Rendering Failure", "mail": MAIL, "failure": FAILED}, {"type": "rendering_failure"}),
    (
        {"eventType": "DeliveryDelay", "mail": MAIL, "deliveryDelay": DELAYED},
        {"type": "delivery_delay", "delay_type": "TransientCommunicationFailure", "code": "4.4.1"},
    ),
]
FAILURE = {
    "DeliveryAttempts": 1,
    "EndpointArn": "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app/466beb61-4e32-3538-884c-8539bd184056",
    "EventType": "DeliveryFailure",
    "FailureMessage": "Platform token associated with the endpoint is not valid",
    "FailureType": "InvalidPlatformToken",
    "MessageId": "374edf5f-9e35-5eeb-a03a-be0a5fdccbc3",
    "Resource": "arn:aws:sns:us-east-1:123456789012:app/GCM/app",
    "Service": "SNS",
    "Time": "2026-01-31T11:31:53.650Z",
}


def event(detail: dict[str, Any], time: str = "2026-01-31T09:30:06Z") -> dict[str, Any]:
    """Return a report as EventBridge hands it on."""
    return {
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": "Email Bounced",
        "source": "aws.ses",
        "account": "123456789012",
        "time": time,
        "region": "us-east-1",
        "resources": ["arn:aws:ses:us-east-1:123456789012:configuration-set/nereid"],
        "detail": detail,
    }


def notification(report: Any) -> dict[str, Any]:
    """Return a report as a topic hands it to a queue that does not want it raw."""
    return {
        "Type": "Notification",
        "MessageId": "840e4627-943e-558a-b849-277255d709a2",
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:topic",
        "Subject": "Amazon SES Email Event Notification",
        "Message": report if isinstance(report, str) else json.dumps(report),
        "Timestamp": "2026-01-31T09:30:06.000Z",
        "SignatureVersion": "1",
    }


def email(message: dict[str, Any], now: datetime = NOW) -> EmailReport:
    [report] = read(message, now)
    assert isinstance(report, EmailReport)
    return report


@pytest.mark.parametrize("wrapped", [event, notification, lambda report: report], ids=["EventBridge", "SNS", "raw"])
@pytest.mark.parametrize(("given", "shown"), FACTS, ids=[str(number) for number in range(len(FACTS))])
def test_a_report_is_read_in_each_wrapping(wrapped: Any, given: dict[str, Any], shown: dict[str, Any]) -> None:
    report = email(wrapped(given))
    assert (report.scope, report.delivery_id) == (Scope("team", "dev"), "d-1")
    assert report.kind == report.event["type"]
    assert report.recipient == "sam@example.com"
    assert {**report.event, "at": None} == {"type": "delivery", **shown, "at": None}


@pytest.mark.parametrize("given", [given for given, _ in FACTS], ids=[str(number) for number in range(len(FACTS))])
def test_no_address_is_kept_in_what_is_shown(given: dict[str, Any]) -> None:
    report = email(event(given))
    assert "sam" not in json.dumps(report.event) + str(report.detail)


def test_a_report_has_the_tags_of_its_mail_but_those_of_the_delivery_and_of_ses() -> None:
    tags = {**TAGS, "campaign_id": ["c"], "lead_id": ["l"], "ses:from-domain": ["example.com"], "empty": []}
    report = email({**bounce(), "mail": {**MAIL, "tags": tags}})
    assert report.tags == {"campaign_id": "c", "lead_id": "l"}
    assert email(bounce()).tags == {}


@pytest.mark.parametrize(
    ("timestamp", "time", "at"),
    [
        (AT, "2026-01-31T09:30:06Z", AT),
        (None, "2026-01-31T09:30:06Z", "2026-01-31T09:30:06.000Z"),
        ("yesterday", "2026-01-31T09:30:06Z", "2026-01-31T09:30:06.000Z"),
        ("1999-01-01T00:00:00.000Z", "2026-01-31T09:30:06Z", MAIL["timestamp"]),
        ("2038-01-01T00:00:00.000Z", "2026-01-31T09:30:06Z", "2026-01-31T12:00:00.000Z"),
        ("2026-01-31T09:30:05.250", "2026-01-31T09:30:06Z", AT),
        (None, "nonsense", "2026-01-31T12:00:00.000Z"),
    ],
)
def test_a_moment_lies_between_the_hand_over_and_now(timestamp: str | None, time: str, at: str) -> None:
    given = bounce()
    given["bounce"]["timestamp"] = timestamp
    assert email(event(given, time)).event["at"] == at


def test_a_report_knows_when_the_mail_was_handed_over() -> None:
    assert email(bounce()).sent_at == datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    assert email({**bounce(), "mail": {"tags": TAGS}}).sent_at == NOW


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"eventType": "Send", "mail": MAIL, "send": {}},
        {"eventType": "Subscription", "mail": MAIL, "subscription": {}},
        {**bounce(), "mail": {**MAIL, "tags": {}}},
        {**bounce(), "mail": {key: value for key, value in MAIL.items() if key != "tags"}},
        {"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "You have subscribed your topic"},
        {**FAILURE, "EventType": "EndpointUpdated"},
    ],
)
def test_what_is_about_nothing_of_ours_is_ignored(report: dict[str, Any]) -> None:
    for message in (event(report), notification(report), report):
        assert read(message, NOW) == []


@pytest.mark.parametrize("missing", ["team_id", "environment", "delivery_id"])
def test_what_lacks_a_part_of_the_name_of_its_delivery_is_ignored(missing: str) -> None:
    tags = {name: values for name, values in TAGS.items() if name != missing}
    assert read(event({**bounce(), "mail": {**MAIL, "tags": tags}}), NOW) == []


@pytest.mark.parametrize("text", ["Successfully validated SNS topic for Amazon SES event publishing.", "", "[]", "1"])
def test_what_a_topic_says_when_it_is_set_up_is_ignored(text: str) -> None:
    assert read(notification(text), NOW) == []


def to_several(report: dict[str, Any], *to: str) -> dict[str, Any]:
    """Return a report on a mail to somebody, and with copies to others."""
    destination = ["sam@example.com", "kim@example.com", "lee@example.com"]
    headers = {"commonHeaders": {"to": list(to)}} if to else {"commonHeaders": {}}
    return {**report, "mail": {**MAIL, "destination": destination, **headers}}


def about(message: dict[str, Any]) -> list[tuple[str, str | None, bool]]:
    return [(each.kind, each.recipient, each.is_copy) for each in read(message, NOW) if isinstance(each, EmailReport)]


@pytest.mark.parametrize("to", [(), ("Sam@Example.com",), ("Sam <sam@example.com>",)])
def test_what_became_of_a_copy_is_told_apart(to: tuple[str, ...]) -> None:
    copy = to_several(bounce(emailAddress="Kim@example.com"), *to)
    assert about(copy) == [("bounce", "Kim@example.com", True)]
    assert about(to_several(bounce(), *to)) == [("bounce", "sam@example.com", False)]


def test_each_recipient_has_a_bounce_of_its_own() -> None:
    report = bounce(emailAddress="kim@example.com")
    report["bounce"]["bouncedRecipients"].append({**BOUNCED, "status": "5.2.2"})
    kim, sam = read(to_several(report, "sam@example.com"), NOW)
    assert isinstance(kim, EmailReport)
    assert isinstance(sam, EmailReport)
    assert (kim.event["code"], kim.is_copy) == ("5.1.1", True)
    assert (sam.event["code"], sam.is_copy) == ("5.2.2", False)


def test_a_delivery_names_who_got_it() -> None:
    delivery = {"recipients": ["lee@example.com", "sam@example.com"], "timestamp": AT}
    report = {"eventType": "Delivery", "mail": MAIL, "delivery": delivery}
    assert about(to_several(report, "sam@example.com")) == [
        ("delivery", "lee@example.com", True),
        ("delivery", "sam@example.com", False),
    ]


@pytest.mark.parametrize(("name", "member"), [("Open", "open"), ("Click", "click"), ("Reject", "reject")])
def test_what_is_told_of_the_mail_is_about_nobody_in_particular(name: str, member: str) -> None:
    report = {"eventType": name, "mail": MAIL, member: {"timestamp": AT}}
    assert about(to_several(report, "sam@example.com")) == [(member, None, False)]


@pytest.mark.parametrize("wrapped", [notification, lambda report: report], ids=["SNS", "raw"])
def test_a_failure_of_push_is_read(wrapped: Any) -> None:
    [report] = read(wrapped(FAILURE), NOW)
    assert report == PushFailure(
        "374edf5f-9e35-5eeb-a03a-be0a5fdccbc3",
        "InvalidPlatformToken",
        datetime(2026, 1, 31, 11, 31, 53, 650000, tzinfo=UTC),
    )


@pytest.mark.parametrize("word", [None, 5, "", "has spaces", "x" * 65, "sam@example.com"])
def test_what_is_no_word_of_the_provider_is_not_shown(word: Any) -> None:
    [report] = read({**FAILURE, "FailureType": word, "Time": "2038-01-01T00:00:00.000Z"}, NOW)
    assert isinstance(report, PushFailure)
    assert (report.code, report.at) == ("unknown", NOW)


def test_a_clock_that_is_behind_puts_nothing_before_the_hand_over() -> None:
    early = datetime(2026, 1, 31, 9, 29, tzinfo=UTC)
    report = email(event(bounce()), early)
    assert report.sent_at is not None
    assert report.sent_at <= report.at <= early + timedelta(0)
