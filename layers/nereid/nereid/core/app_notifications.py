"""App notifications: what a user's inbox shows, and what of it was read."""

from nereid.errors import NotFound
from nereid.models.team import Scope
from nereid.models.user import AppNotification
from nereid.ports import Clock, DeliveryStore, Inbox, ReadState


def list_app_notifications(
    inbox: Inbox, scope: Scope, user_id: str, state: ReadState, page: int, per_page: int, *, oldest_first: bool
) -> tuple[list[AppNotification], int, int]:
    """Return one page of a user's notifications, how many the state selects, and how many are unread."""
    notifications, total = inbox.page(scope, user_id, state, page, per_page, oldest_first=oldest_first)
    unread = total if state == "unread" else inbox.unread(scope, user_id)
    return notifications, total, unread


def read_all(inbox: Inbox, clock: Clock, scope: Scope, user_id: str) -> int:
    """Mark all notifications of a user as read; return how many were unread."""
    return inbox.mark_all_read(scope, user_id, clock.now())


def read_one(inbox: Inbox, deliveries: DeliveryStore, clock: Clock, scope: Scope, uuid: str) -> int:
    """Mark one notification as read; return 1 if it was unread, 0 if not; `NotFound` if it is not there."""
    # The notification is filed under its user; the delivery of the same id knows which one.
    delivery = deliveries.get_many(scope, [uuid]).get(uuid)
    if delivery is None or delivery.channel != "app" or delivery.to is None:
        raise NotFound("app notification")
    return int(inbox.mark_read(scope, delivery.to, uuid, delivery.created_at, clock.now()))
