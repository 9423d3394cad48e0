"""The endpoints of push tokens in the audience table, and those that this sandbox has used lately."""

from datetime import timedelta

from cachetools import LRUCache

from nereid.aws.table import Table, digest, seconds, tenant
from nereid.models.team import Scope
from nereid.ports.clock import Clock

#: How long an endpoint is kept, in days. Items of tokens that are not used any more go by themselves; one in use is
#: made again, for the same endpoint.
_KEPT_DAYS = 90
#: How many endpoints a sandbox remembers: a few megabytes.
_REMEMBERED = 10_000


class DynamoPushEndpoints:
    """Implements `nereid.ports.audience.PushEndpoints`: one item for each token and application."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._remembered: LRUCache[tuple[str, str], str] = LRUCache(_REMEMBERED)

    def get(self, scope: Scope, application: str, token: str) -> str | None:
        key = _key(scope, application, token)
        endpoint = self._remembered.get(key)
        if endpoint is None:
            # Whoever uses an endpoint that is gone finds out, so a read at half the price will do.
            item = self._table.get(*key, consistent=False)
            if item is None:
                return None
            endpoint = self._remembered[key] = str(item["endpoint"])
        return endpoint

    def keep(self, scope: Scope, application: str, token: str, endpoint: str) -> None:
        pk, sk = key = _key(scope, application, token)
        expires_at = seconds(self._clock.now() + timedelta(days=_KEPT_DAYS))
        self._table.put({"pk": pk, "sk": sk, "endpoint": endpoint, "expires_at": expires_at})
        self._remembered[key] = endpoint

    def forget(self, scope: Scope, application: str, token: str) -> None:
        key = _key(scope, application, token)
        self._remembered.pop(key, None)
        self._table.delete(*key)


def _key(scope: Scope, application: str, token: str) -> tuple[str, str]:
    return tenant(scope, "token", digest(token)), f"endpoint#{digest(application)}"
