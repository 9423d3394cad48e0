"""What goes wrong, drawn by the name of the place where it can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tests.simulator.chance import Chance
from tests.simulator.clock import SECOND, Time

#: What can happen to any call, beside what its service does.
_FUNCTION = ("die_before", "die_after", "stall_before", "stall_after", "freeze_before", "freeze_after", "slow")
_READ = ("throttled", "error", "timeout", "no_connection")
#: The last two apply the call, and lose its answer.
_WRITE = (*_READ, "lost_answer", "lost_answer", "error_after")
_PROVIDER = ("throttled", "refused", "error", "no_connection", "timeout", "lost_answer", "lost_answer")

MENUS: dict[str, tuple[str, ...]] = {
    "dynamodb:read": (*_READ, *_FUNCTION),
    "dynamodb:stale": (*_READ, "stale", "stale", *_FUNCTION),
    "dynamodb:write": (*_WRITE, *_FUNCTION),
    "dynamodb:transaction": (*_WRITE, "conflict", *_FUNCTION),
    "sqs:send": (*_WRITE, *_FUNCTION),
    "sqs:batch": (*_WRITE, "partial", "partial", *_FUNCTION),
    "sqs:visibility": (*_WRITE, *_FUNCTION),
    "provider": (*_PROVIDER, *_FUNCTION),
    "secret": (*_READ, *_FUNCTION),
    # What queues and the network do by themselves.
    "queue:sent": ("late", "late", "twice"),
    "queue:received": ("again_soon",),
    "queue:handled": ("not_deleted",),
    "http:answer": ("answer_lost",),
    "sandbox:clock": ("ahead", "behind"),
    "sandbox:idle": ("thawed_late",),
}
#: How likely each is, per time that it could happen.
RATES = {
    "dynamodb:read": 0.008,
    "dynamodb:stale": 0.02,
    "dynamodb:write": 0.012,
    "dynamodb:transaction": 0.02,
    "sqs:send": 0.02,
    "sqs:batch": 0.03,
    "sqs:visibility": 0.02,
    "provider": 0.04,
    "secret": 0.02,
    "queue:sent": 0.03,
    "queue:received": 0.01,
    "queue:handled": 0.01,
    "http:answer": 0.01,
    "sandbox:clock": 0.01,
    "sandbox:idle": 0.005,
}
#: Now and then a service has a bad minute.
_STORM, _STORM_FACTOR = 0.02, 15.0
_MOST = 0.5


class Fault(NamedTuple):
    """A fault that happened: `id` names the decision in what a failing run prints."""

    id: str
    kind: str
    place: str


class Faults:
    """Decides.

    Parameters
    ----------
    only
        The ids of the faults that happen, in a run that repeats another; None to draw them.
    intensity
        How much likelier they are than usual.
    """

    def __init__(
        self, chance: Chance, time: Time, *, only: Sequence[str] | None = None, intensity: float = 1.0
    ) -> None:
        self._chance = chance
        self._time = time
        self._only = None if only is None else frozenset(only)
        self._intensity = intensity
        self._weather: dict[tuple[str, int], float] = {}
        self.active = True
        self.happened: list[Fault] = []
        self.decisions = 0

    def draw(self, place: str, menu: str) -> str | None:
        """Return what goes wrong at a place, None if nothing does.

        Parameters
        ----------
        place
            Names it, the same way in each run of a seed.
        """
        if not self.active:
            return None
        self.decisions += 1
        bits = self._chance.bits(place)
        name = f"{bits:016x}"[:10]
        if self._only is not None:
            if name not in self._only:
                return None
        elif bits / (1 << 64) >= min(_MOST, RATES[menu] * self._factor(menu)):
            return None
        kind = self._chance.choice(f"{place}?", MENUS[menu])
        self.happened.append(Fault(name, kind, place))
        return kind

    def _factor(self, menu: str) -> float:
        at = menu.partition(":")[0], self._time.now // (60 * SECOND)
        factor = self._weather.get(at)
        if factor is None:
            stormy = self._chance.happens(f"weather/{at[0]}/{at[1]}", _STORM)
            factor = self._weather[at] = self._intensity * (_STORM_FACTOR if stormy else 1.0)
        return factor
