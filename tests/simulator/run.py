"""One run: make a world, let things happen and go wrong, calm down, check."""

from __future__ import annotations

import gc
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tests.simulator import hostile, invariants, setup
from tests.simulator.actions import ACTIONS
from tests.simulator.chance import Chance
from tests.simulator.faults import Fault
from tests.simulator.operators import Operators
from tests.simulator.outcome import Broken
from tests.simulator.reactions import Reactions
from tests.simulator.trace import Trace
from tests.simulator.workload import Workload, draw
from tests.simulator.world import World, running


@dataclass(frozen=True)
class Plan:
    """What makes a run what it is."""

    seed: int
    events: int
    #: The items that happen, by number; None for all.
    items: Sequence[int] | None = None
    #: The faults that happen, by id; None for those that are drawn.
    faults: Sequence[str] | None = None
    intensity: float = 1.0
    #: Whether the hostile team does harm; without it, it sends as much that is honest.
    harm: bool = True


@dataclass(frozen=True)
class Result:
    """What came of a run."""

    plan: Plan
    broken: list[Broken]
    faults: list[Fault]
    trace: Trace
    figures: dict[str, float]
    #: Team and delivery to how often its job was handed over until it was done, and to when a provider took it.
    receives: dict[tuple[str, str], int]
    taken: dict[tuple[str, str], int]


def run(plan: Plan, *, keep_trace: bool = False) -> Result:
    """Do a run."""
    # Nearly all that a run makes lives as long as the run: looking for garbage all the time finds none.
    gc.collect()
    gc.set_threshold(200_000, 20, 100)
    began, used = time.perf_counter(), time.process_time()
    world = World(plan.seed, only=plan.faults, intensity=plan.intensity, keep_trace=keep_trace)
    world.harm = plan.harm
    with running(world), hostile.slow_templates(world):
        events = happen(world, plan)
        broken = invariants.check(world)
    world.trace.end()
    figures = {
        "events": events,
        "requests": world.journal.requests,
        "invocations": world.invocations,
        "calls": world.calls,
        "decisions": world.faults.decisions,
        "faults": len(world.faults.happened),
        "sent": len(world.journal.hand_overs),
        "windows": sum(each.crashed_in_the_window() for each in world.journal.hand_overs),
        "repeated": world.journal.repeated,
        "dead letters": sum(len(each.messages) for each in world.queues.values()),
        "simulated hours": round(world.time.now / 3.6e9, 1),
        "seconds": round(time.perf_counter() - began, 1),
        "seconds of CPU": round(time.process_time() - used, 1),
    }
    return Result(plan, broken, world.faults.happened, world.trace, figures, world.journal.receives, _taken(world))


def _taken(world: World) -> dict[tuple[str, str], int]:
    taken: dict[tuple[str, str], int] = {}
    for each in world.journal.hand_overs:
        if each.accepted is not None and "#" in each.delivery:  # not one without a claim
            team, *_, delivery = each.delivery.split("#")
            taken.setdefault((team, delivery), each.accepted.at)
    return taken


def happen(world: World, plan: Plan) -> int:
    """Let a run's items happen in a world, with its faults, and then all that follows without; return how many events.

    Called within `running`.
    """
    teams = setup.make(world)
    Reactions(world)
    operators = Operators(world, teams)
    workload = Workload(world, teams, ACTIONS, plan.events, plan.items, hostile.make(world))
    world.faults.active = True
    workload.begin()
    operators.begin()
    world.drain(workload.is_done)
    world.faults.active = False
    operators.end()
    world.drain()
    operators.recover()
    return workload.events


def items_of(plan: Plan, kinds: Collection[str]) -> list[int]:
    """Return the numbers of the items of some kinds that a run has."""
    deck = [kind for kind, action in ACTIONS.items() for _ in range(action.share)]
    return [item.number for item in draw(Chance(plan.seed), deck, plan.events) if item.kind in kinds]
