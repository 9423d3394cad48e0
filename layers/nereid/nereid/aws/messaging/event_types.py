"""Event types in the activity table, in order of their names."""

from nereid import jsontext
from nereid.aws.errors import ConditionFailed
from nereid.aws.table import MAX_PAGE_BYTES, Item, Table, bytes_in_answer, can_be_key, tenant
from nereid.clock import to_iso
from nereid.errors import NotFound
from nereid.models.event_type import EventType
from nereid.models.team import Scope


class DynamoEventTypeStore:
    """Implements `nereid.ports.messaging.EventTypeStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, scope: Scope, event_type: str) -> EventType | None:
        item = self._table.get(tenant(scope, "event_types"), event_type)
        return _to_event_type(item) if item else None

    def put(self, scope: Scope, event_type: EventType) -> EventType:
        public = {} if event_type.public is None else {":public": event_type.public}
        stored = self._table.update(
            tenant(scope, "event_types"),
            event_type.event_type,
            "SET notifications = :notifications, environment = :environment, "
            "created_at = if_not_exists(created_at, :now), updated_at = :now"
            + (", #public = :public" if public else " REMOVE #public"),
            {
                **public,
                ":notifications": jsontext.dumps(
                    [
                        each.model_dump(mode="json", by_alias=True, exclude_unset=True)
                        for each in event_type.notifications
                    ]
                ),
                ":environment": scope.environment,
                ":now": to_iso(event_type.updated_at),
            },
            # A word that DynamoDB keeps for itself.
            names={"#public": "public"},
        )
        return _to_event_type(stored)

    def delete(self, scope: Scope, event_type: str) -> None:
        pk = tenant(scope, "event_types")
        if not can_be_key(pk, event_type):
            raise NotFound("event type")
        try:
            self._table.delete(pk, event_type, "attribute_exists(pk)")
        except ConditionFailed as error:
            raise NotFound("event type") from error

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
