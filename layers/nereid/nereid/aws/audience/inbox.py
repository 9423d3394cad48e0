"""App notifications in the audience table, beside the user that they belong to.

The index `inbox` (local, so read consistently) sorts a user's notifications by state and time and holds keys
alone: counting a state or skipping to a page reads about 150 bytes per notification, never their texts.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from itertools import islice

from nereid import jsontext
from nereid.aws.audience.users import user_key
from nereid.aws.errors import ConditionFailed
from nereid.aws.table import MAX_PAGE_BYTES, Item, Table, bytes_in_answer
from nereid.clock import from_iso, to_iso
from nereid.errors import NotFound, Unavailable
from nereid.models.team import Scope
from nereid.models.user import AppNotification, anonymous_id_of
from nereid.ports.audience import Position, ReadState

#: How many notifications are marked at the same time, and how many before the time is looked at.
_AT_ONCE, _ROUND = 8, 64
#: For how many seconds a call goes on to mark notifications; its function has 10.
_MARKING_SECONDS = 5.0


class DynamoInbox:
    """Implements `nereid.ports.audience.Inbox`.

    Parameters
    ----------
    retention_seconds
        How long a notification is kept; only needed to put them.
    """

    def __init__(self, table: Table, retention_seconds: int = 0) -> None:
        self._table = table
        self._retention = retention_seconds

    def put(self, scope: Scope, notification: AppNotification) -> None:
        item = {
            "pk": user_key(scope, notification.user_id),
            "sk": _sort(notification.uuid, notification.created_at),
            "inbox": _unread(notification.uuid, notification.created_at),
            "uuid": notification.uuid,
            "user_id": notification.user_id,
            "event_type": notification.event_type,
            "title": notification.title,
            "body": notification.body,
            "data": jsontext.dumps(notification.data),
            "created_at": to_iso(notification.created_at),
            "expires_at": int(notification.created_at.timestamp()) + self._retention,
        }
        if anonymous_id_of(notification.user_id) is not None:
            self._put_for_profile(item)
            return
        with suppress(ConditionFailed):  # stored already
            self._table.put(item, "attribute_not_exists(pk)")

    def _put_for_profile(self, item: Item) -> None:
        """Store a notification unless the profile was absorbed, after which nothing may be added to it."""
        try:
            self._table.transact(
                self._table.requiring(item["pk"], "user", "attribute_exists(pk)"),
                self._table.writing(item, "attribute_not_exists(pk)"),
            )
        except ConditionFailed as error:
            if 0 in error.which:
                raise NotFound("user") from error

    def unread_before(
        self, scope: Scope, user_id: str, before: str | None, limit: int
    ) -> tuple[list[AppNotification], str | None]:
        pk = user_key(scope, user_id)
        # A position is the part after "unread#" in the index; "~" comes after all that can stand there.
        values = {":pk": pk, ":first": "unread#", ":last": f"unread#{before or '~'}"}
        listed = self._table.query(
            "pk = :pk AND inbox BETWEEN :first AND :last",
            values,
            index="inbox",
            consistent=True,
            forward=False,
            limit=limit + 2,
        )
        keys: list[tuple[str, str]] = []
        position = None
        for item in listed:
            if item["inbox"] == values[":last"]:
                continue  # where the page before ended
            if len(keys) == limit:
                position = keys[-1][1].removeprefix("inbox#")
                break
            keys.append((item["pk"], item["sk"]))
        found = self._table.get_many(keys)
        last: str | None = None
        notifications: list[AppNotification] = []
        size = 0
        for key in (key for key in keys if key in found):
            size += _size(found[key])
            if notifications and size > MAX_PAGE_BYTES:
                return notifications, last
            notifications.append(_to_notification(found[key]))
            last = key[1].removeprefix("inbox#")
        return notifications, position

    def page(
        self,
        scope: Scope,
        user_id: str,
        state: ReadState,
        page: int,
        per_page: int,
        position: Position | None = None,
        *,
        oldest_first: bool,
    ) -> tuple[list[AppNotification], int, str | None]:
        pk = user_key(scope, user_id)
        first = (page - 1) * per_page
        condition, values, index = _selection(pk, state)
        total = self._table.count(condition, values, index=index)
        if first >= total:
            return [], total, None
        wanted = first + per_page
        if position is not None:
            condition, values = _from(pk, state, position, oldest_first=oldest_first)
            wanted += 2  # the notification at the position, and one that shows that there are more
        listed = self._table.query(
            condition, values, index=index, consistent=True, forward=oldest_first, limit=min(wanted, 1000)
        )
        others = (
            item for item in listed if position is None or item["sk"] != _sort(position.uuid, position.created_at)
        )
        keys = [(item["pk"], item["sk"]) for item in islice(others, first, first + per_page)]
        is_last = total <= wanted if position is None else next(others, None) is None
        found = self._table.get_many(keys)
        notifications = [_to_notification(found[key]) for key in keys if key in found]
        return notifications, total, None if is_last or not keys else keys[-1][1].rpartition("#")[2]

    def unread(self, scope: Scope, user_id: str) -> int:
        condition, values, index = _selection(user_key(scope, user_id), "unread")
        return self._table.count(condition, values, index=index)

    def mark_read(self, scope: Scope, user_id: str, uuid: str, created_at: datetime, at: datetime) -> bool:
        return self._mark(user_key(scope, user_id), _sort(uuid, created_at), at)

    def mark_all_read(self, scope: Scope, user_id: str, at: datetime) -> int:
        condition, values, index = _selection(user_key(scope, user_id), "unread")
        end = time.monotonic() + _MARKING_SECONDS
        keys = [(each["pk"], each["sk"]) for each in self._table.query(condition, values, index=index, consistent=True)]

        def mark(key: tuple[str, str]) -> bool:
            with suppress(NotFound):  # gone since it was listed, with its user
                return self._mark(*key, at)
            return False

        if len(keys) <= _AT_ONCE:
            return sum(map(mark, keys))
        updated = 0
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for first in range(0, len(keys), _ROUND):
                if time.monotonic() > end:
                    # The marked ones stay so, and the caller repeats the call, which continues from here.
                    raise Unavailable(f"{len(keys) - first} of {len(keys)} app notifications are still to be marked")
                updated += sum(pool.map(mark, keys[first : first + _ROUND]))
        return updated

    def _mark(self, pk: str, sk: str, at: datetime) -> bool:
        values = {":at": to_iso(at), ":read": sk.replace("inbox#", "read#", 1)}
        try:
            self._table.update(
                pk,
                sk,
                "SET read_at = :at, inbox = :read",
                values,
                condition="attribute_exists(pk) AND attribute_not_exists(read_at)",
            )
        except ConditionFailed as error:
            if error.old:
                return False
            raise NotFound("app notification") from error
        return True


def _size(item: Item) -> int:
    """Return how many bytes a notification takes in an answer, about."""
    return bytes_in_answer("".join([jsontext.dumps(item["title"]), jsontext.dumps(item["body"]), item["data"]]))


def _sort(uuid: str, created_at: datetime) -> str:
    return f"inbox#{to_iso(created_at)}#{uuid}"


def _unread(uuid: str, created_at: datetime) -> str:
    return f"unread#{to_iso(created_at)}#{uuid}"


def _selection(pk: str, state: ReadState) -> tuple[str, Item, str | None]:
    if state == "all":
        return "pk = :pk AND begins_with(sk, :prefix)", {":pk": pk, ":prefix": "inbox#"}, None
    return "pk = :pk AND begins_with(inbox, :prefix)", {":pk": pk, ":prefix": f"{state}#"}, "inbox"


def _from(pk: str, state: ReadState, position: Position, *, oldest_first: bool) -> tuple[str, Item]:
    """Return the condition for a selection from a position on, and for that itself."""
    name, prefix = ("sk", "inbox") if state == "all" else ("inbox", state)
    there = f"{prefix}#{to_iso(position.created_at)}#{position.uuid}"
    # "~" comes after all that can stand there.
    first, last = (there, f"{prefix}#~") if oldest_first else (f"{prefix}#", there)
    return f"pk = :pk AND {name} BETWEEN :first AND :last", {":pk": pk, ":first": first, ":last": last}


def _to_notification(item: Item) -> AppNotification:
    read_at = item.get("read_at")
    return AppNotification(
        uuid=item["uuid"],
        user_id=item["user_id"],
        event_type=item["event_type"],
        title=item["title"],
        body=item["body"],
        data=jsontext.loads(item["data"]),
        read_at=from_iso(read_at) if read_at else None,
        created_at=from_iso(item["created_at"]),
    )
