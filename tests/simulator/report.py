"""What a run says in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from tests.simulator.run import Plan, Result

#: How much of a story and of a shortest run is shown.
_MOST, _MOST_STEPS, _WIDTH = 40, 120, 240


def summary(result: Result) -> str:
    """Return a run in a line."""
    figures = ", ".join(f"{value} {name}" for name, value in result.figures.items())
    verdict = "FAILED" if result.broken else "passed"
    lines = [f"seed {result.plan.seed}: {verdict}: {figures}"]
    for invariant, number in Counter(broken.invariant for broken in result.broken).items():
        lines.append(f"    {invariant}: broken {number} times")
    return "\n".join(lines)


def total(all_figures: Iterable[Mapping[str, float]]) -> str:
    """Return the figures of several runs together."""
    added: Counter[str] = Counter()
    for figures in all_figures:
        added.update(figures)
    return "all runs: " + ", ".join(f"{round(value, 1)} {name}" for name, value in added.items())


def failure(result: Result, shortest: Result, invariant: str) -> str:
    """Return how a run failed, as short as it could be made.

    Parameters
    ----------
    result
        The run that failed.
    shortest
        The shortest one that fails the same way.
    """
    broken = next((each for each in shortest.broken if each.invariant == invariant), None)
    plan = shortest.plan
    lines = ["", f"seed {result.plan.seed}: broken: {invariant}"]
    if broken is None:
        lines.append("The repetition did not fail the same way: something in the run does not depend on the seed.")
        return "\n".join(lines)
    lines += ["", broken.text, "", "What happened to it:"]
    lines += [str(step)[:_WIDTH] for step in shortest.trace.story(broken.words)[-_MOST_STEPS:]]
    lines += ["", f"The shortest run has {len(plan.items or ())} items and these faults:"]
    lines += [f"    {fault.id}  {fault.kind:<14}{fault.place}" for fault in shortest.faults[:_MOST]]
    items = ",".join(str(item) for item in plan.items or ())
    faults = ",".join(plan.faults or ())
    if len(items) + len(faults) > 40 * _MOST:
        lines += ["    ...", "", "It could not be made short in time; run the seed again."]
        return "\n".join(lines)
    lines += ["", "Repeat it with:"]
    seed = f"SEED={plan.seed} EVENTS={plan.events}{_intensity(plan)}"
    lines.append(f"    make faults {seed} ITEMS={items or '-'} FAULTS={faults or '-'}")
    return "\n".join(lines)


def _intensity(plan: Plan) -> str:
    return "" if plan.intensity == 1 else f" INTENSITY={plan.intensity:g}"
