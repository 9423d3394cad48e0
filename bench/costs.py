"""Puts counts, times and prices together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench import counts, money
from bench.operations import OPERATIONS, PROCESS
from bench.stack import Stack
from bench.world import World
from tools import prices

#: What is kept of an event for 90 days: its type, the functions that handle it, and what it may cost at most.
KEPT = {
    "event → e-mail": ("mail", (PROCESS, "pipeline/deliver_email", "pipeline/record_feedback"), 1.60),
    "event → in-app": ("inbox", (PROCESS,), 1.80),
}
#: The functions between a request and SES's yes.
WAY = ("neptune/ingest_event", "pipeline/process_messages", "pipeline/deliver_email")
#: Dollars a month where nothing happens, at most.
REST: dict[str, tuple[dict[str, str], float | None]] = {
    "as deployed by default": ({}, 2.00),
    "Alarms=false": ({"Alarms": "false"}, 1.00),
    "with e-mail": ({"EmailFrom": "hello@example.com"}, None),
}
ANSWERED_AFTER = 1.2


def needed() -> list[str]:
    """Return the keys of the operations that prices are made of."""
    return sorted({step.operation for flow in money.FLOWS for step in flow.steps})


def measure(world: World, counted: Mapping[str, Any], warm: Mapping[str, Any]) -> dict[str, Any]:
    """Return what flows, keeping and rest cost.

    Parameters
    ----------
    counted, warm
        The operations, counted and timed.
    """
    stack = world.sandboxes.stack
    memories = {one.key: stack.functions[one.function].memory for one in OPERATIONS}
    conditions = money.Conditions(logs_of_lambda=stack.logs_of_lambda(), others=memories)
    kept = {}
    for name, (event_type, consumers, target) in KEPT.items():
        found = counts.kept(world, world.sandboxes.quick, event_type, consumers)
        cost = money.kept_cost(found["table"], found["indexes"])
        kept[name] = {**found, "dollars": round(cost, 2), "target": target}
    at_rest = {}
    for name, (parameters, most) in REST.items():
        parts = prices.at_rest(parameters)
        at_rest[name] = {
            "total": round(sum(parts.values()), 2),
            "target": most,
            "parts": {what: round(dollars, 2) for what, dollars in parts.items()},
        }
    flows = {flow.name: money.flow_cost(flow, counted, warm, conditions) for flow in money.FLOWS}
    return {"flows": flows, "kept": kept, "rest": at_rest}


def answered_after(started: Mapping[str, Any], counted: Mapping[str, Any]) -> dict[str, Any]:
    """Return how long an idle stack takes from a request to SES's yes.

    Parameters
    ----------
    started
        The cold starts of its way over TLS.
    counted
        The first requests, counted.
    """
    starts, calls = [started["functions"][name] for name in WAY], [counted[name]["calls"] for name in WAY]
    functions = Stack().functions
    seconds = money.answered_after(started["floor_ms"], starts, calls, [functions[name].memory for name in WAY])
    return {"seconds": round(seconds, 2), "target": ANSWERED_AFTER}
