"""What a queue holds is delivered or set aside: never lost, never handled twice at once."""

from __future__ import annotations

import pytest

from local_stack.console import feedback
from tests.infrastructure import stack

QUEUES = stack.queues()
MAPPINGS = stack.mappings()
DAY = 86400

working = pytest.mark.parametrize("queue", sorted(name for name in QUEUES if not name.endswith("DeadLetterQueue")))
dead = pytest.mark.parametrize("queue", sorted(name for name in QUEUES if name.endswith("DeadLetterQueue")))
every_mapping = pytest.mark.parametrize("mapping", sorted(MAPPINGS))


@working
def test_a_queue_has_a_dead_letter_queue_of_its_own(queue: str) -> None:
    redrive = QUEUES[queue]["RedrivePolicy"]
    assert stack.target(redrive["deadLetterTargetArn"]) == f"{queue.removesuffix('Queue')}DeadLetterQueue"
    assert redrive["maxReceiveCount"] >= 5


@dead
def test_a_dead_letter_queue_keeps_for_fourteen_days_what_it_gets(queue: str) -> None:
    assert QUEUES[queue]["MessageRetentionPeriod"] == 14 * DAY
    assert "RedrivePolicy" not in QUEUES[queue]


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_a_queue_is_encrypted_and_takes_the_largest_messages(queue: str) -> None:
    assert QUEUES[queue]["SqsManagedSseEnabled"] is True
    assert QUEUES[queue]["MaximumMessageSize"] == 1024 * 1024


@working
def test_what_fails_is_set_aside_long_before_it_expires(queue: str) -> None:
    # A standard queue counts from when it was sent, so the dead-letter queue keeps it for what is left: both keep as
    # long as SQS can, and the tries are over within hours.
    own = QUEUES[queue]
    assert own["MessageRetentionPeriod"] == 14 * DAY
    longest_pause = max(own["VisibilityTimeout"], 900)
    assert own["RedrivePolicy"]["maxReceiveCount"] * longest_pause < DAY


@pytest.mark.parametrize("function", sorted(stack.consumers()))
def test_a_consumer_knows_how_often_its_queue_hands_a_record_over(function: str) -> None:
    tries = QUEUES[stack.consumers()[function]]["RedrivePolicy"]["maxReceiveCount"]
    assert stack.environment(function)["MAX_RECEIVE_COUNT"] == tries


@working
def test_a_queue_has_one_consumer(queue: str) -> None:
    assert list(stack.consumers().values()).count(queue) == 1


@every_mapping
def test_a_consumer_reports_the_messages_that_failed(mapping: str) -> None:
    assert MAPPINGS[mapping]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@every_mapping
def test_a_message_is_hidden_for_at_least_six_times_its_consumers_timeout(mapping: str) -> None:
    queue = QUEUES[stack.target(MAPPINGS[mapping]["EventSourceArn"])]
    function = stack.functions()[stack.target(MAPPINGS[mapping]["FunctionName"])]
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]


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
    assert {name.lower() for name in reported} == {kind.replace("_", "") for kind in feedback.EMAIL_TYPES}


def test_the_rule_takes_feedback_of_this_stacks_emails_only() -> None:
    pattern = stack.translated()["Resources"]["FeedbackRule"]["Properties"]["EventPattern"]
    assert pattern["source"] == ["aws.ses"]
    assert pattern["detail"]["mail"]["tags"] == {"ses:configuration-set": [{"Ref": "ConfigurationSet"}]}
