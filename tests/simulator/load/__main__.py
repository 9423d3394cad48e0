"""`make load`: run the product under ordinary load and tell what became of it; see docs/faults.md."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulator.load.run import run
from tests.simulator.load.world import Load


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(prog="make load")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=1000.0, help="events per second")
    parser.add_argument("--ses", type=float, default=14.0, help="mails per second that SES takes")
    parser.add_argument("--quota", type=int, help="mails per 24 hours that SES takes")
    parser.add_argument("--teams", type=int, default=2, help="the last one asks for a code every two seconds")
    parser.add_argument("--users", type=int, default=2000, help="whom events are about that are not mails")
    parser.add_argument("--concurrency", type=int, default=1000, help="the account's concurrent executions")
    parser.add_argument("--slow", type=float, default=1.0, help="how much longer calls take than measured")
    parser.add_argument("--scale", type=float, default=1.0, help="run so small a part, with as small a part of limits")
    parser.add_argument("--template", type=float, default=1.0, help="size of the template in kB")
    parser.add_argument("--kind", choices=["email", "app", "client"], default="email")
    arguments = vars(parser.parse_args())
    print(" ".join(f"{name.upper()}={value}" for name, value in arguments.items()), flush=True)
    began = time.perf_counter()
    for line in run(Load(**arguments)):
        print(line)
    print(f"took {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
