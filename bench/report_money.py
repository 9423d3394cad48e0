"""Puts counts, times and prices together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench import counts, money, rest
from bench.operations import OPERATIONS
from bench.sandboxes import Sandboxes
from bench.stack import Stack, translated
from bench.world import World

_BY_KEY = {one.key: one for one in OPERATIONS}
#: What is kept of an event 90 days: which operations it went through, and what it may cost at most.
KEPT = {
    "event → e-mail": (("accept Neptune 1x1", "process e-mail 10x1", "deliver e-mail 10x1", "record feedback 10x1"), 1.60),
    "event → in-app": (("accept Neptune 1x1", "process in-app 10x1"), 1.80),
}
#: The functions between a request and SES's yes.
WAY = ("neptune/ingest_event", "pipeline/process_messages", "pipeline/deliver_email")
#: Dollars a month where nothing happens, at most.
REST = {"as deployed by default": ({}, 2.00), "Alarms=false": ({"Alarms": "false"}, 1.00)}
ANSWERED_AFTER = 1.2


def needed() -> list[str]:
    """Return the keys of the operations that prices are made of."""
    return sorted({step.operation for flow in money.FLOWS for step in flow.steps})


def measure(sandboxes: Sandboxes, world: World, counted: Mapping[str, Any], warm: Mapping[str, Any]) -> dict[str, Any]:
    """Return what flows, keeping and rest cost.

    Parameters
    ----------
    counted, warm
        The operations, counted and timed.
    """
    stack = sandboxes.stack
    traced = any(
        one.get("TracingConfig", {}).get("Mode") == "Active" for one in stack.of_type("AWS::Lambda::Function").values()
    )
    conditions = money.Conditions(
        stack.functions["pipeline/process_messages"].memory, stack.logs_of_lambda(), traced
    )
    kept = {}
    for name, ((accept, *consumers), target) in KEPT.items():
        found = counts.kept(world, sandboxes.quick, _BY_KEY[accept], [_BY_KEY[one] for one in consumers])
        cost = money.kept_cost(found["table"], found["indexes"])
        kept[name] = {**found, "dollars": round(cost, 2), "target": target}
    run = counts.sweeper(world, sandboxes)
    at_rest = {}
    for name, (parameters, target) in REST.items():
        known = {one: value for one, value in parameters.items() if one in translated()["Parameters"]}
        parts = rest.cost(Stack(parameters=known), run)
        at_rest[name] = {
            "total": round(sum(parts.values()), 2),
            "target": target,
            "parts": {what: round(dollars, 2) for what, dollars in parts.items()},
        }
    flows = {flow.name: money.flow_cost(flow, counted, warm, conditions) for flow in money.FLOWS}
    return {"flows": flows, "kept": kept, "rest": at_rest}


def answered_after(cold: Mapping[str, Any], counted: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how long an idle stack takes from a request to SES's yes; None where its way was not measured."""
    if not all(name in cold for name in WAY):
        return None
    seconds = money.answered_after([cold[name] for name in WAY], [counted[name]["calls"] for name in WAY])
    return {"seconds": round(seconds, 2), "target": ANSWERED_AFTER}
