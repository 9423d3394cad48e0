"""How leads are ranked: the criteria of the caller and the places that leads get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

#: The factors in the order in which they are shown, with the weights that hold unless the criteria say otherwise.
WEIGHTS: dict[str, float] = {
    "job_title": 30,
    "industry": 25,
    "company": 15,
    "email": 10,
    "completeness": 10,
    "engagement": 10,
}

Tier = Literal["hot", "warm", "cold"]


@dataclass(frozen=True)
class Criteria:
    """The caller's criteria.

    Parameters
    ----------
    industries, job_titles, companies
        Words that a lead's field should hold, without regard to case; none means that the caller does not care.
    weights
        Factor to weight, for those that differ from `WEIGHTS`; at least one of all six is above 0.
    """

    industries: Sequence[str] = ()
    job_titles: Sequence[str] = ()
    companies: Sequence[str] = ()
    weights: Mapping[str, float] = field(default_factory=dict)

    def all_weights(self) -> dict[str, float]:
        """Return the weight of every factor.

        Weights count in proportion only. Those that floating point could not add up are made smaller or larger.
        """
        weights = {name: float(self.weights.get(name, usual)) for name, usual in WEIGHTS.items()}
        largest = max(weights.values())
        if largest > 1e100 or 0 < largest < 1e-100:
            return {name: weight / largest for name, weight in weights.items()}
        return weights


class Factor(NamedTuple):
    """One reason for a score."""

    name: str
    weight: float
    #: From 0 to 1.
    value: float
    #: How many of the 100 points come from it.
    contribution: float
    reason: str


class Ranking(NamedTuple):
    """A lead's place."""

    lead_id: str
    rank: int
    score: int
    tier: Tier
    factors: list[Factor]
