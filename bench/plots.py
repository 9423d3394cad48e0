"""Draws results as SVG files, the same bytes for the same results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

from bench.targets import cold_target

FOLDER = "docs/performance"
COST, COLD = "cost.svg", "cold.svg"
_BARS = {True: "#3b7d4f", False: "#b5533c"}


def draw(results: Mapping[str, Any], folder: Path) -> None:
    """Write the plots of results into a folder."""
    mpl.use("svg")
    # Ids are made of this text, where they would be made by chance, and texts stay texts.
    mpl.rcParams.update({"svg.hashsalt": "nereid", "svg.fonttype": "none", "font.size": 9})
    folder.mkdir(parents=True, exist_ok=True)
    _cost(results["warm"], folder / COST)
    _cold(results["cold"], folder / COLD)


def _cost(warm: Mapping[str, Any], path: Path) -> None:
    """Draw the CPU of an event against how many come at once."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2))
    for name, sizes in _by_batch(warm["operations"]).items():
        if len(sizes) > 1:
            axes.plot(list(sizes), list(sizes.values()), marker="o", label=name)
    axes.set(
        xscale="log", yscale="log", xlabel="events per invocation", ylabel="CPU per event ÷ one bare boto3 SQS call"
    )
    axes.axhline(1, color="grey", linewidth=0.8, linestyle="--")
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    _save(figure, path)


def _by_batch(operations: Mapping[str, Any]) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for key, one in operations.items():
        name, _, batch = key.rpartition(" ")
        records, _, per_record = batch.partition("x")
        found.setdefault(name, {})[int(records) * int(per_record)] = one["ratio"]
    return {name: dict(sorted(sizes.items())) for name, sizes in found.items()}


def _cold(cold: Mapping[str, Any], path: Path) -> None:
    """Draw the cold start of every function."""
    from matplotlib import pyplot as plt

    functions = sorted(cold["functions"].items(), key=lambda one: -one[1]["ratio"])
    names, ratios = [name for name, _ in functions], [one["ratio"] for _, one in functions]
    figure, axes = plt.subplots(figsize=(7, 1 + len(names) * 0.16))
    colours = [_BARS[one["ratio"] <= cold_target(name)] for name, one in functions]
    axes.barh(names, ratios, color=colours, height=0.7)
    axes.plot([cold_target(name) for name in names], names, "|", color="black", markersize=6)
    axes.axvline(1, color="grey", linewidth=0.8, linestyle="--")
    axes.set(xlabel="import and first request ÷ boto3's first call of SQS; the mark is the target")
    axes.tick_params(axis="y", labelsize=6)
    axes.margins(y=0.005)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(path, bbox_inches="tight", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    # Lines that end in spaces are no diff worth reading.
    path.write_text("\n".join(line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()) + "\n")
