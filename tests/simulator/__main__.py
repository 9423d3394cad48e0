"""`make faults`: run the simulator; see docs/faults.md."""

from __future__ import annotations

import sys

from tests.simulator.run import Plan, run

plan = Plan(int(sys.argv[1]), int(sys.argv[2]))
result = run(plan, keep_trace=len(sys.argv) > 3)
print(result.figures, result.trace.fingerprint())
for broken in result.broken[:5]:
    print(broken)
print(len(result.broken))
if result.broken and result.trace.keep:
    for step in result.trace.story(result.broken[0].words):
        print(step)
