"""Whatever stops, slows down or fails sets off an alarm that somebody gets and can look up; one hiccup does not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.infrastructure import stack
from tests.support import metric_math

ALARMS = {name: one["Properties"] for name, one in stack.of_type("AWS::CloudWatch::Alarm").items()}
# The section of the operators' document with a paragraph for each.
PARAGRAPHS = (stack.ROOT / "docs/operations.md").read_text(encoding="utf-8").split("\n## Alarms\n")[1].split("\n## ")[0]
QUEUES = {name for name in stack.queues() if not name.endswith("DeadLetterQueue")}
#: The channels with a provider; app notifications fail by their template alone.
CHANNELS = ("email", "sms", "push")


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


def slug(alarm: str) -> str:
    """Return under which name an alarm is known to operators."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", alarm.removesuffix("Alarm")).lower()


def paragraph(alarm: str) -> str:
    """Return the name of an alarm's paragraph; those of several queues or channels have one together."""
    return next(name for name in paragraphs() if f"{slug(alarm)}-".startswith(f"{name}-"))


def paragraphs() -> list[str]:
    """Return the names of the paragraphs."""
    return re.findall(r"^### (.+)$", PARAGRAPHS, re.MULTILINE)


def goes_off(alarm: str, **values: float) -> bool:
    """Tell whether an alarm counts a period with these metrics as bad."""
    value = metric_math.evaluate(expressions(alarm), watched(alarm), values)
    assert ALARMS[alarm]["ComparisonOperator"] == "GreaterThanThreshold"
    assert ALARMS[alarm]["TreatMissingData"] == "notBreaching"
    return value is not None and value > ALARMS[alarm]["Threshold"]


# All of them


def test_an_alarm_tells_the_topic_when_it_goes_off_and_when_it_is_over() -> None:
    told = {name: (one["AlarmActions"], one["OKActions"]) for name, one in ALARMS.items()}
    topic = [{"Ref": "AlarmTopic"}]
    assert {name: actions for name, actions in told.items() if actions != (topic, topic)} == {}


def test_an_alarm_leads_to_its_paragraph() -> None:
    names = {alarm: {"Fn::Sub": "${AWS::StackName}-" + slug(alarm)} for alarm in ALARMS}
    ends = {alarm: f" See docs/operations.md#{paragraph(alarm)}" for alarm in ALARMS}
    assert [alarm for alarm, one in ALARMS.items() if one["AlarmName"] != names[alarm]] == []
    assert [alarm for alarm, one in ALARMS.items() if not one["AlarmDescription"].endswith(ends[alarm])] == []


def test_a_paragraph_has_an_alarm() -> None:
    assert sorted({paragraph(alarm) for alarm in ALARMS}) == sorted(paragraphs())


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


def test_a_stack_can_do_without() -> None:
    watching = {
        name: stack.translated()["Resources"][name]["Condition"] for name in ["AlarmTopic", "Dashboard", *ALARMS]
    }
    conditions = stack.translated()["Conditions"]
    needed = {name: str(conditions[condition]) for name, condition in watching.items() if condition != "HasAlarms"}
    assert [name for name, condition in needed.items() if "'Condition': 'HasAlarms'" not in condition] == []
    assert conditions["HasAlarms"] == {"Fn::Equals": [{"Ref": "Alarms"}, "true"]}


def test_what_a_stack_does_not_send_by_is_not_watched() -> None:
    of_channel = {alarm for alarm in ALARMS if re.search("Email|Sms|Push|Feedback|Bounce|Complaint", alarm)}
    conditions = {alarm: stack.translated()["Resources"][alarm]["Condition"] for alarm in ALARMS}
    assert {alarm for alarm, condition in conditions.items() if condition != "HasAlarms"} == of_channel


def test_the_topic_is_not_encrypted_with_a_key_that_cloudwatch_may_not_use() -> None:
    assert "KmsMasterKeyId" not in stack.translated()["Resources"]["AlarmTopic"]["Properties"]


# Each of them


def only(alarm: str) -> dict[str, Any]:
    """Return the one metric of an alarm."""
    (metric,) = metrics(alarm).values()
    return metric


def limit(alarm: str) -> tuple[str, float, tuple[int, int], str]:
    """Return above what an alarm goes off, how many of how many periods have to be, and what no data means."""
    one = ALARMS[alarm]
    periods = (one["DatapointsToAlarm"], one["EvaluationPeriods"])
    return one["ComparisonOperator"], one["Threshold"], periods, one["TreatMissingData"]


def test_one_dead_letter_is_enough() -> None:
    assert only("DeadLettersAlarm")["Metric"]["MetricName"] == "DeadLetters"
    assert limit("DeadLettersAlarm") == ("GreaterThanThreshold", 0, (1, 1), "notBreaching")


def test_the_sweeper_counts_the_letters_of_every_queue_and_may() -> None:
    dead = set(stack.queues()) - QUEUES
    told = {str(value.get("Ref")) for value in stack.environment("PipelineSweepDeliveries").values() if "Ref" in value}
    asked = {
        stack.target(queue)
        for statement in stack.policies("PipelineSweepDeliveries")
        if "sqs:GetQueueAttributes" in stack.listed(statement["Action"])
        for queue in statement["Resource"]
    }
    assert dead <= told
    assert dead <= asked


def test_every_queue_is_watched_for_its_age_but_those_where_deliveries_wait_for_their_providers() -> None:
    waiting = {f"{channel}Queue" for channel in ("Email", "Sms", "Push")}
    alarms = [alarm for alarm in ALARMS if alarm.startswith("QueueAge")]
    assert {stack.target(dimension(only(alarm), "QueueName")) for alarm in alarms} == QUEUES - waiting
    assert {limit(alarm) for alarm in alarms} == {("GreaterThanThreshold", 600, (2, 2), "notBreaching")}
    assert {only(alarm)["Stat"] for alarm in alarms} == {"Maximum"}


@pytest.mark.parametrize("what", ["failed", "slow"])
@pytest.mark.parametrize(
    ("requests", "bad", "expected"),
    [(1, 1, False), (4, 4, False), (5, 5, True), (400, 5, True), (600, 5, False), (100_000, 1_100, True)],
)
def test_errors_and_slow_answers_count_when_they_are_several_and_more_than_one_in_a_hundred(
    what: str, requests: int, bad: int, *, expected: bool
) -> None:
    assert goes_off("ApiErrorsAlarm", requests=requests, **{what: bad}) == expected


def test_errors_and_slow_answers_count_together() -> None:
    assert goes_off("ApiErrorsAlarm", requests=100, failed=2, slow=3)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    ("failed", "succeeded", "expected"), [(4, 0, False), (5, 0, True), (5, 19, True), (5, 20, False), (0, 100, False)]
)
def test_a_channel_that_fails_a_fifth_sets_off_an_alarm_of_its_own(
    channel: str, failed: int, succeeded: int, *, expected: bool
) -> None:
    alarm = f"DeliveryFailures{channel.capitalize()}Alarm"
    assert {dimension(metric, "channel") for metric in metrics(alarm).values()} == {channel}
    assert goes_off(alarm, failed=failed, succeeded=succeeded) == expected


@pytest.mark.parametrize(
    ("alarm", "metric", "most"),
    [("BounceRateAlarm", "BounceRate", 0.05), ("ComplaintRateAlarm", "ComplaintRate", 0.001)],
)
def test_the_limits_of_ses_are_kept_for_the_whole_account(alarm: str, metric: str, most: float) -> None:
    assert only(alarm)["Metric"] == {"Namespace": "AWS/SES", "MetricName": f"Reputation.{metric}", "Dimensions": []}
    assert limit(alarm) == ("GreaterThanOrEqualToThreshold", most, (1, 1), "ignore")


def test_a_delivery_that_is_pending_after_its_repair_is_an_alarm_and_nothing_pending_is_none() -> None:
    assert only("PendingAgeAlarm")["Metric"]["MetricName"] == "OldestPendingSeconds"
    assert limit("PendingAgeAlarm") == ("GreaterThanThreshold", 2400, (3, 3), "notBreaching")


def test_the_silence_of_the_sweeper_is_an_alarm_and_so_are_runs_that_all_fail() -> None:
    metric = only("SweeperAlarm")
    assert (metric["Metric"]["MetricName"], metric["Stat"]) == ("Errors", "Average")
    assert stack.target(dimension(metric, "FunctionName")) == "PipelineSweepDeliveries"
    assert limit("SweeperAlarm") == ("GreaterThanOrEqualToThreshold", 1, (3, 3), "breaching")
    assert ALARMS["SweeperAlarm"]["Period"] * ALARMS["SweeperAlarm"]["EvaluationPeriods"] == 15 * 60
