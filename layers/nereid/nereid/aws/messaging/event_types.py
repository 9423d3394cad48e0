"""Event types in the activity table, in order of their names."""

from contextlib import suppress

from nereid import jsontext
from nereid.aws.errors import ConditionFailed, Contended
from nereid.aws.table import MAX_PAGE_BYTES, Item, Table, bytes_in_answer, can_be_key, tenant
from nereid.clock import from_iso, to_iso
from nereid.contention import until_uncontested
from nereid.errors import Conflict, LimitReached, NotFound
from nereid.models.event_type import EventType
from nereid.models.team import Quotas, Scope

_MOST = Quotas().event_types
_REPLACE = "SET notifications = :notifications, environment = :environment, updated_at = :now"
#: Members that may be left out.
_OPTIONAL = ("public", "retain_data")
_CREATE = f"{_REPLACE}, created_at = :now"


class DynamoEventTypeStore:
    """Implements `nereid.ports.messaging.EventTypeStore`.

    Parameters
    ----------
    most
        How many a team may have, in all its environments together.
    """

    def __init__(self, table: Table, most: int = _MOST) -> None:
        self._table = table
        self._most = most

    def get(self, scope: Scope, event_type: str) -> EventType | None:
        item = self._table.get(tenant(scope, "event_types"), event_type)
        return _to_event_type(item) if item else None

    def put(self, scope: Scope, event_type: EventType, quota_times: int = 1) -> EventType:
        key = (tenant(scope, "event_types"), event_type.event_type)
        optional_members = {name: getattr(event_type, name) for name in _OPTIONAL}
        given = {name: value for name, value in optional_members.items() if value is not None}
        values: Item = {
            ":notifications": jsontext.dumps(
                [each.model_dump(mode="json", by_alias=True, exclude_unset=True) for each in event_type.notifications]
            ),
            ":environment": scope.environment,
            ":now": to_iso(event_type.updated_at),
            **{f":{name}": value for name, value in given.items()},
        }
        # Words of which DynamoDB keeps one for itself.
        names = {f"#{name}": name for name in _OPTIONAL}
        sets = "".join(f", #{name} = :{name}" for name in given)
        gone = [f"#{name}" for name in _OPTIONAL if name not in given]
        optional = f"{sets} REMOVE {', '.join(gone)}" if gone else sets

        def attempt() -> EventType:
            try:
                stored = self._table.update(
                    *key, _REPLACE + optional, values, names=names, condition="attribute_exists(pk)"
                )
            except ConditionFailed:
                creation = self._table.updating(
                    *key, _CREATE + optional, values, names=names, condition="attribute_not_exists(pk)"
                )
                self._add(scope, creation, self._most * quota_times)
                return event_type.model_copy(
                    update=dict.fromkeys(("created_at", "updated_at"), from_iso(values[":now"]))
                )
            return _to_event_type(stored)

        return until_uncontested("event type", attempt, again=(Conflict, Contended))

    def _add(self, scope: Scope, creation: Item, most: int) -> None:
        """Create an event type and count it; `Conflict` if it is there, or if nothing has been counted before."""
        counted = self._table.updating(
            *_count(scope), "ADD used :one", {":one": 1, ":most": most}, condition="used < :most"
        )
        try:
            self._table.transact_once(creation, counted)
        except ConditionFailed as error:
            if 0 not in error.which:
                if self._table.get(*_count(scope)) is not None:
                    raise LimitReached("event types", most) from error
                self._count_existing(scope)
            raise Conflict("event type") from error

    def _count_existing(self, scope: Scope) -> None:
        pk, sk = _count(scope)
        used = self._table.count("pk = :pk", {":pk": tenant(scope, "event_types")})
        with suppress(ConditionFailed):
            self._table.put({"pk": pk, "sk": sk, "used": used}, "attribute_not_exists(pk)")

    def delete(self, scope: Scope, event_type: str) -> None:
        pk = tenant(scope, "event_types")
        if not can_be_key(pk, event_type):
            raise NotFound("event type")
        uncounted = self._table.updating(
            *_count(scope), "ADD used :less", {":less": -1, ":zero": 0}, condition="used > :zero"
        )
        try:
            self._table.transact(self._table.deleting(pk, event_type, "attribute_exists(pk)"), uncounted)
        except ConditionFailed as error:
            if 0 in error.which:
                raise NotFound("event type") from error
            self._table.delete(pk, event_type)  # one that is older than the count

    def page(self, scope: Scope, after: str | None, limit: int) -> tuple[list[EventType], str | None]:
        values = {":pk": tenant(scope, "event_types")}
        condition = "pk = :pk"
        if after is not None:
            condition, values[":after"] = "pk = :pk AND sk > :after", after
        found: list[EventType] = []
        size = 0
        for item in self._table.query(condition, values, consistent=True, limit=limit + 1):
            size += bytes_in_answer(item["notifications"])
            if len(found) == limit or (found and size > MAX_PAGE_BYTES):
                return found, found[-1].event_type
            found.append(_to_event_type(item))
        return found, None


def _to_event_type(item: Item) -> EventType:
    stored = {**item, "event_type": item["sk"], "notifications": jsontext.loads(item["notifications"])}
    # Unknown members are a mistake in a request, not in an item: it may be a newer release's that was taken back.
    return EventType.model_validate(stored, extra="ignore")


def _count(scope: Scope) -> tuple[str, str]:
    """Return the key of the count of a team's event types."""
    return f"{scope.team_id}#quotas", "event_types"
