import json
from typing import Any

import pytest

from local_stack.aws.event_bus import EventBus
from local_stack.console.feedback import EMAIL_TYPES, Feedback
from local_stack.console.outbox import SentEmail
from local_stack.template.deployment import RuleSpec, TargetSpec

QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
SENT = SentEmail(
    message_id="id-1",
    source="Acme <hello@example.com>",
    recipients=["sam@example.com"],
    subject="Hi",
    tags={"delivery_id": "d-1"},
    configuration_set="set",
)


class Taken:
    """What targets received."""

    def __init__(self) -> None:
        self.queued: list[Any] = []
        self.invoked: list[Any] = []

    def bus(self, *targets: TargetSpec, pattern: Any = None) -> EventBus:
        rule = RuleSpec("R", "arn:rule", "default", pattern or {"source": ["aws.ses"]}, None, "UTC", targets)
        return EventBus(
            [rule],
            "us-east-1",
            lambda _, text: self.queued.append(json.loads(text)),
            lambda _, event: self.invoked.append(event),
        )


@pytest.fixture
def taken() -> Taken:
    return Taken()


def test_an_event_reaches_queues_and_functions(taken: Taken) -> None:
    bus = taken.bus(TargetSpec(QUEUE), TargetSpec(FUNCTION))
    assert bus.publish("aws.ses", "Email Opened", {"a": 1}) == 1
    assert taken.queued == taken.invoked
    assert taken.queued[0]["detail-type"] == "Email Opened"
    assert taken.queued[0]["detail"] == {"a": 1}


def test_what_is_put_on_the_bus_is_routed(taken: Taken) -> None:
    entry = {"Source": "aws.ses", "DetailType": "x", "Detail": '{"a": 2}', "EventBusName": "default"}
    taken.bus(TargetSpec(QUEUE)).put([entry, {**entry, "Source": "other"}, {**entry, "EventBusName": "elsewhere"}])
    assert [event["detail"] for event in taken.queued] == [{"a": 2}]


@pytest.mark.parametrize(
    ("pattern", "taken_by"),
    [
        ({"source": ["aws.ses", "other"]}, 1),
        ({"source": ["aws.sns"]}, 0),
        ({"source": [{"prefix": "aws."}], "detail": {"n": [{"numeric": [">", 1, "<=", 5]}]}}, 1),
        ({"source": ["aws.ses"], "detail": {"n": [6]}}, 0),
        ({"detail": {"tags": {"set": ["b"]}}}, 1),
        ({"detail": {"tags": {"set": ["c"]}}}, 0),
        ({"detail": {"missing": [{"exists": False}]}}, 1),
        ({"$or": [{"source": ["no"]}, {"detail": {"n": [5]}}]}, 1),
    ],
)
def test_a_rule_takes_what_its_pattern_says(taken: Taken, pattern: dict[str, Any], taken_by: int) -> None:
    detail = {"n": 5, "tags": {"set": ["a", "b"]}}
    assert taken.bus(TargetSpec(QUEUE), pattern=pattern).publish("aws.ses", "x", detail) == taken_by


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (TargetSpec(QUEUE, input='{"c": 1}'), {"c": 1}),
        (TargetSpec(QUEUE, input_path="$.detail.a"), 3),
        (
            TargetSpec(QUEUE, transformer={"InputPathsMap": {"v": "$.detail.a"}, "InputTemplate": '{"got": <v>}'}),
            {"got": 3},
        ),
    ],
)
def test_a_target_may_want_another_input(taken: Taken, target: TargetSpec, expected: Any) -> None:
    taken.bus(target).publish("aws.ses", "x", {"a": 3})
    assert taken.queued == [expected]


@pytest.mark.parametrize(
    ("kind", "event_type", "member"),
    [
        *((name, name.capitalize(), name) for name in ("delivery", "bounce", "complaint", "open", "click", "reject")),
        ("rendering_failure", "Rendering Failure", "failure"),
        ("delivery_delay", "DeliveryDelay", "deliveryDelay"),
    ],
)
def test_feedback_is_what_ses_publishes(taken: Taken, kind: str, event_type: str, member: str) -> None:
    bus = taken.bus(TargetSpec(QUEUE), pattern={"detail": {"mail": {"tags": {"ses:configuration-set": ["set"]}}}})
    Feedback(bus.publish, {"set": {name.upper() for name in EMAIL_TYPES}}, "us-east-1").report(SENT, kind)
    (event,) = taken.queued
    assert event["source"] == "aws.ses"
    assert event["detail"]["eventType"] == event_type
    assert event["detail"]["mail"]["messageId"] == "id-1"
    assert event["detail"]["mail"]["destination"] == ["sam@example.com"]
    assert event["detail"]["mail"]["tags"]["delivery_id"] == ["d-1"]
    assert member in event["detail"]


def test_a_bounce_has_its_type_and_a_click_its_link(taken: Taken) -> None:
    feedback = Feedback(taken.bus(TargetSpec(QUEUE)).publish, {"set": {"BOUNCE", "CLICK"}}, "us-east-1")
    feedback.report(SENT, "bounce", "Transient")
    feedback.report(SENT, "click", link="https://example.com/a")
    bounce, click = (event["detail"] for event in taken.queued)
    assert bounce["bounce"]["bounceType"] == "Transient"
    assert bounce["bounce"]["bouncedRecipients"][0]["emailAddress"] == "sam@example.com"
    assert click["click"]["link"] == "https://example.com/a"


@pytest.mark.parametrize("named", [True, False])
def test_a_push_that_failed_is_what_sns_publishes(capsys: pytest.CaptureFixture[str], *, named: bool) -> None:
    told: list[tuple[str, dict[str, Any]]] = []

    def notify(application: str, text: str) -> bool:
        told.append((application, json.loads(text)))
        return named

    endpoint = "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/nereid/466beb61"
    Feedback(lambda *_: 1, {}, "us-east-1", notify).report_push(endpoint, "sns-1", "InvalidPlatformToken")
    [(application, event)] = told
    assert application == event["Resource"] == "arn:aws:sns:us-east-1:123456789012:app/GCM/nereid"
    assert {**event, "Time": None} == {
        "DeliveryAttempts": 1,
        "EndpointArn": endpoint,
        "EventType": "DeliveryFailure",
        "FailureMessage": "Platform token associated with the endpoint is not valid",
        "FailureType": "InvalidPlatformToken",
        "MessageId": "sns-1",
        "Resource": application,
        "Service": "SNS",
        "Time": None,
    }
    assert ("names no topic" in capsys.readouterr().err) is not named


def test_a_type_that_the_configuration_set_keeps_to_itself_goes_nowhere(
    taken: Taken, capsys: pytest.CaptureFixture[str]
) -> None:
    Feedback(taken.bus(TargetSpec(QUEUE)).publish, {"set": {"BOUNCE"}}, "us-east-1").report(SENT, "open")
    assert taken.queued == []
    assert "SES would tell nobody about this open" in capsys.readouterr().err
