"""What the stack costs where nothing happens, for a month: read from template.yaml."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bench import prices
from bench.aws.tally import Tally
from bench.money import LAMBDA_LINES, LAMBDA_LOG, duration_ms
from bench.stack import SWEEPER, Function, Stack

#: Requests that always wait at a queue for a function: two of 20 seconds each, as was seen of idle mappings.
POLLERS, POLL_SECONDS = 2, 20


def metrics_of(alarm: Mapping[str, Any]) -> int:
    """Return how many metrics an alarm is billed for: those that its expression reads, or its one."""
    return sum("MetricStat" in one for one in alarm.get("Metrics", ())) or 1


def metrics_in(log: str) -> set[tuple[str, ...]]:
    """Return the metrics that lines of a log make, each with its dimensions and their values."""
    found = set()
    for line in log.splitlines():
        told = json.loads(line) if line.startswith("{") else {}
        for group in told.get("_aws", {}).get("CloudWatchMetrics", ()):
            for dimensions in group["Dimensions"]:
                values = [f"{name}={told[name]}" for name in dimensions]
                found |= {(group["Namespace"], *values, metric["Name"]) for metric in group["Metrics"]}
    return found


def runs_a_month(stack: Stack, function: Function) -> float:
    """Return how often a clock starts a function."""
    rates = [
        re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", str(rule.get("ScheduleExpression")))
        for rule in stack.of_type("AWS::Events::Rule").values()
        if function.logical_id in json.dumps(rule.get("Targets", ""))
    ]
    seconds = {"minute": 60, "hour": 3600, "day": 86400}
    return sum(prices.MONTH_SECONDS / int(one[1]) / seconds[one[2]] for one in rates if one)


def cost(stack: Stack, run: Mapping[str, Any]) -> dict[str, float]:
    """Return dollars a month, by what is billed.

    Parameters
    ----------
    run
        What a run of the sweeper asked of AWS, with its CPU in milliseconds and its log.
    """
    sweeper = stack.functions[SWEEPER]
    runs = runs_a_month(stack, sweeper)
    tally = Tally.of({name: run[name] for name in ("calls", "read", "written", "indexed", "sent", "chunks")})
    duration = duration_ms(run["cpu_ms"], tally.calls, sweeper.memory)
    logged = len(run["log"]) + prices.LOG_LINE_BYTES * run["log"].count("\n")
    if stack.logs_of_lambda():
        logged += LAMBDA_LOG + LAMBDA_LINES * prices.LOG_LINE_BYTES
    of_run = {
        "Lambda": prices.INVOCATION + duration / 1000 * sweeper.memory / 1024 * prices.GB_SECOND,
        "capacity": tally.read * prices.READ_UNIT + (tally.written + tally.indexed) * prices.WRITE_UNIT,
        "queues": tally.chunks * prices.QUEUE_REQUEST,
        "logs": logged / prices.GB * prices.LOG_GB,
    }
    polls = prices.MONTH_SECONDS / POLL_SECONDS * POLLERS
    alarms = sum(metrics_of(one) for one in stack.of_type("AWS::CloudWatch::Alarm").values())
    dashboards = max(0, len(stack.of_type("AWS::CloudWatch::Dashboard")) - prices.FREE_DASHBOARDS)
    assert dashboards == 0
    return {
        f"metrics of alarms ({alarms})": alarms * prices.ALARM_METRIC,
        f"metrics of the sweeper ({len(metrics_in(run['log']))})": len(metrics_in(run["log"])) * prices.METRIC,
        f"KMS keys ({len(stack.of_type('AWS::KMS::Key'))})": len(stack.of_type("AWS::KMS::Key")) * prices.KEY,
        f"secrets ({len(stack.of_type('AWS::SecretsManager::Secret'))})": len(
            stack.of_type("AWS::SecretsManager::Secret")
        )
        * prices.SECRET,
        f"polling of queues ({len(_mappings(stack))})": len(_mappings(stack)) * polls * prices.QUEUE_REQUEST,
        f"runs of the sweeper ({runs:.0f})": sum(of_run.values()) * runs,
    }


def _mappings(stack: Stack) -> list[str]:
    every = stack.of_type("AWS::Lambda::EventSourceMapping")
    return [name for name, one in every.items() if one.get("Enabled", True) not in (False, "false")]
