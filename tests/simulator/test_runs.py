"""Runs of the simulator: they pass, they are the same every time, and what fails is shown as short as it can be."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest

from tests.infrastructure import stack
from tests.simulator.actions import ACTIONS
from tests.simulator.mutations import broken
from tests.simulator.report import failure, summary
from tests.simulator.run import Plan, Result, items_of, run
from tests.simulator.shrink import Shrinker, minimized

PLAN = Plan(seed=7, events=300, intensity=2)


@cache
def result() -> Result:
    """Do the run that most tests look at; no fixture, since coverage would be measured in its setup."""
    return run(PLAN, keep_trace=True)


@pytest.mark.slow
def test_a_run_passes() -> None:
    assert result().broken == []
    assert "passed" in summary(result())


@pytest.mark.slow
def test_a_run_does_what_it_is_for() -> None:
    figures = result().figures
    assert figures["sent"] > 100
    assert figures["faults"] > 50
    kinds = {fault.kind for fault in result().faults}
    assert {"die_after", "lost_answer", "twice", "late", "throttled", "freeze_after"} <= kinds
    assert all(items_of(PLAN, [kind]) for kind in ACTIONS)


@pytest.mark.slow
def test_a_seed_gives_the_same_trace_in_a_process_with_other_hashes() -> None:
    code = (
        "from tests.simulator.run import Plan, run\n"
        f"print(run(Plan({PLAN.seed}, {PLAN.events}, intensity={PLAN.intensity})).trace.fingerprint)"
    )
    path = f"{stack.ROOT / 'layers' / 'nereid'}:{stack.ROOT}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path, "PYTHONHASHSEED": "12345"},
        cwd=stack.ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split()[-1] == result().trace.fingerprint


@pytest.mark.slow
def test_another_seed_gives_another_trace() -> None:
    other = run(Plan(seed=8, events=20))
    assert other.trace.fingerprint != run(Plan(seed=9, events=20)).trace.fingerprint


@pytest.mark.slow
def test_faults_that_are_named_happen_and_no_others() -> None:
    named = [fault.id for fault in result().faults][:3]
    repeated = run(Plan(PLAN.seed, PLAN.events, faults=named))
    assert [fault.id for fault in repeated.faults] == named


@pytest.mark.slow
def test_items_that_are_named_happen_and_no_others() -> None:
    idle = run(Plan(PLAN.seed, PLAN.events, items=[], faults=[]))
    [item, *_] = items_of(PLAN, ["change_user"])
    busy = run(Plan(PLAN.seed, PLAN.events, items=[item], faults=[]))
    assert busy.figures["requests"] - idle.figures["requests"] == 1


@pytest.mark.slow
def test_a_failing_run_is_shown_with_the_least_that_fails() -> None:
    with broken("an endpoint answers before the queue did"):
        plan = Plan(seed=8, events=50, intensity=6)
        failing = run(plan)
        assert failing.broken
        shortest = Shrinker(plan, failing.broken[0], seconds=180).shrink()
        assert shortest.items is not None
        assert shortest.faults is not None
        assert (len(shortest.items), len(shortest.faults)) <= (2, 4)
        shown = failure(failing, run(shortest, keep_trace=True), failing.broken[0].invariant)
    assert failing.broken[0].invariant in shown
    assert f"make faults SEED=8 EVENTS=50 INTENSITY=6 ITEMS={shortest.items[0]}" in shown


def test_minimizing_keeps_what_is_needed_together() -> None:
    tried = minimized(list(range(40)), lambda some: {3, 17, 38} <= set(some))
    assert tried == [3, 17, 38]
    assert minimized([1, 2], lambda _some: True) == []
