"""How much public keys' messages have sent: counts in the limits table, one item per limit and hour.

An address stands there as a digest.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cachetools import TTLCache

from nereid.aws.errors import ConditionFailed
from nereid.aws.messaging.deliveries import delivery_key
from nereid.aws.table import Table, digest, seconds, tenant
from nereid.clock import to_iso
from nereid.errors import TryAgain
from nereid.models.delivery import DeliveryJob
from nereid.models.team import Scope
from nereid.ports.messaging import HourlyLimit

_HOUR = timedelta(hours=1)
#: How much longer than its hour a count is kept, for clocks that differ.
_GRACE = timedelta(minutes=10)
#: How many limits that are used up are kept in memory.
_KEPT = 4096
#: When a job comes again whose delivery another run has just claimed, in seconds.
_SHORTLY = 5

#: Partition key, the hour, and how much the limit allows.
_Count = tuple[str, str, int]


class DynamoHourlyCounts:
    """Implements `nereid.ports.messaging.HourlyCounts`.

    Parameters
    ----------
    limits
        The table of the counts.
    activity
        The table of the deliveries.
    """

    def __init__(self, limits: Table, activity: Table) -> None:
        self._limits = limits
        self._activity = activity
        #: Those that are known to be used up; a count only grows. A limit that is raised is another one.
        self._used_up: TTLCache[_Count, bool] = TTLCache(_KEPT, _HOUR.total_seconds())

    def are_used_up(self, scope: Scope, limits: Sequence[HourlyLimit], now: datetime) -> bool:
        return any(self._is_used_up(_count(scope, limit, now)) for limit in limits)

    def _is_used_up(self, count: _Count) -> bool:
        if count in self._used_up:
            return True
        pk, hour, most = count
        item = self._limits.get(pk, hour, consistent=False) or {}
        if item.get("used", 0) < most:
            return False
        self._used_up[count] = True
        return True

    def count(self, job: DeliveryJob, token: str, limits: Sequence[HourlyLimit], now: datetime) -> bool:
        counts = [_count(job.scope, limit, now) for limit in limits]
        if any(most < 1 for _, _, most in counts):
            return False
        expires_at = seconds(_hour_of(now) + _HOUR + _GRACE)
        try:
            self._activity.transact(
                self._activity.updating(
                    *delivery_key(job.scope, job.delivery_id),
                    "SET counted = :sending",
                    {":sending": job.sending, ":token": token},
                    condition="claim = :token",
                ),
                *(
                    self._limits.updating(
                        pk,
                        hour,
                        "ADD used :one SET expires_at = :expires_at",
                        {":one": 1, ":most": most, ":expires_at": expires_at},
                        condition="attribute_not_exists(used) OR used < :most",
                    )
                    for pk, hour, most in counts
                ),
            )
        except ConditionFailed as error:
            if 0 in error.which:
                raise TryAgain(_SHORTLY, "another run has the delivery") from error
            self._used_up.update({counts[position - 1]: True for position in error.which})
            return False
        return True


def _count(scope: Scope, limit: HourlyLimit, now: datetime) -> _Count:
    return tenant(scope, "hourly", limit.kind, digest(limit.owner)), to_iso(_hour_of(now)), limit.most


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
