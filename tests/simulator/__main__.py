"""`make faults`: run the simulator; see docs/faults.md."""

from __future__ import annotations

import sys
from collections import Counter

from tests.simulator.run import Plan, run

plan = Plan(int(sys.argv[1]), int(sys.argv[2]))
which = int(sys.argv[3]) if len(sys.argv) > 3 else None
result = run(plan, keep_trace=which is not None)
print(result.figures, result.trace.fingerprint())
print(Counter(broken.invariant for broken in result.broken))
seen = set()
for broken in result.broken:
    if broken.invariant not in seen or len(result.broken)<8:
        print(broken)
        seen.add(broken.invariant)
if which is not None and result.broken:
    print(result.broken[which])
    for step in result.trace.story(result.broken[which].words):
        print(step)
