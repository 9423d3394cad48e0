"""The dashboard shows what there is: every metric on it exists, every alarm is on it, nothing lies over another."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from itertools import combinations
from typing import Any

from local_stack.template.intrinsics import Resolver
from tests.infrastructure import stack

#: More metrics on one dashboard, and it is none of the three that are free.
FREE_METRICS = 50
#: What AWS counts, by namespace.
# Sources: the user guides of API Gateway (HTTP APIs), DynamoDB, Lambda, SES and SQS, "metrics and dimensions".
COUNTED = {
    "AWS/ApiGateway": {"4xx", "5xx", "Count", "Latency"},
    "AWS/DynamoDB": {
        "ConsumedReadCapacityUnits",
        "ConsumedWriteCapacityUnits",
        "ReadThrottleEvents",
        "WriteThrottleEvents",
    },
    "AWS/Lambda": {"Duration", "Errors", "Throttles"},
    "AWS/SES": {"Reputation.BounceRate", "Reputation.ComplaintRate", "Send"},
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
}
#: Which resources the dimensions name.
KINDS = {
    "ApiId": "AWS::ApiGatewayV2::Api",
    "FunctionName": "AWS::Lambda::Function",
    "QueueName": "AWS::SQS::Queue",
    "TableName": "AWS::DynamoDB::Table",
}


def resolved(**parameters: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the dashboard and the alarms with their references filled in."""

    def attribute(name: str, wanted: str | None) -> str:
        return f"{name}.{wanted or 'Ref'}"

    pseudo = {"AWS::Region": "us-east-1", "AWS::StackName": "nereid-test", "AWS::Partition": "aws"}
    resolver = Resolver(stack.translated(), parameters, pseudo, attribute)
    body = json.loads(resolver.resolve(stack.translated()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]))
    alarms = {
        name: resolver.resolve(one["Properties"]) for name, one in stack.of_type("AWS::CloudWatch::Alarm").items()
    }
    return body, alarms


# With every channel, and so with every alarm.
DASHBOARD, ALARMS = resolved(TeamChannels="true")
WIDGETS = DASHBOARD["widgets"]

Named = tuple[str, str, tuple[tuple[str, str], ...]]


def shown() -> list[Named]:
    """Return every metric on the dashboard: its namespace, its name, its dimensions."""
    lines = [line for widget in WIDGETS for line in widget["properties"].get("metrics", [])]
    plain = [[part for part in line if isinstance(part, str)] for line in lines]
    return [(line[0], line[1], tuple(zip(line[2::2], line[3::2], strict=True))) for line in plain]


def alarmed() -> list[Named]:
    """Return every metric that an alarm watches."""
    found: list[Named] = []
    for properties in ALARMS.values():
        parts = [one["MetricStat"]["Metric"] for one in properties.get("Metrics", []) if "MetricStat" in one]
        for metric in parts or [properties]:
            dimensions = tuple((one["Name"], one["Value"]) for one in metric.get("Dimensions", []))
            found.append((metric["Namespace"], metric["MetricName"], dimensions))
    return found


@cache
def emitted() -> set[str]:
    """Return what the code of the layer says in so many words: the names of its metrics are among that."""
    return {
        node.value
        for path in (stack.ROOT / "layers/nereid/nereid").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def is_of_ours(metric: Named) -> bool:
    """Return whether a metric is one of those that the code emits for the stack."""
    _, name, dimensions = metric
    keys = {key for key, _ in dimensions}
    return name in emitted() and ("service", "nereid-test") in dimensions and keys <= {"service", "channel"}


def is_of_aws(metric: Named) -> bool:
    """Return whether a metric is one that AWS counts of the stack's resources."""
    namespace, name, dimensions = metric
    return name in COUNTED[namespace] and all(names_something(key, dimensions) for key, _ in dimensions)


def names_something(key: str, dimensions: tuple[tuple[str, str], ...]) -> bool:
    """Return whether a dimension is a resource of its kind, or an index of the table beside it."""
    value = dict(dimensions)[key]
    if key == "GlobalSecondaryIndexName":
        table = dict(dimensions)["TableName"].removesuffix(".Ref")
        indexes = stack.translated()["Resources"][table]["Properties"]["GlobalSecondaryIndexes"]
        return value in {index["IndexName"] for index in indexes}
    resource, _, attribute = value.partition(".")
    is_kind = stack.translated()["Resources"][resource]["Type"] == KINDS[key]
    return is_kind and attribute == ("QueueName" if key == "QueueName" else "Ref")


def test_a_metric_exists() -> None:
    ours = {metric for metric in (*shown(), *alarmed()) if metric[0] == "Nereid"}
    others = {*shown(), *alarmed()} - ours
    assert ours
    assert [metric for metric in ours if not is_of_ours(metric)] == []
    assert [metric for metric in others if not is_of_aws(metric)] == []


def test_every_queue_is_shown_with_its_age_and_its_depth_where_records_may_pile_up() -> None:
    seen = {(name, dict(dimensions)["QueueName"]) for namespace, name, dimensions in shown() if namespace == "AWS/SQS"}
    queues = {f"{queue}.QueueName" for queue in stack.queues()}
    deep = {queue for queue in queues if "High" not in queue}
    assert {queue for name, queue in seen if name == "ApproximateNumberOfMessagesVisible"} == deep
    working = {queue for queue in queues if "DeadLetter" not in queue}
    assert {queue for name, queue in seen if name == "ApproximateAgeOfOldestMessage"} == working


def test_every_alarm_is_shown() -> None:
    (widget,) = (widget for widget in WIDGETS if widget["type"] == "alarm")
    assert sorted(widget["properties"]["alarms"]) == sorted(f"{alarm}.Arn" for alarm in ALARMS)


def test_a_dashboard_shows_no_alarm_that_the_stack_does_not_have() -> None:
    body, _ = resolved()
    (widget,) = (widget for widget in body["widgets"] if widget["type"] == "alarm")
    resources = stack.translated()["Resources"]
    shown_alarms = {name.removesuffix(".Arn") for name in widget["properties"]["alarms"]}
    assert shown_alarms == {alarm for alarm in ALARMS if resources[alarm]["Condition"] == "HasAlarms"}


def test_every_table_is_shown_with_its_throttles() -> None:
    kinds = ("ReadThrottleEvents", "WriteThrottleEvents")
    seen = {(dict(dimensions)["TableName"], name) for _, name, dimensions in shown() if name in kinds}
    tables = [f"{table}.Ref" for table in stack.of_type("AWS::DynamoDB::Table")]
    # Hardly anything writes accounts, and reading a limit goes with writing it.
    quiet = {("AccountsTable.Ref", "WriteThrottleEvents"), ("LimitsTable.Ref", "ReadThrottleEvents")}
    assert seen == {(table, kind) for table in tables for kind in kinds} - quiet


def test_a_widget_lies_on_the_grid_and_over_no_other() -> None:
    for widget in WIDGETS:
        assert 0 <= widget["x"] < widget["x"] + widget["width"] <= 24
    for one, other in combinations(WIDGETS, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        below = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or below, (one["properties"]["title"], other["properties"]["title"])


def test_a_widget_has_a_title_and_the_region() -> None:
    for widget in WIDGETS:
        assert widget["properties"]["title"]
        assert widget["type"] == "alarm" or widget["properties"]["region"] == "us-east-1"


def test_the_dashboard_is_one_of_those_that_are_free() -> None:
    assert len(set(shown())) <= FREE_METRICS


def test_the_query_of_the_log_asks_for_what_the_log_holds() -> None:
    (widget,) = (widget for widget in WIDGETS if widget["type"] == "log")
    settings = stack.of_type("AWS::ApiGatewayV2::Stage").values()
    (form,) = (one["Properties"]["AccessLogSettings"]["Format"] for one in settings)
    assert "SOURCE 'ApiLogGroup.Ref'" in widget["properties"]["query"]
    assert {"latency", "route", "status"} <= set(re.findall(r'"(\w+)":', form))
