"""What goes on by itself, and what the teams' operators do: the sweeper's schedule, dead letters put back."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tests.infrastructure import stack
from tests.simulator.clock import SECOND, seconds
from tests.simulator.scheduler import current

if TYPE_CHECKING:
    from tests.simulator.setup import Teams
    from tests.simulator.world import World

_RATE = re.compile(r"rate\((\d+) minutes?\)")
#: How often operators look at dead letters while a run goes on.
_REDRIVES_EVERY = seconds(40 * 60)
#: In the end: how often dead letters are put back and the sweeper runs, and how much later each time.
_ROUNDS, _BETWEEN = 3, seconds(20 * 60)


def schedules() -> dict[str, int]:
    """Return the functions that run on a schedule, and how many microseconds lie between two runs."""
    found = {}
    for name, expression in stack.schedules().items():
        rate = _RATE.fullmatch(expression)
        assert rate, expression
        found[name] = int(rate[1]) * 60 * SECOND
    return found


class Operators:
    """Those who keep a stack going."""

    def __init__(self, world: World, teams: Teams) -> None:
        self._world = world
        self._teams = teams
        self._working = True

    def begin(self) -> None:
        """Begin with what happens regularly."""
        for name, every in schedules().items():
            self._regularly(every, partial(self._invoke, name))
        self._regularly(_REDRIVES_EVERY, self._redrive_by_chance)

    def end(self) -> None:
        """Stop doing so."""
        self._working = False

    def recover(self) -> None:
        """Do what is there for mending what went wrong, until nothing is left to mend. Called without faults."""
        world = self._world
        for _ in range(_ROUNDS):
            for team in range(len(self._teams.campaigns)):
                self._redrive(team)
            world.drain()
            for name in schedules():
                world.scheduler.after(_BETWEEN, partial(self._invoke, name))
            world.drain()

    def _regularly(self, every: int, do: Callable[[], None]) -> None:
        def again() -> None:
            if self._working:
                do()
                self._world.scheduler.after(every, again)

        self._world.scheduler.after(every, again)

    def _invoke(self, name: str) -> None:
        function = self._world.function(name)
        label = f"{function.short}:{self._world.time.now}"
        self._world.invoke(function, label, {}, lambda _answer: None)

    def _redrive_by_chance(self) -> None:
        now = self._world.time.now // SECOND
        for team in range(len(self._teams.campaigns)):
            if self._world.chance.happens(f"redrive/{team}/{now}", 0.5):
                self._redrive(team)

    def _redrive(self, team: int) -> None:
        """Put all dead letters of a team back, as an operator does."""
        world = self._world
        place = next(place for place in self._teams.places if place.team == team)
        label = f"redrive{team}:{world.time.now}"

        def redrive() -> None:
            for attempt in range(10):
                answer = world.request(
                    f"{label}.{attempt}",
                    "POST /manage/dead_letter_redrives",
                    headers={"authorization": f"Bearer {place.token}"},
                    body={"all": True},
                )
                if answer is not None and answer.status == 200 and not answer.json()["more"]:
                    return
                current().task.sleep(seconds(30))

        world.start(label, redrive, world.time.now)
