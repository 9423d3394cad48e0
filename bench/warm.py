"""Warm functions: CPU per event, as a multiple of one call of SQS with boto3."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from bench.operations import OPERATIONS, Operation
from bench.progress import Progress
from bench.samples import Ratio, interleaved
from bench.sandboxes import Sandbox
from bench.world import World, opened

ROUNDS = 9
#: Calls of a sample of the floor, and about how many events a sample of an operation handles.
_FLOOR_CALLS, _EVENTS = 30, 20
_WARM_UP = 2


class Warm:
    """Functions that ran before.

    Parameters
    ----------
    world
        Where they run.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._aws = world.aws
        self._sandboxes = world.sandboxes
        self._running: dict[str | None, Sandbox] = {}
        self.floors: list[float] = []
        self.floor()

    def close(self) -> None:
        """End them."""
        while self._running:
            self._running.popitem()[1].close()

    def _sandbox(self, function: str | None) -> Sandbox:
        if function not in self._running:
            self._running[function] = self._sandboxes.cold(function)
        return self._running[function]

    def floor(self) -> float:
        """Return the seconds of CPU of one call of SQS."""
        event = {"times": _FLOOR_CALLS, "queue": f"{self._aws.queue_url}/MessageQueue", "body": "x" * 400}
        self.floors.append(self._sandbox(None).invoke(event).cpu / _FLOOR_CALLS)
        self._aws.take("MessageQueue")
        return self.floors[-1]

    def prepare(self, operation: Operation) -> None:
        """Let a function be warm."""
        self._sandbox(operation.function).invoke_all(operation.make(self._world, _WARM_UP))

    def measure(self, operation: Operation) -> float:
        """Return the seconds of CPU for an event."""
        invocations = max(1, _EVENTS // operation.events)
        events = operation.make(self._world, invocations)
        told = self._sandbox(operation.function).invoke_all(events)
        for queue in ("MessageQueue", "EmailQueue", "SmsQueue", "PushQueue"):
            self._aws.take(queue)
        return told.cpu / invocations / operation.events


def measure(names: Sequence[str] = (), rounds: int | None = None) -> dict[str, Any]:
    """Measure operations whose names begin with one of those given; all if none is."""
    wanted = [one for one in OPERATIONS if not names or one.key.startswith(tuple(names))]
    progress = Progress("warm functions")
    progress.more(len(wanted) * ((rounds or ROUNDS) + 1))
    times: dict[str, list[float]] = defaultdict(list)
    ratios: dict[str, list[float]] = defaultdict(list)
    with opened() as world:
        warm = Warm(world)
        try:
            for one in wanted:
                warm.prepare(one)
                progress.step()
            for _ in range(rounds or ROUNDS):
                for compared in interleaved(wanted, warm.measure, warm.floor, 1):
                    times[compared.thing.key].append(compared.value)
                    ratios[compared.thing.key].append(compared.ratio)
                    progress.step()
        finally:
            warm.close()
        floors = warm.floors[1:]
    progress.end()
    return {
        "floor_ms": round(statistics.median(floors) * 1000, 3),
        "operations": {
            one.key: {
                "ratio": Ratio.of(ratios[one.key]).median,
                "quartiles": [Ratio.of(ratios[one.key]).low, Ratio.of(ratios[one.key]).high],
                "n": len(ratios[one.key]),
                "ms": round(statistics.median(times[one.key]) * 1000, 4),
            }
            for one in wanted
        },
    }
