"""The command line."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import budget, cold, costs, counts, growth, local, modules, places, warm
from bench.operations import QUICK
from bench.sandboxes import SOURCE
from bench.world import opened

_CPU = Path("/proc/cpuinfo")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("part", choices=[*_PARTS, "all", "report", "budget"], nargs="?", default="all")
    parser.add_argument("names", nargs="*", help="functions, operations or kinds; all if none is named")
    parser.add_argument("--rounds", type=int, default=None, help="samples of each")
    parser.add_argument("--workers", type=int, default=None, help="how many functions start at once")
    parser.add_argument("--tls", action="store_true", help="start functions cold against an AWS that speaks TLS")
    parser.add_argument("--no-build", action="store_true", help="take the build that is there")
    given = parser.parse_intermixed_args(arguments)
    if given.part == "budget":
        budget.write(budgeted())
    elif given.part == "report":
        _report()
    else:
        places.build(anew=not given.no_build)
        if given.part == "all":
            _all(given)
        else:
            print(_PARTS[given.part](given))


def _all(given: argparse.Namespace) -> None:
    """Measure everything, and write it down."""
    began = time.monotonic()
    results: dict[str, Any] = {
        "machine": _machine(),
        "cold": cold.measure((), given.rounds, given.workers),
        "tls": cold.measure(costs.WAY, given.rounds, given.workers, tls=True),
        "warm": warm.measure((), given.rounds),
    }
    # What is counted is the same however busy the machine is.
    with ThreadPoolExecutor(1) as pool, opened() as world:
        grown = pool.submit(_grown)
        counted = results["counts"] = counts.measure(world)
        results["money"] = costs.measure(world, counted["operations"], results["warm"]["operations"])
        results["growth"] = grown.result()
    results["answered_after"] = costs.answered_after(results["tls"], counted["functions"])
    results["local"] = local.measure()
    results["machine"]["minutes"] = round((time.monotonic() - began) / 60, 1)
    places.RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _report()


def _report() -> None:
    # Drawing needs packages that the tests do without.
    from bench import report

    report.write(report.read())


def _machine() -> dict[str, Any]:
    command = [str(places.LAMBDA_PYTHON), "-c", "import platform; print(platform.python_version())"]
    python = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, cwd=places.ROOT, check=False, capture_output=True, text=True).stdout.strip()
    return {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "commit": commit or "no commit",
        "cores": os.cpu_count(),
        "processor": _processor(),
        "python": python,
    }


def _processor() -> str:
    lines = _CPU.read_text(encoding="utf-8").splitlines() if _CPU.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{named[0] if named else platform.processor() or 'unknown'} ({places.architecture()})"


def budgeted() -> dict[str, Any]:
    """Return the budget that the product just keeps."""
    with opened(SOURCE) as world:
        counted = counts.measure(world)
        first = {name: modules.after_first(world, name) for name in cold.HOT}
    loaded = modules.loaded()
    return {
        "operations": {one.key: budget.of(counted["operations"][one.key]) for one in QUICK},
        "functions": {
            name: budget.of(one, modules.counted(loaded[name]), first.get(name))
            for name, one in counted["functions"].items()
        },
    }


def _cold(given: argparse.Namespace) -> str:
    found = cold.measure(given.names, given.rounds, given.workers, tls=given.tls)
    lines = [f"floor {found['floor_ms']} ms (boto3, one call of SQS)"]
    lines += [
        f"{name:32} {one['ratio']:5.2f} x floor  ({one['quartiles'][0]:.2f}-{one['quartiles'][1]:.2f}, n={one['n']})"
        f"  import {one['import_ms']:6.1f}  first {one['first_ms']:6.1f} ms"
        f"  modules {one['modules']:4}  {one['mb']} MB  status {one['status']}"
        for name, one in found["functions"].items()
    ]
    return "\n".join(lines)


def _warm(given: argparse.Namespace) -> str:
    found = warm.measure(given.names, given.rounds)
    lines = [f"floor {found['floor_ms']} ms (one call of SQS with boto3)"]
    lines += [
        f"{name:34} {one['ratio']:6.3f} x floor per event"
        f" ({one['quartiles'][0]:.3f}-{one['quartiles'][1]:.3f}, n={one['n']}) {one['ms']:8.4f} ms"
        for name, one in found["operations"].items()
    ]
    return "\n".join(lines)


def _counts(given: argparse.Namespace) -> str:
    with opened() as world:
        found = counts.measure(world, given.names)
    lines = ["calls, read units, write units of tables + indexes, bytes sent, bytes logged"]
    for name, one in {**found["operations"], **found["functions"]}.items():
        calls = ", ".join(f"{call} {count}" for call, count in one["calls"].items())
        lines.append(
            f"{name:34} {sum(one['calls'].values()):4} {one['read']:6.1f} {one['written']:5.0f} + {one['indexed']:3.0f}"
            f" {one['sent']:7} {one['log']:5}  {calls}"
        )
    return "\n".join(lines)


def _money(given: argparse.Namespace) -> str:
    timed = warm.measure(costs.needed(), given.rounds)
    with opened() as world:
        counted = counts.measure(world, costs.needed())
        found = costs.measure(world, counted["operations"], timed["operations"])
    return json.dumps(found, indent=1, ensure_ascii=False)


def _growth(given: argparse.Namespace) -> str:
    return json.dumps(_grown(given.names), indent=1)


def _grown(names: Sequence[str] = ()) -> dict[str, Any]:
    with opened() as world:
        return growth.measure(world, names)


def _local(_given: argparse.Namespace) -> str:
    return json.dumps(local.measure(), indent=1)


_PARTS: dict[str, Callable[[argparse.Namespace], str]] = {
    "cold": _cold,
    "warm": _warm,
    "counts": _counts,
    "money": _money,
    "growth": _growth,
    "local": _local,
}

if __name__ == "__main__":
    main(sys.argv[1:])
