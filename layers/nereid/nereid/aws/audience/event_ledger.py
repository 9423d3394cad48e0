"""Claims on events and orders, in the audience table: they are written in one transaction with the user.

A claim on an event is kept as long as its message, and longer than a queue could hand it over again; a claim on an
order for ever.
"""

from nereid.aws.audience.users import adding_contact, replacing, to_user, transact_or_conflict, user_key
from nereid.aws.table import Item, Table, digest, seconds, tenant
from nereid.models.team import Scope
from nereid.ports.audience import Settled, Settlement
from nereid.ports.clock import Clock

_LEAST_RETENTION = 30 * 24 * 60 * 60
_ABSENT = "attribute_not_exists(pk)"


class DynamoEventLedger:
    """Implements `nereid.ports.audience.EventLedger`.

    Parameters
    ----------
    retention_seconds
        How long a message is kept.
    """

    def __init__(self, table: Table, clock: Clock, retention_seconds: int) -> None:
        self._table = table
        self._clock = clock
        self._retention = max(retention_seconds, _LEAST_RETENTION)

    def read(self, scope: Scope, message_id: str, user_id: str, order_id: str | None) -> Settled:
        event, user = (_event_key(scope, message_id), "event"), (user_key(scope, user_id), "user")
        order = (_order_key(scope, order_id), "order") if order_id is not None else None
        found = self._table.get_many([event, user, *([order] if order else [])])
        claimed = found.get(order) if order else None
        return Settled(
            done=event in found,
            order_message_id=str(claimed["message_id"]) if claimed else None,
            user=to_user(found[user]) if user in found else None,
        )

    def settle(self, scope: Scope, settlement: Settlement) -> None:
        expires_at = seconds(self._clock.now()) + self._retention
        event = {"pk": _event_key(scope, settlement.message_id), "sk": "event", "expires_at": expires_at}
        writes: list[Item] = [self._table.writing(event, _ABSENT)]
        if settlement.order_id is not None:
            order = {"pk": _order_key(scope, settlement.order_id), "sk": "order", "message_id": settlement.message_id}
            writes.append(self._table.writing(order, _ABSENT))
        if settlement.user is not None:
            writes.append(self._table.writing(*replacing(scope, settlement.user)))
            if settlement.contact is not None:
                contact, stamp = settlement.contact, settlement.stamp
                writes += adding_contact(self._table, scope, settlement.user, contact, stamp)
        transact_or_conflict(self._table, *writes)


def _event_key(scope: Scope, message_id: str) -> str:
    return tenant(scope, "event", digest(message_id))


def _order_key(scope: Scope, order_id: str) -> str:
    return tenant(scope, "order", digest(order_id))
