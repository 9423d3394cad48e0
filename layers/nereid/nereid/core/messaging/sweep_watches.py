"""Which messages the sweeper looks at besides those that it comes by on its way through the order of arrival."""

from datetime import datetime, timedelta

from nereid.core.messaging.forget import MOST_LOOKED_AT
from nereid.models.delivery import Plan
from nereid.models.message import Message
from nereid.ports.messaging import Watch

#: A delivery that is not final by then is taken for stuck.
PENDING_AFTER = timedelta(minutes=15)
#: A message stored longer than this after it arrived may stand where the sweeper has been already. Shorter than the
#: above by more than a run of process_messages takes, and an index to follow its table.
_LATE_AFTER = timedelta(minutes=10)


def watch_if_late(message: Message, stored_at: datetime) -> Watch | None:
    """Return how to watch a message that is stored so late that the sweeper would not come by; None if it will."""
    if stored_at - message.received_at < _LATE_AFTER:
        return None
    return Watch(message.key, due=stored_at + PENDING_AFTER, since=stored_at)


def watch_to_forget(message: Message, plan: Plan, now: datetime) -> Watch | None:
    """Return how to watch a message whose data are to go, and that whoever ends a delivery does not look at."""
    if not plan.forget or plan.size <= MOST_LOOKED_AT:
        return None
    return Watch(message.key, due=now + PENDING_AFTER, since=now)


def watch_queued(message_key: str, now: datetime) -> Watch:
    """Return the watch of a message whose deliveries were queued again on demand, however long ago it arrived."""
    return Watch(message_key, due=now + PENDING_AFTER, since=now, queued_at=now)
