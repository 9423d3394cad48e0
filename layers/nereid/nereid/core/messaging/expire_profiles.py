"""Delete the profiles that nobody has used for long and nobody can be reached by, in bounded steps as `erase` does.

A web page that makes a new anonymous id at every load makes a profile each time, and nothing else would ever end them.
See docs/adr/0034-profiles-expire.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from nereid.core.audience.client_identities import NOTED_EVERY
from nereid.logs import unexpected
from nereid.models.team import Scope
from nereid.models.user import User
from nereid.ports.audience import IdleProfile, IdleProfiles
from nereid.ports.clock import Clock
from nereid.ports.messaging import SweepState, Tenants

#: How many profiles are looked at at once.
_AT_ONCE = 100
#: The time between two runs. Each looks through one part of each environment's profiles, the next run through the next.
_BETWEEN_RUNS = timedelta(minutes=5)

HasTime = Callable[[], bool]


class Expiry(NamedTuple):
    """The result of a run."""

    profiles: int
    #: The environments in which it failed.
    failed: list[Scope]


@dataclass(frozen=True)
class ProfileExpirer:
    """Deletes the profiles that have expired, in all environments. Safe to be stopped anywhere, and to run twice.

    Parameters
    ----------
    retention
        How long a profile is kept after its last use, at least; zero for ever.
    """

    tenants: Tenants
    state: SweepState
    profiles: IdleProfiles
    clock: Clock
    retention: timedelta

    def expire(self, has_time: HasTime) -> Expiry:
        """Delete expired profiles as far as the time goes; later runs go on from there."""
        if not self.retention or not has_time():
            return Expiry(0, [])
        turn = int(self.clock.now().timestamp() // _BETWEEN_RUNS.total_seconds())
        scopes = sorted({*self.tenants.scopes(), *self.state.scopes()})
        # Each run begins with another one, so that no environment's profiles keep the others from their turn.
        first = turn % len(scopes) if scopes else 0
        done = _Run(self, turn, has_time)
        failed = []
        for scope in [*scopes[first:], *scopes[:first]]:
            if not has_time():
                break
            try:
                done.expire(scope)
            except Exception as error:  # noqa: BLE001 - the others have their turn
                unexpected(error, "profiles not expired", team_id=scope.team_id, environment=scope.environment)
                failed.append(scope)
        return Expiry(done.profiles, failed)


@dataclass
class _Run:
    """One run over the environments."""

    expirer: ProfileExpirer
    turn: int
    has_time: HasTime
    #: How many profiles were deleted.
    profiles: int = 0

    def expire(self, scope: Scope) -> None:
        """Delete expired profiles of an environment."""
        store, now = self.expirer.profiles, self.expirer.clock.now()
        # A use within a week of the one that is noted is not noted itself.
        before = now - self.expirer.retention - NOTED_EVERY
        idle = store.idle(scope, before, self.turn)
        while self.has_time() and (profiles := list(islice(idle, _AT_ONCE))):
            kept: list[tuple[IdleProfile, datetime]] = []
            expired: list[tuple[IdleProfile, User | None]] = []
            for profile, user in zip(profiles, store.load(scope, profiles), strict=True):
                used_at = _used_at(user, before, now)
                if used_at is not None:
                    kept.append((profile, used_at))
                else:
                    expired.append((profile, user))
            store.keep(scope, kept)
            self.profiles += store.expire(scope, expired)


def _used_at(user: User | None, before: datetime, now: datetime) -> datetime | None:
    """Return when a profile counts as used; None if it has expired.

    Who can be reached is looked at again after another retention: contact infos can be lost. Other APIs change a
    profile without noting that it is used.
    """
    if user is None:
        return None
    if user.contact_infos:
        return now
    return user.updated_at if user.updated_at >= before else None
