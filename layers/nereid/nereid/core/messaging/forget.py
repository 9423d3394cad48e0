"""Messages whose data are not to be retained: once all deliveries are final, data and rendered content go.

Whoever ends a delivery looks whether it was the last one, and reads so that two that end at the same time cannot both
miss it. Who dies in between is not done with its job, which comes again and looks again. Messages with very many
deliveries are looked at by the sweeper, which watches them.
"""

from datetime import datetime

from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.ports.messaging import DeliveryStore, MessageStore

#: Of messages with more deliveries than this, the sweeper alone looks whether all are final: each look reads all.
MOST_LOOKED_AT = 25


def forget_if_final(
    messages: MessageStore, deliveries: DeliveryStore, scope: Scope, message_key: str, now: datetime, *, swept: bool
) -> None:
    """Drop the data of a message and what its deliveries keep of them, if all of those are final. Safe to repeat.

    Parameters
    ----------
    swept
        Whether it is the sweeper that asks, which looks at messages with any number of deliveries.
    """
    stored = messages.get(scope, message_key)
    if stored is None or not stored.plan.forget:
        return
    planned = [each.id for each in stored.plan.deliveries(scope, message_key) if each.recipient]
    if len(planned) > MOST_LOOKED_AT and not swept:
        return
    found = deliveries.get_many(scope, planned)
    if len(found) < len(set(planned)) or any(each.status == "pending" for each in found.values()):
        return
    # The message last: as long as it has its data, it is looked at again.
    deliveries.drop_rendered(scope, [each.id for each in found.values() if each.rendered is not None])
    if stored.message.dropped_at is None:
        messages.replace(scope, without_data(stored.message, now))


def without_data(message: Message, now: datetime) -> Message:
    """Return a message without what its sender said in it."""
    return message.model_copy(update={"data": {}, "extra": {}, "dropped_at": now})
