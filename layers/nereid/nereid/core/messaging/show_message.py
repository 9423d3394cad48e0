"""One message with everything that became of it."""

from nereid.errors import NotFound
from nereid.models.delivery import Delivery, Plan, Planned
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.ports.messaging import DeliveryStore, MessageStore


def show_message(
    messages: MessageStore, deliveries: DeliveryStore, scope: Scope, message_id: str
) -> tuple[Message, list[Delivery]]:
    """Return a message and its deliveries, in order of the notifications, then of the contacts.

    Raises
    ------
    NotFound
        Also while the message is still on its way through the queue.
    """
    stored = messages.get(scope, message_id)
    if stored is None:
        raise NotFound("message")
    message, plan = stored
    planned = plan.deliveries(scope, message_id)
    found = deliveries.get_many(scope, [each.id for each in planned if each.recipient])
    return message, [found.get(each.id) or _not_begun(plan, each) for each in planned]


def _not_begun(plan: Plan, planned: Planned) -> Delivery:
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
