"""Whatever stops, slows down or fails sets off an alarm that somebody gets and can look up; one hiccup does not."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from nereid.models.event_type import Channel
from tests.infrastructure import stack
from tests.support import metric_math

ALARMS = {name: one["Properties"] for name, one in stack.of_type("AWS::CloudWatch::Alarm").items()}
# The section of the operators' document with a paragraph for each.
PARAGRAPHS = (stack.ROOT / "docs/operations.md").read_text(encoding="utf-8").split("\n## Alarms\n")[1].split("\n## ")[0]
QUEUES = {name for name in stack.queues() if not name.endswith("DeadLetterQueue")}
CHANNELS = get_args(Channel)
# They queue as well, but they take no events in, and an alarm has room for ten metrics.
NO_EVENTS = {
    "ClientAliasUser",
    "ClientIdentifyUser",
    "ClientRegisterDevice",
    "ClientRefuseRequest",
    "PublicNotFound",
    # What somebody tries by hand is no traffic.
    "ManageSendTest",
    # Segment waits for it, no app does, and an alarm takes no more metrics than this one has.
    "ClientPostSegmentCalls",
    "NeptieSendEmail",
    "ManageReplayMessage",
    "ManageRedriveDeadLetters",
    "PipelineProcessMessages",
    "PipelineSweepDeliveries",
}
# Hardly anything writes accounts, and reading a limit goes with writing it.
QUIET = {("AccountsTable", "WriteThrottleEvents"), ("LimitsTable", "ReadThrottleEvents")}


def metrics(alarm: str) -> dict[str, dict[str, Any]]:
    """Return the metrics of an alarm by their ids, each as in a MetricStat."""
    properties = ALARMS[alarm]
    if "Metrics" not in properties:
        named = {key: properties.get(key, []) for key in ("Namespace", "MetricName", "Dimensions")}
        return {"only": {"Metric": named, "Period": properties["Period"], "Stat": properties["Statistic"]}}
    return {one["Id"]: one["MetricStat"] for one in properties["Metrics"] if "MetricStat" in one}


def expressions(alarm: str) -> dict[str, str]:
    """Return the expressions of an alarm by their ids."""
    return {one["Id"]: one["Expression"] for one in ALARMS[alarm].get("Metrics", []) if "Expression" in one}


def watched(alarm: str) -> str:
    """Return the id of what an alarm watches."""
    (returned,) = (one["Id"] for one in ALARMS[alarm]["Metrics"] if one["ReturnData"])
    return str(returned)


def dimension(metric: dict[str, Any], name: str) -> Any:
    """Return the value of a metric's dimension."""
    return {one["Name"]: one["Value"] for one in metric["Metric"]["Dimensions"]}[name]


def targets(alarm: str, name: str) -> set[str]:
    """Return the resources that an alarm's metrics have as a dimension."""
    return {stack.target(dimension(metric, name)) for metric in metrics(alarm).values()}


def slug(alarm: str) -> str:
    """Return under which name an alarm is known to operators."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", alarm.removesuffix("Alarm")).lower()


def goes_off(alarm: str, **values: float) -> bool:
    """Tell whether an alarm counts a period with these metrics as bad."""
    value = metric_math.evaluate(expressions(alarm), watched(alarm), values)
    assert ALARMS[alarm]["ComparisonOperator"] == "GreaterThanThreshold"
    assert ALARMS[alarm]["TreatMissingData"] == "notBreaching"
    return value is not None and value > ALARMS[alarm]["Threshold"]


# All of them


def test_there_are_ten_alarms_at_most() -> None:
    assert 0 < len(ALARMS) <= 10


def test_an_alarm_tells_the_topic_when_it_goes_off_and_when_it_is_over() -> None:
    told = {name: (one["AlarmActions"], one["OKActions"]) for name, one in ALARMS.items()}
    topic = [{"Ref": "AlarmTopic"}]
    assert {name: actions for name, actions in told.items() if actions != (topic, topic)} == {}


def test_an_alarm_leads_to_its_paragraph() -> None:
    names = {alarm: {"Fn::Sub": "${AWS::StackName}-" + slug(alarm)} for alarm in ALARMS}
    ends = {alarm: f" See docs/operations.md#{slug(alarm)}" for alarm in ALARMS}
    assert [alarm for alarm, one in ALARMS.items() if one["AlarmName"] != names[alarm]] == []
    assert [alarm for alarm, one in ALARMS.items() if not one["AlarmDescription"].endswith(ends[alarm])] == []


def test_an_alarm_has_a_paragraph_and_a_paragraph_an_alarm() -> None:
    paragraphs = re.findall(r"^### (.+)$", PARAGRAPHS, re.MULTILINE)
    assert sorted(paragraphs) == sorted(slug(alarm) for alarm in ALARMS)


def test_a_heading_has_a_name_of_its_own_to_be_linked_by() -> None:
    headings = re.findall(r"^#+ (.+)$", (stack.ROOT / "docs/operations.md").read_text(encoding="utf-8"), re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]
    assert sorted(anchors) == sorted(set(anchors))


def test_an_alarm_is_within_what_cloudwatch_takes() -> None:
    periods = {alarm: {metric["Period"] for metric in metrics(alarm).values()} for alarm in ALARMS}
    assert [alarm for alarm in ALARMS if not 1 <= len(metrics(alarm)) <= 10] == []
    assert [alarm for alarm in ALARMS if len(expressions(alarm)) > 10] == []
    assert {alarm: found for alarm, found in periods.items() if len(found) != 1} == {}
    assert [alarm for alarm in ALARMS if any("SEARCH" in one for one in expressions(alarm).values())] == []


def test_an_alarm_watches_one_thing_that_all_its_metrics_are_part_of() -> None:
    calculated = [alarm for alarm in ALARMS if expressions(alarm)]
    assert calculated
    assert [alarm for alarm in calculated if watched(alarm) not in expressions(alarm)] == []
    used = {alarm: set.union(*map(metric_math.names, expressions(alarm).values())) for alarm in calculated}
    there = {alarm: (metrics(alarm).keys() | expressions(alarm).keys()) - {watched(alarm)} for alarm in calculated}
    assert {alarm: used[alarm] ^ there[alarm] for alarm in calculated if used[alarm] != there[alarm]} == {}


def test_an_alarm_says_what_no_data_means() -> None:
    said = {alarm: one["TreatMissingData"] for alarm, one in ALARMS.items()}
    assert {alarm: text for alarm, text in said.items() if text not in {"breaching", "notBreaching", "ignore"}} == {}


def test_a_rate_asks_for_a_minimum() -> None:
    rates = [(alarm, one) for alarm in ALARMS for one in expressions(alarm).values() if "/" in one]
    assert rates
    assert [(alarm, one) for alarm, one in rates if not re.match(r"IF\(\w+ >= \d+, ", one)] == []


def test_the_cost_is_what_the_documents_say() -> None:
    cents = 10 * sum(len(metrics(alarm)) for alarm in ALARMS)
    assert f"${cents / 100:.2f}" in (stack.ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    assert f"${cents / 100:.2f}" in PARAGRAPHS


def test_a_stack_can_do_without() -> None:
    watching = ["AlarmTopic", "Dashboard", *ALARMS]
    assert {stack.translated()["Resources"][name]["Condition"] for name in watching} == {"HasAlarms"}


def test_the_topic_is_not_encrypted_with_a_key_that_cloudwatch_may_not_use() -> None:
    assert "KmsMasterKeyId" not in stack.translated()["Resources"]["AlarmTopic"]["Properties"]


# Each of them


def test_every_dead_letter_queue_is_watched() -> None:
    assert targets("DeadLettersAlarm", "QueueName") == set(stack.queues()) - QUEUES


@pytest.mark.parametrize("queue", sorted(metrics("DeadLettersAlarm")))
def test_one_dead_letter_is_enough(queue: str) -> None:
    assert goes_off("DeadLettersAlarm", **{queue: 1})
    assert not goes_off("DeadLettersAlarm", **dict.fromkeys(metrics("DeadLettersAlarm"), 0))
    assert not goes_off("DeadLettersAlarm")


def test_every_queue_is_watched_for_its_age_but_those_where_deliveries_wait_for_their_providers() -> None:
    waiting = {f"{channel}Queue" for channel in ("Email", "Sms", "Push")}
    assert targets("QueueAgeAlarm", "QueueName") == QUEUES - waiting


@pytest.mark.parametrize("queue", sorted(metrics("QueueAgeAlarm")))
def test_one_queue_that_is_behind_is_enough(queue: str) -> None:
    assert goes_off("QueueAgeAlarm", **{queue: 601})
    assert not goes_off("QueueAgeAlarm", **{queue: 600})


@pytest.mark.parametrize(
    ("requests", "failed", "expected"),
    [(1, 1, False), (4, 4, False), (5, 5, True), (400, 5, True), (600, 5, False), (100_000, 1_100, True)],
)
def test_errors_of_the_api_count_when_they_are_several_and_more_than_one_in_a_hundred(
    requests: int, failed: int, *, expected: bool
) -> None:
    assert goes_off("ApiErrorsAlarm", requests=requests, failed=failed) == expected


def test_every_function_that_takes_events_in_is_watched_for_its_duration() -> None:
    senders = {
        function
        for function in stack.functions()
        for statement in stack.policies(function)
        if "sqs:SendMessage" in stack.listed(statement["Action"]) and "MessageQueue" in str(statement["Resource"])
    }
    assert targets("IngestLatencyAlarm", "FunctionName") == senders - NO_EVENTS
    assert senders >= NO_EVENTS


@pytest.mark.parametrize(("count", "p99", "expected"), [(99, 9000, False), (100, 1001, True), (100, 1000, False)])
@pytest.mark.parametrize("function", ["neptune", "environment", "client", "track", "vibetrace"])
def test_one_slow_function_is_enough_if_it_has_been_called_often(
    function: str, count: int, p99: int, *, expected: bool
) -> None:
    values = {f"{function}_count": count, f"{function}_p99": p99}
    assert goes_off("IngestLatencyAlarm", **values) == expected


def test_every_channel_is_watched_for_failures() -> None:
    watched_channels = {dimension(metric, "channel") for metric in metrics("DeliveryFailuresAlarm").values()}
    assert watched_channels == set(CHANNELS)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    ("failed", "succeeded", "expected"), [(4, 0, False), (5, 0, True), (5, 19, True), (5, 20, False), (0, 100, False)]
)
def test_one_channel_that_fails_a_fifth_is_enough_whatever_the_others_do(
    channel: str, failed: int, succeeded: int, *, expected: bool
) -> None:
    others = {f"{other}_succeeded": 10_000 for other in CHANNELS if other != channel}
    values = {f"{channel}_failed": failed, f"{channel}_succeeded": succeeded}
    assert goes_off("DeliveryFailuresAlarm", **others, **values) == expected


@pytest.mark.parametrize(
    ("alarm", "metric", "limit"),
    [("BounceRateAlarm", "BounceRate", 0.05), ("ComplaintRateAlarm", "ComplaintRate", 0.001)],
)
def test_the_limits_of_ses_are_kept_for_the_whole_account(alarm: str, metric: str, limit: float) -> None:
    (only,) = metrics(alarm).values()
    assert only["Metric"] == {"Namespace": "AWS/SES", "MetricName": f"Reputation.{metric}", "Dimensions": []}
    assert (ALARMS[alarm]["ComparisonOperator"], ALARMS[alarm]["Threshold"]) == (
        "GreaterThanOrEqualToThreshold",
        limit,
    )
    assert ALARMS[alarm]["TreatMissingData"] == "ignore"


def test_every_table_is_watched_for_throttles() -> None:
    own = [metric for metric in metrics("ThrottlesAlarm").values() if metric["Metric"]["Namespace"] == "AWS/DynamoDB"]
    seen = {(stack.target(dimension(metric, "TableName")), metric["Metric"]["MetricName"]) for metric in own}
    kinds = ("ReadThrottleEvents", "WriteThrottleEvents")
    assert seen == {(table, kind) for table in stack.of_type("AWS::DynamoDB::Table") for kind in kinds} - QUIET


def test_throttles_end_although_nothing_is_counted_any_more() -> None:
    assert goes_off("ThrottlesAlarm", activity_write=11)
    assert goes_off("ThrottlesAlarm", functions=6, timeline_write=5)
    assert metric_math.evaluate(expressions("ThrottlesAlarm"), "throttles", {}) == 0


def test_the_silence_of_the_sweeper_is_an_alarm() -> None:
    assert ALARMS["PendingAgeAlarm"]["TreatMissingData"] == "breaching"
    assert ALARMS["PendingAgeAlarm"]["Period"] * ALARMS["PendingAgeAlarm"]["EvaluationPeriods"] == 15 * 60
