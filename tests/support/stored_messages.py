"""Messages in the store without a way there: as this release stores them, and as the one before it did."""

from __future__ import annotations

from nereid.aws.messaging.journal import position_of
from nereid.aws.messaging.messages import DynamoMessageStore
from nereid.aws.table import digest, tenant
from nereid.models.delivery import Plan
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.ports.messaging import StoredMessage

#: Over so many partitions of an index the release before spread its messages.
SHARDS = 8


def store(messages: DynamoMessageStore, scope: Scope, message: Message, plan: Plan) -> StoredMessage | None:
    """Announce a message and store it."""
    messages.announce(scope, [(message, plan)], plan.planned_at)
    return messages.add(scope, message, plan)


def store_as_before(
    messages: DynamoMessageStore, scope: Scope, message: Message, plan: Plan, shards: int = SHARDS
) -> StoredMessage | None:
    """Store a message with the attributes of three indexes and without an entry in the journal."""
    there = messages.add(scope, message, plan)
    shard = str(int(digest(message.key)[:8], 16) % shards)
    ids = [each.id for each in plan.deliveries(scope, message.key) if each.recipient]
    attributes = {
        "event_type": message.event_type,
        "timeline": tenant(scope, "timeline", shard),
        "event_type_key": tenant(scope, "event_type", shard, message.event_type),
        "user_key": tenant(scope, "user", message.user_id) if message.user_id is not None else None,
        "received": position_of(message.received_at, message.key),
        "to_sweep": ",".join(ids) if len(ids) <= 8 else None,
    }
    given = {name: value for name, value in attributes.items() if value is not None}
    messages._table.update(
        tenant(scope, "message", message.key),
        "message",
        "SET " + ", ".join(f"{name} = :{name}" for name in given),
        {f":{name}": value for name, value in given.items()},
    )
    return there
