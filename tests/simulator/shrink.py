"""From a failing run to the fewest items and faults that still fail the same way (delta debugging)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from tests.simulator.actions import SHAPING
from tests.simulator.outcome import Broken
from tests.simulator.run import Plan, Result, items_of, run

_Part = TypeVar("_Part")
_ITEM = re.compile(r"\bi(\d+)[.pbr]")


class Shrinker:
    """Repeats a run with less and less.

    Parameters
    ----------
    plan
        The run that failed.
    broken
        How.
    seconds
        How long to try.
    """

    def __init__(self, plan: Plan, broken: Broken, *, seconds: float = 120) -> None:
        self._plan = plan
        self._invariant = broken.invariant
        self._broken = broken
        self._until = time.monotonic() + seconds
        self.runs = 0

    def shrink(self) -> Plan:
        """Return the smallest plan found that fails the same way."""
        result = self._run(self._plan)
        faults = [fault.id for fault in result.faults]
        plan = replace(self._plan, faults=faults)
        plan = self._related(plan, result)
        for _ in range(2):
            plan = self._fewer_items(plan)
            plan = self._fewer_faults(plan)
        return plan

    def _related(self, plan: Plan, result: Result) -> Plan:
        """Return a plan with the items alone that the story is about, if they fail too, or else with all."""
        story = result.trace.story(self._broken.words)
        named = {int(found) for step in story for found in _ITEM.findall(f"{step.actor} {step.text}")}
        shaping = set(items_of(plan, SHAPING))
        last = max(named, default=plan.events - 1)
        for candidate in (named, named | shaping, set(range(last + 1))):
            smaller = replace(plan, items=sorted(candidate))
            if candidate and self._fails(smaller):
                return smaller
        return replace(plan, items=list(range(plan.events)))

    def _fewer_items(self, plan: Plan) -> Plan:
        assert plan.items is not None
        items = minimized(list(plan.items), lambda some: self._fails(replace(plan, items=some)))
        return replace(plan, items=items)

    def _fewer_faults(self, plan: Plan) -> Plan:
        happened = [fault.id for fault in self._run(plan).faults]
        if not self._fails(replace(plan, faults=happened)):
            happened = list(plan.faults or ())
        faults = minimized(happened, lambda some: self._fails(replace(plan, faults=some)))
        return replace(plan, faults=faults)

    def _fails(self, plan: Plan) -> bool:
        if time.monotonic() > self._until:
            return False
        return any(broken.invariant == self._invariant for broken in self._run(plan).broken)

    def _run(self, plan: Plan) -> Result:
        self.runs += 1
        return run(plan, keep_trace=plan.items is None)


def minimized(parts: list[_Part], fails: Callable[[list[_Part]], bool]) -> list[_Part]:
    """Return parts of which none can be left out (ddmin), as far as there is time."""
    if not parts or fails([]):
        return []
    pieces = 2
    while len(parts) >= 2:
        size = -(-len(parts) // pieces)
        for first in range(0, len(parts), size):
            rest = [*parts[:first], *parts[first + size :]]
            if rest and fails(rest):
                parts, pieces = rest, max(pieces - 1, 2)
                break
        else:
            if pieces >= len(parts):
                break
            pieces = min(len(parts), 2 * pieces)
    return parts
