"""Writes docs/performance.md and its plots from the results."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench import targets
from bench.places import RESULTS, ROOT
from tools.prices import PRICES

DOCUMENT = ROOT / "docs" / "performance.md"
_MARKS = re.compile(r"(<!-- (\w+): written by `make bench` -->\n).*?(<!-- end -->)", re.DOTALL)
#: What others ask for a million messages, list prices in US dollars.
RIVALS = (("Customer.io", "120 to 400"), ("Novu Cloud", "1,200"), ("Knock", "5,000"))


def write(results: Mapping[str, Any]) -> None:
    """Write the generated parts of the document, and draw its plots."""
    from bench import plots

    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8"), parts(results)), encoding="utf-8")
    plots.draw(results, ROOT / plots.FOLDER)


def parts(results: Mapping[str, Any]) -> dict[str, str]:
    """Return the generated parts of the document by their names."""
    return {
        "machine": _machine(results),
        "targets": _targets(results),
        "cold": _cold(results["cold"]),
        "tls": _cold(results["tls"]),
        "warm": _warm(results["warm"]),
        "counts": _counts(results["counts"]["operations"]),
        "money": _money(results["money"]),
        "rivals": _rivals(results["money"]),
        "growth": _growth(results["growth"]),
        "local": _local(results["local"]),
    }


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Return a document with its generated parts anew."""
    return _MARKS.sub(lambda match: f"{match[1]}\n{parts[match[2]]}\n\n{match[3]}", text)


def read() -> dict[str, Any]:
    """Return the last results."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return results


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _machine(results: Mapping[str, Any]) -> str:
    one = results["machine"]
    return (
        f"Measured {one['date']} at {one['commit']}, in {one['minutes']} minutes, on {one['cores']} cores of"
        f" {one['processor']}, with Python {one['python']} for the functions."
    )


def _targets(results: Mapping[str, Any]) -> str:
    rows = [
        (one.what, f"≤ {one.target:.2f}", f"{one.measured:.2f}", one.unit, "yes" if one.holds else "**no**")
        for one in targets.compared(results)
    ]
    return table(("what", "target", "measured", "", "holds"), rows)


def _cold(cold: Mapping[str, Any]) -> str:
    rows = [
        (
            f"`{name}`",
            f"{one['ratio']:.2f}",
            f"{one['quartiles'][0]:.2f} to {one['quartiles'][1]:.2f}",
            one["n"],
            f"{one['import_ms']:.0f} + {one['first_ms']:.0f}",
            one["modules"],
            one["mb"],
        )
        for name, one in sorted(cold["functions"].items(), key=lambda each: (-each[1]["ratio"], each[0]))
    ]
    head = ("function", "÷ floor", "quartiles", "n", "ms of CPU: import + first request", "modules", "MB")
    return f"The floor took {cold['floor_ms']:.0f} ms.\n\n{table(head, rows)}"


def _warm(warm: Mapping[str, Any]) -> str:
    rows = [
        (name, f"{one['ratio']:.3f}", f"{one['quartiles'][0]:.3f} to {one['quartiles'][1]:.3f}", f"{one['ms']:.3f}")
        for name, one in warm["operations"].items()
    ]
    head = ("operation, records x events", "÷ SQS call, per event", "quartiles", "ms per event")
    return f"A bare call of SQS took {warm['floor_ms']:.2f} ms.\n\n{table(head, rows)}"


def _counts(operations: Mapping[str, Any]) -> str:
    rows = [
        (
            name,
            ", ".join(f"{call.partition(':')[2]} {count}" for call, count in one["calls"].items()),
            f"{one['read']:g}",
            f"{one['written']:g} + {one['indexed']:g}",
            f"{one['sent']:,}",
            f"{one['log']:,}",
        )
        for name, one in operations.items()
    ]
    head = ("operation", "calls", "read units", "write units: tables + indexes", "bytes sent", "bytes logged")
    return table(head, rows)


def _money(money: Mapping[str, Any]) -> str:
    parts = list(next(iter(money["flows"].values()))["parts"])
    flows = [
        (name, f"**{one['total']:.2f}**", *(f"{one['parts'][part]:.2f}" for part in parts))
        for name, one in money["flows"].items()
    ]
    kept = [
        (f"{name}, kept 90 days", f"**+{one['dollars']:.2f}**", f"{one['table']:,.0f}", f"{one['indexes']:,.0f}")
        for name, one in money["kept"].items()
    ]
    parts_at_rest = list(next(iter(money["rest"].values()))["parts"])
    rest = [
        (name, f"**{one['total']:.2f}**", *(f"{one['parts'][part]:.2f}" for part in parts_at_rest))
        for name, one in money["rest"].items()
    ]
    return "\n\n".join(
        (
            table(("$ per million", "in all", *parts), flows),
            table(("$ per million", "", "bytes of an event in tables", "in indexes"), kept),
            table(("at rest, $ a month", "in all", *parts_at_rest), rest),
        )
    )


def _rivals(money: Mapping[str, Any]) -> str:
    own = [one["total"] for name, one in money["flows"].items() if "e-mail" in name]
    rows = [
        ("Nereid, event to e-mail with feedback", f"{min(own):.2f} to {max(own):.2f}"),
        *RIVALS,
        ("SES's own fee, beside Nereid's", f"{PRICES['ses mail'] * 1e6:.0f} to 160"),
    ]
    return table(("", "$ per million"), rows)


def _growth(grown: Mapping[str, Any]) -> str:
    sizes = [f"{size:,}" for size in grown["sizes"]]
    rows = [
        (
            kind,
            name,
            " / ".join(str(calls) for calls in one["calls"]),
            " / ".join(f"{units:g}" for units in one["units"]),
            one["order"],
        )
        for kind, operations in grown["kinds"].items()
        for name, one in operations.items()
    ]
    head = ("many", "operation", f"calls at {' / '.join(sizes)}", "capacity units", "order")
    return table(head, rows)


def _local(local: Mapping[str, Any]) -> str:
    rates = " / ".join(f"{rate:.0f}" for rate in local["requests_per_second"].values())
    rows = [
        (
            "response time of accepting an event",
            f"p50 {local['accept_ms']['p50']} ms, p95 {local['accept_ms']['p95']} ms",
        ),
        ("requests per second, 1 / 4 / 8 connections", rates),
        (
            "round trip: accepted to in the outbox",
            f"p50 {local['round_trip_ms']['p50']} ms, p95 {local['round_trip_ms']['p95']} ms",
        ),
    ]
    return table(("of the local stack", ""), rows)
