"""What users and clients do in a run: each item is drawn from the seed and its number alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulator.chance import Chance
from tests.simulator.clock import seconds
from tests.simulator.http import Answer
from tests.simulator.journal import Sent
from tests.simulator.scheduler import current
from tests.simulator.setup import Place, Teams

if TYPE_CHECKING:
    from tests.simulator.hostile import Hostile
    from tests.simulator.world import World

#: Time between two items: the traffic is dense for a while, then thin, and now and then there is a pause.
_GAPS = (seconds(0.03), seconds(0.12), seconds(0.12), seconds(2))
_SAME_PACE_FOR, _PAUSE, _PAUSE_EVERY = 40, seconds(3 * 3600), 400
TRIES = 6


@dataclass(frozen=True)
class Item:
    """One thing that somebody does."""

    number: int
    at: int
    kind: str

    @property
    def label(self) -> str:
        """What it is called in traces."""
        return f"i{self.number}"


class Workload:
    """The items of a run.

    Parameters
    ----------
    count
        How many.
    only
        The numbers of those that happen, in a run that repeats another; None for all.
    hostile
        Who does harm beside them.
    """

    def __init__(
        self,
        world: World,
        teams: Teams,
        actions: Mapping[str, Action],
        count: int,
        only: Sequence[int] | None = None,
        hostile: Hostile | None = None,
    ) -> None:
        self.world = world
        self.teams = teams
        self._actions = actions
        self._hostile = hostile
        self.items = draw(world.chance, [kind for kind, action in actions.items() for _ in range(action.share)], count)
        wanted = None if only is None else set(only)
        self.chosen = [item for item in self.items if wanted is None or item.number in wanted]
        #: The events that a run's clients send, however often each is sent.
        self.events = 0
        self._left = len(self.chosen)

    def begin(self) -> None:
        """Have every item happen at its time."""
        start = self.world.time.now
        for item in self.chosen:
            self.world.start(item.label, self._acting(item), start + item.at)

    def is_done(self) -> bool:
        """Tell whether every item has happened."""
        return self._left == 0

    def _acting(self, item: Item) -> Callable[[], None]:
        def act() -> None:
            if self._hostile is not None:
                self.world.start(f"{item.label}h", partial(self._hostile.act, self, item), self.world.time.now)
            self._actions[item.kind].act(self, item)
            self._left -= 1

        return act

    # -- drawing

    def place(self, item: Item, *, live: bool = False) -> Place:
        """Return the environment that an item happens in; a live one if tokens have to lead to it."""
        places = [place for place in self.teams.places if place.environment == "live" or not live]
        return self.world.chance.choice(f"{item.label}/place", places)

    def between(self, item: Item, what: str, low: int, high: int) -> int:
        """Draw a number for an item."""
        return self.world.chance.between(f"{item.label}/{what}", low, high)

    def happens(self, item: Item, what: str, probability: float) -> bool:
        """Draw whether something is so for an item."""
        return self.world.chance.happens(f"{item.label}/{what}", probability)

    def choice(self, item: Item, what: str, choices: Iterable[Any]) -> Any:
        """Draw one of some things for an item."""
        return self.world.chance.choice(f"{item.label}/{what}", tuple(choices))

    # -- asking

    def persist(self, label: str, route: str, *, tries: int = TRIES, **request: Any) -> Answer | None:
        """Ask the API until it says yes or no; None if it never does."""
        for attempt in range(tries):
            if attempt:
                current().task.sleep(self.world.chance.between(f"{label}.{attempt}/pause", seconds(0.3), seconds(20)))
            answer = self.world.request(f"{label}.{attempt}", route, **request)
            if answer is not None and answer.status < 500:
                return answer
        return None

    def sent(self, sent: Sent) -> Sent:
        """Note an event that is about to be sent."""
        self.events += 1
        return self.world.journal.sent.setdefault(sent.number, sent)


class Action(NamedTuple):
    """A kind of item: how many of a hundred it is, and what it does."""

    share: int
    act: Callable[[Workload, Item], None]


def draw(chance: Chance, deck: Sequence[str], count: int) -> list[Item]:
    """Return the items of a run."""
    items = []
    at = 0
    for number in range(count):
        gap = chance.choice(f"pace{number // _SAME_PACE_FOR}", _GAPS)
        at += chance.between(f"i{number}/gap", 0, 2 * gap)
        if number and number % _PAUSE_EVERY == 0:
            at += chance.between(f"i{number}/pause", 0, _PAUSE)
        items.append(Item(number, at, chance.choice(f"i{number}/kind", deck)))
    return items
