"""One message with everything that became of it."""

from collections.abc import Sequence
from datetime import datetime

from nereid.core.messaging.waiting import QUEUED, waiting_for
from nereid.errors import NotFound
from nereid.models.delivery import Delivery, Plan, Planned
from nereid.models.message_keys import key_of
from nereid.models.team import Scope
from nereid.ports.messaging import Closures, DeliveryStore, MessageStore, StoredMessage


def show_message(
    messages: MessageStore, deliveries: DeliveryStore, scope: Scope, message_id: str
) -> tuple[StoredMessage, list[Delivery]]:
    """Return a message and its deliveries, in order of the notifications, then of the contacts.

    Of two messages with this id, one of a server's and one of a public key's, it is the server's.

    Raises
    ------
    NotFound
        Also while the message is still on its way through the queue.
    """
    stored = messages.get(scope, key_of(message_id)) or messages.get(scope, key_of(message_id, public=True))
    if stored is None:
        raise NotFound("message")
    [shown] = all_deliveries(deliveries, scope, [stored])
    return stored, shown


def all_deliveries(deliveries: DeliveryStore, scope: Scope, stored: Sequence[StoredMessage]) -> list[list[Delivery]]:
    """Return the deliveries of each of some messages, in order of the notifications, then of the contacts."""
    planned = [each.plan.deliveries(scope, each.message.key) for each in stored]
    found = deliveries.get_many(scope, [one.id for each in planned for one in each if one.recipient])
    return [
        [found.get(one.id) or not_begun(each.plan, one) for one in ones]
        for each, ones in zip(stored, planned, strict=True)
    ]


def with_waits(deliveries: Sequence[Delivery], closures: Closures, now: datetime) -> list[Delivery]:
    """Return deliveries; the pending ones say what they wait for, and when they are tried next if that is known.

    Raises
    ------
    Unavailable
        If it could not be read which providers are closed.
    """
    queued = {each.channel for each in deliveries if _is_queued(each, now)}
    closed = {channel: closures.closed(channel, now) for channel in sorted(queued)}

    def shown(delivery: Delivery) -> Delivery:
        if not _is_queued(delivery, now):
            return delivery
        busy = closed[delivery.channel]
        if busy is None:
            return delivery.model_copy(update={"reason": QUEUED, "next_try_at": None})
        return delivery.model_copy(update={"reason": waiting_for(busy), "next_try_at": busy.until})

    return [shown(each) for each in deliveries]


def _is_queued(delivery: Delivery, now: datetime) -> bool:
    """Tell whether the time that a pending delivery was told to wait is over, or whether it was told none."""
    return delivery.status == "pending" and (delivery.next_try_at is None or delivery.next_try_at <= now)


def not_begun(plan: Plan, planned: Planned) -> Delivery:
    """Return a delivery that has no record: nobody to reach, or nobody has begun it yet."""
    return Delivery(
        id=planned.id,
        notification=planned.notification,
        channel=planned.channel,
        to=planned.recipient.value if planned.recipient else None,
        status="pending" if planned.recipient else "no_contact",
        reason=None if planned.recipient else f"no {planned.channel} contact",
        created_at=plan.planned_at,
        updated_at=plan.planned_at,
    )
