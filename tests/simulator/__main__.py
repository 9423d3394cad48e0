"""`make faults`: run the simulator and tell what it found; see docs/faults.md."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Sequence
from multiprocessing import get_context

from tests.simulator.report import failure, summary, total
from tests.simulator.run import Plan, Result, run
from tests.simulator.shrink import Shrinker


def _listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part not in ("", "-")]


def _arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--seed", type=int, nargs="*", help="seeds; one at random if none is given")
    parser.add_argument("--events", type=int, default=10_000, help="how many things clients do in a run")
    parser.add_argument("--runs", type=int, default=1, help="how many random seeds")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--intensity", type=float, default=1.0, help="how much likelier faults are than usual")
    parser.add_argument("--items", type=_listed, help="the items that happen, by number, to repeat a failing run")
    parser.add_argument("--faults", type=_listed, help="the faults that happen, by id, to repeat a failing run")
    return parser.parse_args(given)


def _plans(arguments: argparse.Namespace) -> list[Plan]:
    seeds = arguments.seed or [secrets.randbelow(1_000_000) for _ in range(arguments.runs)]
    items = None if arguments.items is None else [int(item) for item in arguments.items]
    return [Plan(seed, arguments.events, items, arguments.faults, arguments.intensity) for seed in seeds]


def main() -> int:
    """Run; return how many runs failed."""
    arguments = _arguments()
    plans = _plans(arguments)
    for plan in plans:
        print(f"seed {plan.seed}, {plan.events} events", flush=True)
    failed: list[Result] = []
    figures = []
    # A process for each run: what one leaves in memory is gone with it.
    with get_context("fork").Pool(min(arguments.workers, len(plans)), maxtasksperchild=1) as pool:
        for result in pool.imap(run, plans, chunksize=1):
            figures.append(result.figures)
            print(summary(result), flush=True)
            if result.broken:
                failed.append(result)
    if len(plans) > 1:
        print(total(figures))
    for result in failed[:1]:
        _explain(result, is_repetition=arguments.items is not None)
    return len(failed)


def _explain(result: Result, *, is_repetition: bool) -> None:
    broken = result.broken[0]
    plan = result.plan
    if not is_repetition:
        print(f"\n{broken.invariant}: {broken.text}\nLooking for the shortest run that fails so ...", flush=True)
        plan = Shrinker(plan, broken).shrink()
    shortest = run(plan, keep_trace=True)
    print(failure(result, shortest, broken.invariant), flush=True)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
