"""App notifications in the audience table, beside the user that they belong to.

The index `inbox` (local, so read consistently) sorts a user's notifications by state and time and holds keys
alone: counting a state or skipping to a page reads about 200 bytes per notification, never their texts. The key of one
that expires ends with that moment, so that the others are counted without it before DynamoDB has removed it.
"""

import heapq
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter
from typing import Any

from nereid import jsontext
from nereid.aws.audience.users import user_key
from nereid.aws.errors import ConditionFailed
from nereid.aws.table import MAX_PAGE_BYTES, Item, Table, bytes_in_answer, seconds
from nereid.clock import SystemClock, from_iso, to_iso
from nereid.errors import NotFound, Unavailable
from nereid.models.team import Scope
from nereid.models.user import AppNotification, anonymous_id_of, number_of
from nereid.ports.audience import InboxPage, Position, ReadState
from nereid.ports.clock import Clock

#: How many notifications are marked at the same time, and how many before the time is looked at.
_AT_ONCE, _ROUND = 8, 64
#: For how many seconds a call goes on to mark notifications; its function has 10.
_MARKING_SECONDS = 5.0


#: Among how many unread notifications of a user one is sought by its number: two calls of DynamoDB read as many.
_MAX_SOUGHT = 10_000


class DynamoInbox:
    """Implements `nereid.ports.audience.Inbox`.

    Parameters
    ----------
    retention_seconds
        How long a notification is kept; only needed to put them.
    """

    def __init__(self, table: Table, retention_seconds: int = 0, clock: Clock | None = None) -> None:
        self._table = table
        self._retention = retention_seconds
        self._clock = clock or SystemClock()

    def put(self, scope: Scope, notification: AppNotification) -> None:
        until = seconds(notification.expires_at) if notification.expires_at else None
        kept_until = seconds(notification.created_at) + self._retention
        sk = _sort(notification.uuid, notification.created_at)
        item = {
            "pk": user_key(scope, notification.user_id),
            "sk": sk,
            "inbox": _in_index(sk, "unread", until),
            "uuid": notification.uuid,
            "user_id": notification.user_id,
            "event_type": notification.event_type,
            "title": notification.title,
            "body": notification.body,
            "html": notification.html,
            "image": notification.image,
            "action_url": notification.action_url,
            "read_on_show": notification.read_on_show,
            "data": jsontext.dumps(notification.data),
            "created_at": to_iso(notification.created_at),
            "shown_until": until,
            "expires_at": min(kept_until, until) if until is not None else kept_until,
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

    def has(self, scope: Scope, user_id: str, uuid: str, created_at: datetime) -> bool:
        return self._table.get(user_key(scope, user_id), _sort(uuid, created_at)) is not None

    def delete_many(self, scope: Scope, user_id: str, uuids: Sequence[str], created_at: datetime) -> None:
        pk = user_key(scope, user_id)
        self._table.delete_many((pk, _sort(uuid, created_at)) for uuid in uuids)

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
        now = self._now()
        for item in listed:
            if item["inbox"] == values[":last"] or not _is_shown(item, now):
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
    ) -> InboxPage:
        pk = user_key(scope, user_id)
        there = _sort(position.uuid, position.created_at) if position is not None else None
        total = unread = behind = 0
        last = page * per_page
        keys: list[tuple[str, str]] = []
        for sk, is_unread in self._listed(pk, state, oldest_first=oldest_first):
            unread += is_unread
            if state == "read" and is_unread:
                continue
            total += 1
            if there is not None and (sk == there or (sk > there) is not oldest_first):
                continue
            behind += 1
            if last - per_page < behind <= last:
                keys.append((pk, sk))
        found = self._table.get_many(keys)
        notifications = [_to_notification(found[key]) for key in keys if key in found]
        following = keys[-1][1].rpartition("#")[2] if keys and behind > last else None
        return InboxPage(notifications, total, unread, following)

    def _listed(self, pk: str, state: ReadState, *, oldest_first: bool) -> Iterator[tuple[str, bool]]:
        """Yield the sort keys of what is shown, in order, and whether it is unread: of unread ones alone, or of all."""
        now = self._now()

        def shown(one: ReadState) -> Iterator[tuple[str, bool]]:
            items = self._in_state(pk, one, oldest_first=oldest_first)
            return ((item["sk"], one == "unread") for item in items if _is_shown(item, now))

        # All of them before the first of the others: what is marked as read meanwhile is found here or there.
        unread = list(shown("unread"))
        if state == "unread":
            yield from unread
            return
        before = None
        for sk, is_unread in heapq.merge(unread, shown("read"), key=itemgetter(0), reverse=not oldest_first):
            if sk != before:
                yield sk, is_unread
            before = sk

    def _in_state(self, pk: str, state: ReadState, *, oldest_first: bool = False) -> Iterator[Item]:
        values = {":pk": pk, ":prefix": f"{state}#"}
        return self._table.query(
            "pk = :pk AND begins_with(inbox, :prefix)", values, index="inbox", consistent=True, forward=oldest_first
        )

    def after(self, scope: Scope, user_id: str, position: Position | None, limit: int) -> list[AppNotification]:
        # "~" comes after all that can stand there.
        first = _sort(position.uuid, position.created_at) if position is not None else "inbox#"
        values = {":pk": user_key(scope, user_id), ":first": first, ":last": "inbox#~"}
        listed = self._table.query("pk = :pk AND sk BETWEEN :first AND :last", values, consistent=True, limit=limit + 1)
        now = self._now()
        others = (item for item in listed if item["sk"] != first and item.get("shown_until", now + 1) > now)
        return [_to_notification(item) for item in islice(others, limit)]

    def numbered(self, scope: Scope, user_id: str, number: int) -> list[Position]:
        found = islice(self._in_state(user_key(scope, user_id), "unread"), _MAX_SOUGHT)
        positions = (_position(item["sk"]) for item in found)
        return [position for position in positions if number_of(position.uuid) == number]

    def _now(self) -> int:
        return seconds(self._clock.now())

    def mark_read(self, scope: Scope, user_id: str, uuid: str, created_at: datetime, at: datetime) -> bool:
        return self._mark(user_key(scope, user_id), _sort(uuid, created_at), at)

    def mark_all_read(self, scope: Scope, user_id: str, at: datetime) -> int:
        end = time.monotonic() + _MARKING_SECONDS
        now = self._now()
        unread = [each for each in self._in_state(user_key(scope, user_id), "unread") if _is_shown(each, now)]
        keys = [(each["pk"], each["sk"], _until(each)) for each in reversed(unread)]

        def mark(key: tuple[str, str, int | None]) -> bool:
            with suppress(NotFound):  # gone since it was listed, with its user
                return self._mark(key[0], key[1], at, key[2])
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

    def _mark(self, pk: str, sk: str, at: datetime, until: int | None = None) -> bool:
        """Mark one as read, which expires at this moment as far as the caller knows."""
        values: dict[str, Any] = {":at": to_iso(at), ":read": _in_index(sk, "read", until)}
        same = "attribute_not_exists(shown_until)"
        if until is not None:
            same, values[":until"] = "shown_until = :until", until
        try:
            self._table.update(
                pk,
                sk,
                "SET read_at = :at, inbox = :read",
                values,
                condition=f"attribute_exists(pk) AND attribute_not_exists(read_at) AND {same}",
            )
        except ConditionFailed as error:
            if not error.old:
                raise NotFound("app notification") from error
            if "read_at" in error.old or error.old.get("shown_until") == until:
                return False
            return self._mark(pk, sk, at, error.old["shown_until"])
        return True


def _size(item: Item) -> int:
    """Return how many bytes a notification takes in an answer, about."""
    texts = [item[name] for name in ("title", "body", "html", "image", "action_url") if name in item]
    return bytes_in_answer("".join([*map(jsontext.dumps, texts), item["data"]]))


def _sort(uuid: str, created_at: datetime) -> str:
    return f"inbox#{to_iso(created_at)}#{uuid}"


def _position(sort: str) -> Position:
    _, created_at, uuid = sort.split("#")
    return Position(from_iso(created_at), uuid)


def _in_index(sort: str, state: str, until: int | None) -> str:
    """Return the key in the index of what has this sort key."""
    key = sort.replace("inbox#", f"{state}#", 1)
    return key if until is None else f"{key}#{until}"


def _until(item: Item) -> int | None:
    """Return when something in the index expires."""
    until = item["inbox"].split("#")[3:]
    return int(until[0]) if until else None


def _is_shown(item: Item, now: int) -> bool:
    until = _until(item)
    return until is None or until > now


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
        html=item.get("html"),
        image=item.get("image"),
        action_url=item.get("action_url"),
        read_on_show=item.get("read_on_show"),
        expires_at=datetime.fromtimestamp(item["shown_until"], UTC) if "shown_until" in item else None,
    )
