"""What AWS charges for what this product uses, and what its stack costs while nobody uses it.

List prices of us-east-1 in US dollars, without any free tier, as of 2026-11; docs/costs.md has the sources and explains
the sum. `PRICES` and `at_rest` are for other programs as well.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from local_stack.template.intrinsics import Resolver
from local_stack.template.translation import load

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"

PRICES: Mapping[str, float] = {
    # By the month, whether used or not
    "alarm metric": 0.10,
    "custom metric": 0.30,
    "dashboard": 3.00,
    "kms key": 1.00,
    "secret": 0.40,
    # By the unit
    "sqs request": 0.40e-6,
    "lambda request": 0.20e-6,
    "lambda gb-second, arm64": 13.3334e-6,
    "http api request": 1.00e-6,
    "dynamodb write unit": 0.625e-6,
    "dynamodb read unit": 0.125e-6,
    "log byte": 0.50e-9,
    "dynamodb gb-month": 0.25,
    "dynamodb backup gb-month": 0.20,
    "kms request": 3e-6,
    "secrets manager request": 5e-6,
    "x-ray trace": 5e-6,
    "ses mail": 100e-6,
}
#: The seconds of a month of 30 days.
MONTH = 30 * 24 * 60 * 60
#: How long Lambda's calls for the records of an idle queue wait, in seconds.
_LONG_POLL = 20
#: How many such calls are under way at once: 5, and as few as 2 where a mapping's concurrency has no limit.
_POLLERS, _FEWEST_POLLERS = 5, 2
#: One run of the sweeper where nothing happens: seconds of Lambda, read units and log bytes, for one environment.
_RUN_SECONDS, _RUN_UNITS, _RUN_LOG_BYTES = 0.1, 4.5, 400
_DAY_RUNS = {"rate(5 minutes)": 288}


def at_rest(parameters: Mapping[str, str] | None = None, template: Path = TEMPLATE) -> dict[str, float]:
    """Return what a stack costs that nobody uses, in dollars a month, by what it is charged for.

    Parameters
    ----------
    parameters
        Those of the template that are not left at their defaults.
    """
    given = dict(parameters or {})
    translated = load(template, "us-east-1", list(given))
    resolver = Resolver(translated, given, {"AWS::StackName": "nereid"}, lambda name, wanted: f"{name}.{wanted}")
    resources = {
        name: one
        for name, one in translated["Resources"].items()
        if "Condition" not in one or resolver.condition(one["Condition"])
    }
    alarms = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    mappings = [
        resolver.resolve(one["Properties"])
        for one in resources.values()
        if one["Type"] == "AWS::Lambda::EventSourceMapping"
    ]
    return {
        "alarm metrics": PRICES["alarm metric"] * sum(map(_alarm_metrics, alarms)),
        "polling": PRICES["sqs request"] * sum(map(_polls, mappings)),
        "secrets": PRICES["secret"] * _count(resources, "AWS::SecretsManager::Secret"),
        "keys": PRICES["kms key"] * _count(resources, "AWS::KMS::Key"),
        "sweeper": _sweeper(resources),
    }


def _count(resources: Mapping[str, Any], kind: str) -> int:
    return sum(one["Type"] == kind for one in resources.values())


def _alarm_metrics(alarm: Mapping[str, Any]) -> int:
    return sum("MetricStat" in one for one in alarm["Metrics"]) if "Metrics" in alarm else 1


def _polls(mapping: Mapping[str, Any]) -> float:
    """Return the calls of a month for the records of an idle queue."""
    if mapping.get("Enabled") is False:
        return 0
    return MONTH / _LONG_POLL * (_POLLERS if mapping.get("ScalingConfig") else _FEWEST_POLLERS)


def _sweeper(resources: Mapping[str, Any]) -> float:
    """Return what the sweeper's runs cost in a month; it writes no metrics while there is nothing to say."""
    (schedule,) = (
        one["Properties"]["ScheduleExpression"]
        for one in resources.values()
        if one["Type"] == "AWS::Events::Rule" and "ScheduleExpression" in one["Properties"]
    )
    gigabytes = resources["PipelineSweepDeliveries"]["Properties"]["MemorySize"] / 1024
    dead_letter_queues = sum(name.endswith("DeadLetterQueue") for name in resources)
    one_run = (
        PRICES["lambda request"]
        + PRICES["lambda gb-second, arm64"] * gigabytes * _RUN_SECONDS
        + PRICES["dynamodb read unit"] * _RUN_UNITS
        + PRICES["sqs request"] * dead_letter_queues
        + PRICES["log byte"] * _RUN_LOG_BYTES
    )
    return float(one_run * _DAY_RUNS[schedule] * 30)


if __name__ == "__main__":
    bill = at_rest(dict(word.split("=", 1) for word in sys.argv[1:]))
    for what, dollars in {**bill, "together": sum(bill.values())}.items():
        print(f"{what:16}{dollars:8.2f}")
