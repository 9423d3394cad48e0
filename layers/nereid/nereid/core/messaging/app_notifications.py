"""App notifications: list a user's inbox, and mark them as read."""

from contextlib import suppress

from nereid.core.audience.client_identities import Identities
from nereid.errors import Invalid, NotFound
from nereid.models.operation import Who
from nereid.models.team import Scope
from nereid.models.user import AppNotification
from nereid.ports.audience import Inbox, InboxPage, Position, ReadState
from nereid.ports.clock import Clock
from nereid.ports.messaging import DeliveryStore

#: Ids of deliveries are UUIDs; anything longer than this is none and could not even be looked up.
_LONGEST_ID = 64
#: Numbers of notifications are below 2 to the power of 53.
_LONGEST_NUMBER = 16


def list_app_notifications(
    inbox: Inbox,
    deliveries: DeliveryStore,
    scope: Scope,
    user_id: str,
    state: ReadState,
    page: int,
    per_page: int,
    before: str | None = None,
    *,
    oldest_first: bool,
) -> InboxPage:
    """Return one page of a user's notifications.

    Parameters
    ----------
    before
        The notification that the list goes on from, wherever that stands by now; pages count from there.

    Raises
    ------
    Invalid
        On `before` if there is no such notification.
    """
    position = _position(deliveries, scope, before) if before is not None else None
    return inbox.page(scope, user_id, state, page, per_page, position, oldest_first=oldest_first)


def _position(deliveries: DeliveryStore, scope: Scope, uuid: str) -> Position:
    delivery = deliveries.get_many(scope, [uuid]).get(uuid)
    if delivery is None or delivery.channel != "app":
        raise Invalid({"before": "before is not valid"})
    return Position(delivery.created_at, uuid)


def read_all(inbox: Inbox, clock: Clock, scope: Scope, user_id: str) -> int:
    """Mark all notifications of a user as read; return how many were unread."""
    return inbox.mark_all_read(scope, user_id, clock.now())


def read_one(
    inbox: Inbox, deliveries: DeliveryStore, identities: Identities, clock: Clock, scope: Scope, uuid: str
) -> int:
    """Mark one notification as read; return 1 if it was unread, 0 if not; `NotFound` if it is not there."""
    uuid = uuid.lower()  # some languages write UUIDs in capitals
    # The notification is filed under its user; the delivery of the same id knows which one.
    delivery = deliveries.get_many(scope, [uuid]).get(uuid)
    if delivery is None or delivery.channel != "app" or delivery.to is None:
        raise NotFound("app notification")
    try:
        return int(inbox.mark_read(scope, delivery.to, uuid, delivery.created_at, clock.now()))
    except NotFound:
        # Of an anonymous profile that became another user: the notification went there, too.
        successor = identities.successor(scope, delivery.to)
        if successor is None:
            raise
        return int(inbox.mark_read(scope, successor, uuid, delivery.created_at, clock.now()))


def read_own(
    inbox: Inbox, deliveries: DeliveryStore, identities: Identities, clock: Clock, scope: Scope, who: Who, uuid: str
) -> None:
    """Mark a notification as read if it is one of the user of the ids; do nothing otherwise.

    Parameters
    ----------
    uuid
        The notification's id, or its number.
    """
    user_id = identities.named(scope, who)
    if uuid.isascii() and uuid.isdigit():
        if len(uuid) <= _LONGEST_NUMBER:
            for position in inbox.numbered(scope, user_id, int(uuid)):
                with suppress(NotFound):
                    inbox.mark_read(scope, user_id, position.uuid, position.created_at, clock.now())
        return
    uuid = uuid.lower()
    delivery = deliveries.get_many(scope, [uuid]).get(uuid) if len(uuid) <= _LONGEST_ID else None
    if delivery is None or delivery.channel != "app" or delivery.to is None:
        return
    if user_id not in {delivery.to, identities.successor(scope, delivery.to)}:
        return
    # A profile's notifications may not have been moved yet to the user that it became.
    for holder in dict.fromkeys([user_id, delivery.to]):
        with suppress(NotFound):
            inbox.mark_read(scope, holder, uuid, delivery.created_at, clock.now())
            return


def list_unread(
    inbox: Inbox, identities: Identities, scope: Scope, who: Who, before: str | None, limit: int
) -> tuple[list[AppNotification], str | None]:
    """Return unread notifications of the user of the ids, newest first, and the position to go on before.

    Raises
    ------
    NotFound
        If there is no such user, and nothing unread for one.
    """
    user_id = identities.named(scope, who)
    found, position = inbox.unread_before(scope, user_id, before, limit)
    if not found and identities.users.get(scope, user_id) is None:
        raise NotFound("user")
    return found, position
