"""What is aimed at; docs/performance.md compares each with what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_ACCEPT = ("neptune/ingest_event", "client/post_events", "client/identify_user", "vibetrace/post_event")
_SMALL = ("public/health", "public/not_found", "public/unsubscribe")
_PIPELINE = ("pipeline/process_messages", "pipeline/deliver_email", "pipeline/deliver_sms", "pipeline/deliver_push")
#: CPU per event as a multiple of a bare call of SQS.
WARM = {
    "accept Neptune 1x1": 0.55,
    "accept client 1x1": 0.55,
    "accept identify 1x1": 0.55,
    "process e-mail 10x1": 1.3,
    "process in-app 10x1": 1.6,
    "deliver e-mail 10x1": 1.9,
}


class Compared(NamedTuple):
    """A target and what was measured."""

    what: str
    target: float
    measured: float
    unit: str

    @property
    def holds(self) -> bool:
        """Whether the target is reached."""
        return self.measured <= self.target


def cold_target(function: str) -> float:
    """Return how long a cold start may take, as a multiple of boto3's first call."""
    if function in _ACCEPT or function in _SMALL:
        return 1.05
    return 1.45 if function in _PIPELINE else 1.75


def compared(results: Mapping[str, Any]) -> Iterator[Compared]:
    """Yield every target with what was measured."""
    cold = results["cold"]["functions"]
    for group, names in (("accepting an event", _ACCEPT), ("pipeline", _PIPELINE), ("small answers", _SMALL)):
        worst = max((one for one in names if one in cold), key=lambda name: cold[name]["ratio"])
        yield Compared(f"cold start, {group}: the worst, {worst}", cold_target(worst), cold[worst]["ratio"], "÷ floor")
    named = {*_ACCEPT, *_PIPELINE, *_SMALL}
    worst = max((one for one in cold if one not in named), key=lambda name: cold[name]["ratio"])
    yield Compared(f"cold start, every other: the worst, {worst}", cold_target(worst), cold[worst]["ratio"], "÷ floor")
    for key, target in WARM.items():
        yield Compared(f"{key}, CPU per event", target, results["warm"]["operations"][key]["ratio"], "÷ SQS call")
    money = results["money"]
    for name, one in money["flows"].items():
        if one["target"] is not None:
            yield Compared(name, one["target"], one["total"], "$ per million")
    for name, one in money["kept"].items():
        yield Compared(f"{name}, kept 90 days", one["target"], one["dollars"], "$ per million")
    for name, one in money["rest"].items():
        if one["target"] is not None:
            yield Compared(f"at rest, {name}", one["target"], one["total"], "$ a month")
    idle = results["answered_after"]
    yield Compared("idle stack, request to SES's yes", idle["target"], idle["seconds"], "s, modelled")
