"""Numbers from samples: medians, quartiles, and ratios to what was measured just before and after."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Ratio:
    """A time as a multiple of another that was measured in turn with it.

    Parameters
    ----------
    median
        Of the samples.
    low, high
        Their quartiles.
    n
        How many there are.
    """

    median: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Ratio:
        """Return what samples come to."""
        if len(samples) < 2:
            return cls(samples[0], samples[0], samples[0], len(samples))
        low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(round(median, 3), round(low, 3), round(high, 3), len(samples))


@dataclass(frozen=True)
class Compared(Generic[Thing]):
    """A sample with what it is compared with.

    Parameters
    ----------
    thing
        What was measured.
    value
        Its time.
    floor
        The mean of the floor's times before and after it.
    """

    thing: Thing
    value: float
    floor: float

    @property
    def ratio(self) -> float:
        """The one as a multiple of the other."""
        return self.value / self.floor


def interleaved(
    things: Sequence[Thing], measure: Callable[[Thing], float], floor: Callable[[], float], between: int
) -> list[Compared[Thing]]:
    """Measure things with the floor before, after and between them, so that both have the machine in the same mood.

    Parameters
    ----------
    between
        After how many things the floor is measured again.
    """
    found: list[Compared[Thing]] = []
    before = floor()
    for first in range(0, len(things), between):
        measured = [(thing, measure(thing)) for thing in things[first : first + between]]
        after = floor()
        found += [Compared(thing, value, (before + after) / 2) for thing, value in measured]
        before = after
    return found
