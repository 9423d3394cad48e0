"""What an operation asks of AWS: calls, capacity units, bytes sent, bytes logged. The same on every machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from bench.operations import OPERATIONS, PROCESS, Operation
from bench.sandboxes import Sandbox
from bench.world import World

#: The shortest time for which a function keeps what it read, and how often an operation that took longer is tried.
_CACHED_SECONDS, _TRIES = 10, 3
Start = Callable[[str], Sandbox]


def operation(world: World, start: Start, one: Operation) -> dict[str, Any]:
    """Count an operation of a warm function."""
    found: dict[str, Any] = {}
    for _ in range(_TRIES):
        world.aws.restore()
        before, measured = one.make(world, 2)
        with start(one.function) as sandbox:
            began = time.monotonic()
            sandbox.invoke(before)
            world.aws.tally()
            told = sandbox.invoke(measured)
        found = {**world.aws.tally().as_json(), "log": told.log, "lines": told.lines}
        # On a machine that is this slow, something that is cached for ten seconds was read again.
        if time.monotonic() - began < _CACHED_SECONDS:
            break
    return found


def first_request(world: World, start: Start, function: str) -> dict[str, Any]:
    """Count the first request of a function, which reads all that later ones find cached."""
    world.aws.restore()
    event = world.first(function)
    world.aws.tally()
    with start(function) as sandbox:
        told = sandbox.invoke(event)
    answer = told.answer
    status = answer.get("statusCode") if isinstance(answer, dict) else None
    return {
        **world.aws.tally().as_json(),
        "log": told.log,
        "lines": told.lines,
        **({"status": status} if status else {}),
    }


def kept(world: World, start: Start, event_type: str, consumers: Sequence[str]) -> dict[str, float]:
    """Return the bytes that a table and its indexes keep of an event, once it went all its way.

    Parameters
    ----------
    event_type
        Its type.
    consumers
        The functions that handle it once it was accepted.
    """
    world.aws.restore()
    found = []
    with ExitStack() as running:
        sandboxes = {one: running.enter_context(start(one)) for one in consumers}
        # Counters that all events share are made by the first ten.
        for _ in range(2):
            before = _stored(world)
            world.aws.mails()
            work = world.records(PROCESS, world.accepted(event_type, 10))
            for one in consumers:
                sandboxes[one].invoke(work if one == PROCESS else world.waiting(one))
            after = _stored(world)
            found = [(after[kind] - before[kind]) / 10 for kind in ("table", "indexes")]
    return {"table": found[0], "indexes": found[1]}


def _stored(world: World) -> dict[str, int]:
    every: dict[str, dict[str, int]] = world.aws.ask("stored")
    sums = {"table": 0, "indexes": 0}
    for name, one in every.items():
        sums["indexes" if "/" in name else "table"] += one["bytes"]
    return sums


def measure(world: World, names: Sequence[str] = ()) -> dict[str, Any]:
    """Count operations whose names begin with one of those given, and functions; all if none is."""
    wanted = [one for one in OPERATIONS if not names or one.key.startswith(tuple(names))]
    functions = [one for one in world.sandboxes.stack.functions if not names or one in names]
    return {
        "operations": {one.key: operation(world, world.sandboxes.quick, one) for one in wanted},
        "functions": {one: first_request(world, world.sandboxes.quick, one) for one in functions},
    }
