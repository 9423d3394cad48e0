"""The command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from bench import cold, counts, places, report_money, warm
from bench.world import opened


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("part", choices=["cold", "warm", "counts", "money"])
    parser.add_argument("names", nargs="*", help="functions or operations; all if none is named")
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--no-build", action="store_true", help="take the build that is there")
    given = parser.parse_intermixed_args(arguments)
    places.build(anew=not given.no_build)
    if given.part == "cold":
        print(cold_table(cold.measure(given.names, given.rounds, given.workers)))


    elif given.part == "warm":
        print(warm_table(warm.measure(given.names, given.rounds)))
    elif given.part == "counts":
        with opened() as world:
            print(counts_table(counts.measure(world, given.names)))
    else:
        needed = report_money.needed()
        timed = warm.measure(needed, given.rounds)
        with opened() as world:
            counted = counts.measure(world, needed)
            found = report_money.measure(world, counted["operations"], timed["operations"])
            print(json.dumps(found, indent=1, ensure_ascii=False))


def warm_table(found: dict[str, Any]) -> str:
    """Return warm times as text."""
    lines = [f"floor {found['floor_ms']} ms (one call of SQS with boto3)"]
    for name, one in found["operations"].items():
        low, high = one["quartiles"]
        lines.append(f"{name:34} {one['ratio']:6.3f} x floor per event ({low:.3f}-{high:.3f}, n={one['n']}) {one['ms']:8.4f} ms")
    return "\n".join(lines)


def counts_table(found: dict[str, Any]) -> str:
    """Return counts as text."""
    lines = ["calls, read units, write units of tables + indexes, bytes sent, bytes logged"]
    for name, one in {**found["operations"], **found["functions"]}.items():
        calls = ", ".join(f"{call} {count}" for call, count in one["calls"].items())
        lines.append(
            f"{name:34} {sum(one['calls'].values()):4} {one['read']:6.1f} {one['written']:5.0f} + {one['indexed']:3.0f}"
            f" {one['sent']:7} {one['log']:5}  {calls}"
        )
    return "\n".join(lines)


def cold_table(found: dict[str, Any]) -> str:
    """Return cold starts as text."""
    lines = [f"floor {found['floor_ms']} ms (boto3, one call of SQS)"]
    for name, one in found["functions"].items():
        lines.append(
            f"{name:32} {one['ratio']:5.2f} x floor  ({one['quartiles'][0]:.2f}-{one['quartiles'][1]:.2f}, n={one['n']})"
            f"  import {one['import_ms']:6.1f}  first {one['first_ms']:6.1f} ms"
            f"  modules {one['modules']:4}  {one['mb']} MB  status {one['status']}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
