"""What the stack costs where nothing happens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import rest
from bench.stack import SWEEPER, Stack

RUN = {
    "calls": {"dynamodb:Query": 12},
    "read": 6.0,
    "written": 0.0,
    "indexed": 0.0,
    "sent": 1000,
    "chunks": 0,
    "cpu_ms": 10.0,
    "log": "",
}


def test_an_alarm_of_an_expression_is_billed_for_each_metric_that_it_reads() -> None:
    read: list[dict[str, Any]] = [{"Id": name, "MetricStat": {}} for name in ("a", "b")]
    assert rest.metrics_of({"Metrics": [*read, {"Id": "sum", "Expression": "a + b"}]}) == 2
    assert rest.metrics_of({"MetricName": "Errors"}) == 1


def test_a_metric_is_one_for_each_set_of_dimensions() -> None:
    groups = [{"Namespace": "N", "Dimensions": [["service"]], "Metrics": [{"Name": "A"}, {"Name": "B"}]}]
    line = json.dumps({"_aws": {"CloudWatchMetrics": groups}, "service": "s", "A": 1, "B": 2})
    assert rest.metrics_in(f"{line}\nno json\n{line}\n") == {("N", "service=s", "A"), ("N", "service=s", "B")}


def test_the_sweeper_runs_as_often_as_the_template_says() -> None:
    stack = Stack()
    assert rest.runs_a_month(stack, stack.functions[SWEEPER]) == pytest.approx(730 * 12)


def test_without_alarms_none_is_paid() -> None:
    with_alarms, without = (rest.cost(Stack(parameters=each), RUN) for each in ({}, {"Alarms": "false"}))
    assert sum(with_alarms.values()) > sum(without.values())
    assert without["metrics of alarms (0)"] == 0
