"""What users and clients do in a run: each item is drawn from the seed and its number alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.simulator.chance import Chance
from tests.simulator.clock import seconds
from tests.simulator.http import Answer
from tests.simulator.journal import Sent
from tests.simulator.scheduler import current
from tests.simulator.setup import EVENT_TYPES, USERS, Place, Teams, address, user_id

if TYPE_CHECKING:
    from tests.simulator.world import World

#: Time between two items, and a pause now and then, in microseconds.
_GAP, _PAUSE, _PAUSE_EVERY = seconds(0.12), seconds(3 * 3600), 400
_TRIES = 6


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
    """

    def __init__(self, world: World, teams: Teams, count: int, only: Sequence[int] | None = None) -> None:
        self._world = world
        self._teams = teams
        self.items = draw(world.chance, count)
        wanted = None if only is None else set(only)
        self.chosen = [item for item in self.items if wanted is None or item.number in wanted]
        #: The events that a run's clients send, however often each is sent.
        self.events = 0
        self._left = len(self.chosen)

    def begin(self) -> None:
        """Have every item happen at its time."""
        start = self._world.time.now
        for item in self.chosen:
            self._world.start(item.label, self._acting(item), start + item.at)

    def is_done(self) -> bool:
        """Tell whether every item has happened."""
        return self._left == 0

    def _acting(self, item: Item) -> Callable[[], None]:
        def act() -> None:
            KINDS[item.kind](self, item)
            self._left -= 1

        return act

    # -- drawing

    def place(self, item: Item) -> Place:
        """Return the environment that an item happens in."""
        return self._world.chance.choice(f"{item.label}/place", self._teams.places)

    def between(self, item: Item, what: str, low: int, high: int) -> int:
        """Draw a number for an item."""
        return self._world.chance.between(f"{item.label}/{what}", low, high)

    def happens(self, item: Item, what: str, probability: float) -> bool:
        """Draw whether something is so for an item."""
        return self._world.chance.happens(f"{item.label}/{what}", probability)

    def choice(self, item: Item, what: str, choices: Sequence[Any]) -> Any:
        """Draw one of some things for an item."""
        return self._world.chance.choice(f"{item.label}/{what}", choices)

    # -- asking

    def persist(self, label: str, route: str, *, tries: int = _TRIES, **request: Any) -> Answer | None:
        """Ask the API until it says yes or no; None if it never does."""
        for attempt in range(tries):
            if attempt:
                current().task.sleep(self._world.chance.between(f"{label}.{attempt}/pause", seconds(0.3), seconds(20)))
            answer = self._world.request(f"{label}.{attempt}", route, **request)
            if answer is not None and answer.status < 500:
                return answer
        return None

    def sent(self, sent: Sent) -> Sent:
        """Note an event that is about to be sent."""
        self.events += 1
        return self._world.journal.sent.setdefault(sent.number, sent)


def draw(chance: Chance, count: int) -> list[Item]:
    """Return the items of a run."""
    items = []
    at = 0
    for number in range(count):
        at += chance.between(f"i{number}/gap", 0, 2 * _GAP)
        if number and number % _PAUSE_EVERY == 0:
            at += chance.between(f"i{number}/pause", 0, _PAUSE)
        items.append(Item(number, at, chance.choice(f"i{number}/kind", _DECK)))
    return items


def _ingest(load: Workload, item: Item) -> None:
    """Send an event to the Neptune API, again with other content now and then."""
    place = load.place(item)
    user = load.between(item, "user", 0, USERS - 1)
    number = f"n{item.number}"
    event_type = load.choice(item, "type", list(EVENT_TYPES))
    named = load.happens(item, "named", 0.85)
    sent = load.sent(
        Sent(number, place.team_id, place.environment, f"m-{number}" if named else None, ["a"], user_id(user))
    )
    amount = load.between(item, "amount", 0, 100)
    body: dict[str, Any] = {
        "event_type": event_type,
        "user_id": sent.user,
        "data": {"n": number, "v": "a", "amount": amount},
    }
    if load.happens(item, "contacts", 0.2):
        body["contact_infos"] = [{"type": "email", "value": address("email", place.team, USERS + user)}]
    if named:
        body["message_id"] = sent.message_id
    in_path = load.happens(item, "path", 0.3)
    if in_path:
        request: dict[str, Any] = {
            "route": "POST /neptune/{environment}/events",
            "parameters": {"environment": place.environment},
            "headers": {"authorization": f"Bearer {place.token}"},
            "body": body,
        }
    else:
        body |= {"environment": place.environment, "api_token": place.token}
        request = {"route": "POST /neptune/events/ingest", "body": body}
    # Who cannot name an event does not send it again: that would be another event.
    answer = load.persist(item.label, tries=_TRIES if named else 1, **request)
    if answer is not None and answer.status == 200:
        sent.taken = True
        sent.message_id = sent.message_id or answer.json()["message_id"]
    if named and load.happens(item, "again", 0.1):
        sent.values.append("b")
        request["body"] = {**body, "data": {**body["data"], "v": "b"}}
        load.persist(f"{item.label}b", **request)


KINDS: dict[str, Callable[[Workload, Item], None]] = {"ingest": _ingest}
_SHARES = {"ingest": 40}
_DECK = [kind for kind, share in _SHARES.items() for _ in range(share)]
