"""What a team that means harm costs the others: nothing."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from tests.simulator.clock import seconds
from tests.simulator.providers import Ses
from tests.simulator.run import Plan, Result, run
from tests.simulator.setup import TEAMS
from tests.simulator.world import World

SEEDS = (3, 7)
#: The longest that one piece of a team's content may take a function, and what is no time, as two runs never are quite
#: the same; in microseconds.
SLOW, NOTHING = seconds(2), seconds(0.05)


@pytest.fixture(autouse=True)
def _enough_mails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SES take as many mails as there are: who waits for it waits by chance."""
    monkeypatch.setattr(World, "make_ses", lambda world: Ses(world, world.limits(1000, None)))


@cache
def result(seed: int, *, harm: bool) -> Result:
    """Do a run in which nothing goes wrong but what the hostile team does."""
    return run(Plan(seed, events=400, intensity=0, harm=harm))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_with_harm_in_every_tenth_message_passes(seed: int) -> None:
    assert result(seed, harm=True).broken == []
    assert result(seed, harm=True).figures["dead letters"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_harm_costs_the_others_no_hand_over(seed: int) -> None:
    harmed, honest = result(seed, harm=True).receives, result(seed, harm=False).receives
    both = [key for key in honest if key in harmed and key[0] in others(seed)]
    assert len(both) > 100
    assert {harmed[key] for key in both} == {1}


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_harm_makes_the_others_mails_no_later(seed: int) -> None:
    harmed, honest = result(seed, harm=True).taken, result(seed, harm=False).taken
    later = sorted(harmed[key] - honest[key] for key in honest if key in harmed and key[0] in others(seed))
    assert len(later) > 100
    assert later[len(later) * 95 // 100] <= NOTHING
    assert later[-1] <= SLOW


def others(seed: int) -> set[str]:
    """Return the teams that mean no harm, which have the most jobs."""
    counted = Counter(team for team, _ in result(seed, harm=False).receives)
    return {team for team, _ in counted.most_common(TEAMS)}
