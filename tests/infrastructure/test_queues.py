"""What a queue holds is delivered or set aside: never lost, never handled twice at once."""

from __future__ import annotations

import re

import pytest

from local_stack.console import feedback
from tests.infrastructure import stack

QUEUES = stack.queues()
MAPPINGS = stack.mappings()
DAY = 86400

DEAD = {name: one for name, one in QUEUES.items() if name.endswith("DeadLetterQueue")}
WORKING = {name: one for name, one in QUEUES.items() if name not in DEAD}


def test_the_queues_of_a_channel_have_a_dead_letter_queue_of_their_own() -> None:
    targets = {name: stack.target(one["RedrivePolicy"]["deadLetterTargetArn"]) for name, one in WORKING.items()}
    channels = {name: name.removesuffix("Queue").removesuffix("High") for name in WORKING}
    assert targets == {name: f"{channel}DeadLetterQueue" for name, channel in channels.items()}
    assert [name for name, one in WORKING.items() if one["RedrivePolicy"]["maxReceiveCount"] < 5] == []


def test_a_dead_letter_queue_keeps_for_fourteen_days_what_it_gets() -> None:
    assert [name for name, one in DEAD.items() if one["MessageRetentionPeriod"] != 14 * DAY] == []
    assert [name for name, one in DEAD.items() if "RedrivePolicy" in one] == []


def test_a_queue_is_encrypted_and_takes_the_largest_messages() -> None:
    assert [name for name, one in QUEUES.items() if one["SqsManagedSseEnabled"] is not True] == []
    assert [name for name, one in QUEUES.items() if one["MaximumMessageSize"] != 1024 * 1024] == []


def test_what_fails_is_set_aside_long_before_it_expires() -> None:
    # A standard queue counts from when it was sent, so the dead-letter queue keeps it for what is left: both keep as
    # long as SQS can, and the tries are over within hours.
    assert [name for name, one in WORKING.items() if one["MessageRetentionPeriod"] != 14 * DAY] == []
    seconds = {
        name: one["RedrivePolicy"]["maxReceiveCount"] * max(one["VisibilityTimeout"], 900)
        for name, one in WORKING.items()
    }
    assert {name: longest for name, longest in seconds.items() if longest >= DAY} == {}


def test_a_consumer_knows_how_often_its_queue_hands_a_record_over() -> None:
    told = {queue: stack.environment(name)["MAX_RECEIVE_COUNT"] for queue, name in stack.consumers().items()}
    tries = {queue: QUEUES[queue]["RedrivePolicy"]["maxReceiveCount"] for queue in stack.consumers()}
    assert told == tries


def test_a_queue_has_one_consumer() -> None:
    assert sorted(stack.consumers()) == sorted(WORKING)
    assert len(MAPPINGS) == len(WORKING)


def test_a_queue_takes_a_bounded_part_of_the_accounts_concurrent_executions() -> None:
    unbounded = {name for name, one in MAPPINGS.items() if "MaximumConcurrency" not in str(one.get("ScalingConfig"))}
    assert unbounded == set()
    template = stack.translated()["Parameters"]
    bounds = {name: one["Default"] for name, one in template.items() if name.endswith("Concurrency")}
    lanes = 3
    total = sum(bounds.values()) + (lanes - 1) * bounds["HighPriorityConcurrency"]
    assert total <= 1000 / 2


def test_a_consumer_reports_the_messages_that_failed() -> None:
    reported = ["ReportBatchItemFailures"]
    assert [name for name, one in MAPPINGS.items() if one["FunctionResponseTypes"] != reported] == []


def test_a_message_is_hidden_for_at_least_six_times_its_consumers_timeout() -> None:
    hidden = {queue: QUEUES[queue]["VisibilityTimeout"] for queue in stack.consumers()}
    timeouts = {queue: stack.functions()[name]["Timeout"] for queue, name in stack.consumers().items()}
    assert {name: seconds for name, seconds in hidden.items() if seconds < 6 * timeouts[name]} == {}


def test_only_the_rule_and_the_topic_of_feedback_may_put_messages_into_a_queue_from_outside() -> None:
    (policy,) = stack.of_type("AWS::SQS::QueuePolicy").values()
    rule, topic = policy["Properties"]["PolicyDocument"]["Statement"]
    assert [statement["Action"] for statement in (rule, topic)] == ["sqs:SendMessage"] * 2
    assert rule["Principal"] == {"Service": "events.amazonaws.com"}
    assert rule["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["FeedbackRule", "Arn"]}}}
    assert topic["Principal"] == {"Service": "sns.amazonaws.com"}
    assert topic["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "FeedbackTopic"}}}
    assert topic["Resource"] == {"Fn::GetAtt": ["FeedbackQueue", "Arn"]}


def test_the_topic_of_feedback_leads_to_the_queue_of_feedback() -> None:
    topic = stack.of_type("AWS::SNS::Topic")["FeedbackTopic"]
    endpoint = {"Fn::GetAtt": ["FeedbackQueue", "Arn"]}
    assert topic["Properties"]["Subscription"] == [{"Protocol": "sqs", "Endpoint": endpoint}]


def test_the_e_mail_service_reports_all_that_the_product_reads() -> None:
    (destination,) = stack.of_type("AWS::SES::ConfigurationSetEventDestination").values()
    reported = destination["Properties"]["EventDestination"]["MatchingEventTypes"]
    delivered = {"Fn::If": ["ReportsDeliveries", "delivery", {"Ref": "AWS::NoValue"}]}
    names = {"delivery" if name == delivered else name.lower() for name in reported}
    assert names == {kind.replace("_", "") for kind in feedback.EMAIL_TYPES}
    # A report of a delivered mail ends a row of soft bounces, so leaving them out is the operator's decision.
    assert stack.translated()["Parameters"]["DeliveryReports"]["Default"] == "all"


def test_reports_are_gathered_and_nothing_else_is() -> None:
    windows = {name: one.get("MaximumBatchingWindowInSeconds") for name, one in MAPPINGS.items()}
    assert {name for name, window in windows.items() if window} == {"PipelineRecordFeedbackMapping"}
    longest = stack.translated()["Parameters"]["FeedbackWindowSeconds"]["MaxValue"]
    timeout = stack.functions()["PipelineRecordFeedback"]["Timeout"]
    assert QUEUES["FeedbackQueue"]["VisibilityTimeout"] >= 6 * timeout + longest


def test_the_queues_of_a_channel_are_polled_if_the_stack_has_it_and_its_deliveries_end_elsewhere_if_not() -> None:
    enabled = {stack.target(one["EventSourceArn"]): one.get("Enabled") for one in MAPPINGS.values()}
    told = {"EmailHighQueue": "HasEmail", "SmsQueue": "HasSms", "PushQueue": "HasPush"}
    told |= {"SmsHighQueue": "HasSms", "PushHighQueue": "HasPush"}
    sends = {"HasEmail": "HasEmail", "HasSms": "SendsSms", "HasPush": "SendsPush"}
    wanted = {queue: {"Fn::If": [sends[condition], True, False]} for queue, condition in told.items()}
    always = {"MessageQueue": None, "EmailQueue": None}
    assert enabled == wanted | always | {"FeedbackQueue": {"Fn::If": ["HasReports", True, False]}}
    for function in ("PipelineProcessMessages", "PipelineSweepDeliveries", "ManageRedriveDeadLetters"):
        urls = [value for name, value in stack.environment(function).items() if name.endswith("QUEUE_URL")]
        chosen = {value["Fn::If"][1]["Ref"]: value["Fn::If"] for value in urls if "Fn::If" in value}
        assert chosen == {queue: [told[queue], {"Ref": queue}, {"Ref": "EmailQueue"}] for queue in chosen}
        there = {value["Ref"] for value in urls if "Ref" in value}
        assert there.isdisjoint(told)


@pytest.mark.parametrize(
    ("text", "taken"),
    [("", True), ("a@example.com", True), ("Name <a@example.com>", False), ("a@b, c@d", False), ("example.com", False)],
)
def test_the_default_sender_is_a_bare_address_as_its_identity_has_to_be(text: str, *, taken: bool) -> None:
    pattern = stack.translated()["Parameters"]["EmailFrom"]["AllowedPattern"]
    assert (re.search(pattern, text) is not None) is taken


def test_the_e_mail_service_keeps_its_own_suppression_list() -> None:
    (configuration_set,) = stack.of_type("AWS::SES::ConfigurationSet").values()
    suppressed = configuration_set["Properties"]["SuppressionOptions"]["SuppressedReasons"]
    assert set(suppressed) == {"BOUNCE", "COMPLAINT"}


def test_the_rule_takes_feedback_of_this_stacks_emails_only() -> None:
    pattern = stack.translated()["Resources"]["FeedbackRule"]["Properties"]["EventPattern"]
    assert pattern["source"] == ["aws.ses"]
    assert pattern["detail"]["mail"]["tags"] == {"ses:configuration-set": [{"Ref": "ConfigurationSet"}]}
