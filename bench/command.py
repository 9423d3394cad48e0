"""The command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from bench import cold, places


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("part", choices=["cold"])
    parser.add_argument("names", nargs="*", help="functions or operations; all if none is named")
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--no-build", action="store_true", help="take the build that is there")
    given = parser.parse_intermixed_args(arguments)
    places.build(anew=not given.no_build)
    if given.part == "cold":
        print(cold_table(cold.measure(given.names, given.rounds, given.workers)))


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
