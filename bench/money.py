"""What an event costs: counts of calls, and the CPU of warm functions, at AWS's list prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.aws.tally import Tally
from tools.prices import PRICES

#: A function of 1,769 MB has one CPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
WHOLE_CPU = 1769
#: Milliseconds that what times are compared with takes on a whole CPU of Lambda: a call of SQS with boto3, and boto3's
#: first call over TLS. Assumed, as measured on an idle core of an AMD EPYC. So what this module says follows from
#: ratios, and a busy or slow machine says the same as a quick one.
CALL_MS, START_MS = 0.87, 186.0
#: How long a function waits for an answer, in milliseconds. Assumed: this bench's AWS answers at once.
WAITS = {"dynamodb": 4.0, "sqs": 8.0, "ses": 60.0, "sns": 60.0, "secretsmanager": 8.0, "ssm": 8.0, "kms": 8.0}
#: How many events a second come where an invocation finds one at a time, and so how many reports of SES there are.
ONES_PER_SECOND = 5
#: How many of Lambda's pollers share the records of a queue, each of which waits for its own batch.
POLLERS = 5
#: Bytes that Lambda itself logs of an invocation, unless it is told not to, and API Gateway of a request.
LAMBDA_LOG, API_LOG = 675, 165
#: What CloudWatch counts more for each line that is logged.
LOG_LINE_BYTES = 26
_GB = 1e9
_MILLION = 1_000_000


@dataclass(frozen=True)
class Step:
    """One function's part of the way of an event.

    Parameters
    ----------
    operation
        The key of what it does, among those that are counted and timed.
    events
        How many events an invocation handles.
    queued
        Whether it takes from a queue; else it answers a request.
    records
        How many records of a queue an invocation takes.
    reported
        Whether AWS itself put the records on the queue, one by one.
    """

    operation: str
    events: int = 1
    queued: bool = True
    records: int = 1
    reported: bool = False


@dataclass(frozen=True)
class Flow:
    """The whole way of an event.

    Parameters
    ----------
    name
        What it is.
    steps
        In their order.
    target
        Dollars per million events that it shall cost at most; None where nothing is set.
    """

    name: str
    steps: tuple[Step, ...]
    target: float | None = None


def _way(
    name: str, records: int, *steps: tuple[str, bool], accept: str = "accept Neptune 1x1", target: float | None = None
) -> Flow:
    def taken(step: str, *, reported: bool) -> Step:
        # Reports are gathered until there are ten, or for so long that there are.
        together = REPORTS_AT_ONCE if reported else records
        return Step(f"{step} {together}x1", together, records=together, reported=reported)

    rest = (taken(step, reported=reported) for step, reported in steps)
    return Flow(name, (Step(accept, queued=False), *rest), target)


#: How many reports an invocation takes; `gathered` says why.
REPORTS_AT_ONCE = 10
_MAIL = (("process e-mail", False), ("deliver e-mail", False), ("record feedback", True))
FLOWS: tuple[Flow, ...] = (
    _way("event → e-mail with feedback, batches of 10", 10, *_MAIL, target=6.00),
    _way("event → e-mail with feedback, batches of 1", 1, *_MAIL, target=9.00),
    _way("event → in-app, batches of 10", 10, ("process in-app", False), target=4.80),
    _way("event → in-app, batches of 1", 1, ("process in-app", False)),
    Flow(
        "event → in-app, 100 per request",
        (Step("accept client 1x100", 100, queued=False), Step("process in-app 1x100", 100)),
        2.40,
    ),
    _way("identify, batches of 1", 1, ("process identify", False), accept="accept identify 1x1"),
)


def gathered(batch: int, seconds: float) -> int:
    """Return how many records a poller has together that waits so long for a batch, where events come in ones."""
    return max(1, min(batch, int(seconds * ONES_PER_SECOND / POLLERS)))


@dataclass(frozen=True)
class Conditions:
    """What else decides how much it costs.

    Parameters
    ----------
    memory
        MB of the functions.
    logs_of_lambda
        Whether Lambda logs starts and ends.
    others
        MB of the functions that have more or less, by operation.
    """

    memory: int = 512
    logs_of_lambda: bool = True
    others: Mapping[str, int] = field(default_factory=dict)


def duration_ms(cpu_ms: float, calls: Mapping[str, int], memory: int) -> float:
    """Return how long an invocation takes in Lambda: its CPU on a part of one, and the waits for AWS one by one."""
    waits = sum(count * WAITS[name.partition(":")[0]] for name, count in calls.items())
    return cpu_ms * WHOLE_CPU / memory + waits


def step_cost(
    step: Step, counted: Tally, log: tuple[int, int], cpu_ms: float, conditions: Conditions
) -> dict[str, float]:
    """Return dollars per million events of a step, by what is billed.

    Parameters
    ----------
    counted
        What one invocation asks of AWS.
    log
        Bytes and lines that it logs.
    cpu_ms
        CPU per event.
    """
    duration = duration_ms(cpu_ms * step.events, counted.calls, conditions.memory)
    # A poller receives a batch with one request and deletes it with another.
    queue_requests = counted.chunks + (2 if step.queued else 0) + (step.records if step.reported else 0)
    logged = log[0] + log[1] * LOG_LINE_BYTES
    if conditions.logs_of_lambda:
        logged += LAMBDA_LOG
    if not step.queued:
        logged += API_LOG
    seconds_of_gb = duration / 1000 * conditions.memory / 1024
    of_invocation = {
        "DynamoDB writes": counted.written * PRICES["dynamodb write unit"],
        "index writes": counted.indexed * PRICES["dynamodb write unit"],
        "reads": counted.read * PRICES["dynamodb read unit"],
        "SQS": queue_requests * PRICES["sqs request"],
        "Lambda": PRICES["lambda request"] + seconds_of_gb * PRICES["lambda gb-second, arm64"],
        "HTTP API": 0.0 if step.queued else PRICES["http api request"],
        "logs": logged * PRICES["log byte"],
    }
    return {what: dollars * _MILLION / step.events for what, dollars in of_invocation.items()}


def flow_cost(flow: Flow, counts: Mapping[str, Any], warm: Mapping[str, Any], conditions: Conditions) -> dict[str, Any]:
    """Return dollars per million events of a flow, in all, by what is billed and by step."""
    by_step = {}
    for step in flow.steps:
        counted = dict(counts[step.operation])
        log = counted.pop("log"), counted.pop("lines")
        cpu_ms = warm[step.operation]["ratio"] * CALL_MS
        own = replace(conditions, memory=conditions.others.get(step.operation, conditions.memory))
        by_step[step.operation] = step_cost(step, Tally.of(counted), log, cpu_ms, own)
    parts = {what: sum(one[what] for one in by_step.values()) for what in next(iter(by_step.values()))}
    return {
        "total": round(sum(parts.values()), 2),
        "target": flow.target,
        "parts": {what: round(dollars, 2) for what, dollars in parts.items()},
        "steps": {name: round(sum(one.values()), 2) for name, one in by_step.items()},
    }


def kept_cost(table_bytes: float, index_bytes: float, days: int = 90) -> float:
    """Return dollars for keeping a million events so long, with point-in-time recovery of the tables."""
    months = days / 30
    gigabytes = _MILLION / _GB
    stored = (table_bytes + index_bytes) * gigabytes * PRICES["dynamodb gb-month"]
    return (stored + table_bytes * gigabytes * PRICES["dynamodb backup gb-month"]) * months


def answered_after(
    floor_ms: float,
    starts: Sequence[Mapping[str, Any]],
    calls: Sequence[Mapping[str, int]],
    memories: Sequence[int],
) -> float:
    """Return the seconds from a request to SES's yes where no function is warm: three cold starts in a row.

    Parameters
    ----------
    floor_ms
        What the floor took on the machine where the starts were measured.
    starts
        The cold start of each function on the way: its import runs on a whole CPU, as Lambda's INIT does, and its
        first request on its part of one.
    calls
        What each asks of AWS in its first request.
    memories
        MB of each.
    """
    # Until Lambda's runtime runs code of ours; assumed.
    milliseconds = 80.0 * len(starts)
    scale = START_MS / floor_ms
    for one, called, memory in zip(starts, calls, memories, strict=True):
        milliseconds += one["import_ms"] * scale + duration_ms(one["first_ms"] * scale, called, memory)
    return milliseconds / 1000
