"""What each operation and each function may cost: bench/budget.json, which a test holds the product to.

Calls and capacity units are exact. Bytes and modules have a little room, because ids, times and the packages of a
machine differ.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bench.places import BUDGET

#: How much more than was measured bytes and modules may be.
ROOM = 1.03
#: Bytes that everything may have more, whatever it is.
_FEW = 40


def of(counted: Mapping[str, Any], modules: int | None = None, then: int | None = None) -> dict[str, Any]:
    """Return the budget of what was counted.

    Parameters
    ----------
    modules
        How many modules of the product and its packages are loaded before the first event.
    then
        How many after it.
    """
    units = {name: counted[name] for name in ("read", "written", "indexed")}
    found = {
        "calls": dict(counted["calls"]),
        **units,
        "most_sent": _most(counted["sent"]),
        "most_log": _most(counted["log"]),
    }
    if modules is not None:
        found["most_modules"] = int(modules * ROOM)
    if then is not None:
        found["most_modules_then"] = int(then * ROOM)
    return found


def _most(measured: int) -> int:
    return round(measured * ROOM) + _FEW if measured else 0


def read() -> dict[str, Any]:
    """Return the budget."""
    budget: dict[str, Any] = json.loads(BUDGET.read_text(encoding="utf-8"))
    return budget


def write(budget: Mapping[str, Any]) -> None:
    """Write the budget, an operation or function a line: what changed is one line of a review."""
    lines = []
    for part, members in budget.items():
        rows = ",\n".join(
            f"    {json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}" for name, one in members.items()
        )
        lines.append(f"  {json.dumps(part)}: {{\n{rows}\n  }}")
    BUDGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def over(budget: Mapping[str, Any], counted: Mapping[str, Any]) -> list[str]:
    """Return in what something differs from its budget, in words; nothing where it keeps it.

    Less than the budget has is told as well: then the budget is to be written anew, or the next change may use it up
    unseen.
    """
    found = []
    for name in sorted({*budget["calls"], *counted["calls"]}):
        said, done = budget["calls"].get(name, 0), counted["calls"].get(name, 0)
        if said != done:
            found.append(f"{name}: {done} calls, not {said}")
    found += [
        f"{name}: {counted[name]:g} units, not {budget[name]:g}"
        for name in ("read", "written", "indexed")
        if budget[name] != counted[name]
    ]
    found += [
        f"{name}: {counted[name]} bytes, at most {budget[f'most_{name}']}"
        for name in ("sent", "log")
        if counted[name] > budget[f"most_{name}"]
    ]
    return found
