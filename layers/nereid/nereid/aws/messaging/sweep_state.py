"""The sweeper's progress, in the activity table: per environment a position and the watched messages.

Both are in one partition, the position first and then the watches in order of time, so that one Query gives a
run all that it needs to know of an environment in which nothing is pending.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain

from cachetools import TTLCache

from nereid.aws.table import Item, Table, digest, seconds, tenant
from nereid.clock import from_iso, to_iso
from nereid.models.team import Scope
from nereid.ports.messaging import Watch

_POSITION = "position"
#: The list of the environments that are swept; how many a sandbox knows to be in it, and for how many seconds, after
#: which one that was deleted and made again is put there again.
_ALL, _BEGUN, _BEGUN_SECONDS = "environments", 10_000, 3600
#: The environment that the next run begins with, for the whole stack.
_TURN = ("sweep", "turn")
#: A watch is rewritten at each look; one that nobody looks at any more goes by itself.
_KEPT = timedelta(days=30)


class DynamoSweepState:
    """Implements `nereid.ports.messaging.SweepState`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._begun: TTLCache[Scope, bool] = TTLCache(_BEGUN, _BEGUN_SECONDS)

    def read(self, scope: Scope) -> tuple[str | None, Iterator[Watch]]:
        items = self._table.query("pk = :pk", {":pk": _key(scope)})
        first = next(items, None)
        if first is None:
            return None, iter(())
        if first["sk"] == _POSITION:
            return first["position"], map(_to_watch, items)
        return None, map(_to_watch, chain([first], items))

    def advance(self, scope: Scope, position: str) -> None:
        self._table.put({"pk": _key(scope), "sk": _POSITION, "position": position})

    def watch(self, scope: Scope, watches: Sequence[Watch]) -> None:
        items = {_sort_key(watch): _watch_item(scope, watch) for watch in watches}
        if len(items) == 1:
            self._table.put(next(iter(items.values())))
        else:
            self._table.put_many(items.values())

    def unwatch(self, scope: Scope, watches: Sequence[Watch]) -> None:
        self._table.delete_many(dict.fromkeys((_key(scope), _sort_key(watch)) for watch in watches))

    def forget(self, scope: Scope) -> None:
        found = self._table.query("pk = :pk", {":pk": _key(scope)})
        self._table.delete_many([*((item["pk"], item["sk"]) for item in found), (_ALL, "#".join(scope))])

    def begin(self, scope: Scope) -> None:
        if scope not in self._begun:
            entry = {"team_id": scope.team_id, "environment": scope.environment}
            self._table.put({"pk": _ALL, "sk": "#".join(scope), **entry})
            self._begun[scope] = True

    def scopes(self) -> Iterator[Scope]:
        for item in self._table.query("pk = :pk", {":pk": _ALL}):
            yield Scope(item["team_id"], item["environment"])

    def turn(self) -> Scope | None:
        item = self._table.get(*_TURN, consistent=False)
        return Scope(item["team_id"], item["environment"]) if item else None

    def pass_turn(self, scope: Scope | None) -> None:
        pk, sk = _TURN
        if scope is None:
            self._table.delete(pk, sk)
        else:
            self._table.put({"pk": pk, "sk": sk, "team_id": scope.team_id, "environment": scope.environment})


def _key(scope: Scope) -> str:
    return tenant(scope, "sweep")


def _sort_key(watch: Watch) -> str:
    return f"watch#{to_iso(watch.due)}#{digest(watch.message_id)}"


def _watch_item(scope: Scope, watch: Watch) -> Item:
    return {
        "pk": _key(scope),
        "sk": _sort_key(watch),
        "message_id": watch.message_id,
        "since": to_iso(watch.since),
        "pending": watch.pending or None,
        "repairs": watch.repairs or None,
        "queued_at": _moment(watch.queued_at),
        "expires_at": seconds(watch.due + _KEPT),
    }


def _moment(moment: datetime | None) -> str | None:
    return to_iso(moment) if moment else None


def _to_watch(item: Item) -> Watch:
    return Watch(
        message_id=item["message_id"],
        due=from_iso(item["sk"].split("#")[1]),
        since=from_iso(item["since"]),
        pending=item.get("pending", False),
        repairs=item.get("repairs", 0),
        queued_at=from_iso(item["queued_at"]) if "queued_at" in item else None,
    )
