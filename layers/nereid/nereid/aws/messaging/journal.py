"""The journal of an environment's messages, in the activity table: in it they are found by time, user and address.

An item of it names all messages that were processed together, where an index would be written for each of them. It is
written before the messages it names: an entry without its message means nothing, a message without an entry is never
there. Who handles a record again writes its entry again; readers take the entries of one message at one time for one.

An item's sort key begins with the time of the last arrival in it, and no entry came `_SPREAD` earlier than that. So
items that are read backwards give their entries in order, and a moment's entries are found without reading others.
See docs/adr/0043-a-journal-of-messages.md.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from nereid import jsontext
from nereid.aws.parallel import all_at_once
from nereid.aws.table import Item, Table, digest, tenant
from nereid.clock import from_iso, to_iso
from nereid.models.team import Scope

#: One partition takes 1,000 writes per second. If there are to be more, those of today have to stay among them.
SHARDS = 8
#: How far apart the arrivals are that one item may name.
_SPREAD = timedelta(minutes=1)
#: How many messages one item names: a list of a few reads whole items.
_MOST_ENTRIES = 40
#: With more deliveries or addresses than this, an entry leaves them to the message's plan.
_MOST_DELIVERIES, _MOST_MARKS = 8, 16
#: How many items of each partition a list reads at first, and at most; each time it reads four times as many.
_FIRST_ITEMS, _MOST_ITEMS = 4, 1000
#: The length of a mark, which is a digest of six bytes.
_MARK = 8
#: Stands for the marks of a message that has too many. No mark has it.
_ANY = "*"
#: Stands before a UUID that is written short.
_SHORT = "~"
#: Comes after all that can stand in a sort key.
_END = "~"


class JournalEntry(NamedTuple):
    """What the journal says of a message."""

    #: The message's key.
    message_key: str
    event_type: str
    received_at: datetime
    #: The ids of its deliveries that have a recipient; None if they are too many.
    deliveries: Sequence[str] | None
    #: The marks of its user and of the addresses of its deliveries; None if they are too many.
    marks: Collection[str] | None
    #: Whether there are marks of the addresses as well that it names and nothing was sent to.
    has_named: bool = False

    def may_name(self, marks: Collection[str]) -> bool:
        """Tell whether its message may name one of some addresses, by their marks."""
        return self.marks is None or not self.has_named or not set(marks).isdisjoint(self.marks)

    @property
    def position(self) -> str:
        """Where it stands in the order of arrival."""
        return position_of(self.received_at, self.message_key)


class JournalItem(NamedTuple):
    """An item of the journal, with all that it names."""

    pk: str
    sk: str
    entries: list[JournalEntry]


def position_of(received_at: datetime, message_key: str) -> str:
    """Return where a message stands in the order of arrival; no other stands there."""
    return f"{to_iso(received_at)}#{digest(message_key)}"


def user_mark(user_id: str) -> str:
    """Return what stands for a user in the journal."""
    return _mark("user", user_id)


def address_mark(comparable: str) -> str:
    """Return what stands for an address, in the form in which addresses are compared."""
    return _mark("address", comparable)


def _mark(kind: str, text: str) -> str:
    raw = hashlib.sha256(f"{kind}:{text}".encode()).digest()[: _MARK * 3 // 4]
    return base64.urlsafe_b64encode(raw).decode()


class Journal:
    """Writes and reads the journal.

    Parameters
    ----------
    retention_seconds
        How long an entry is kept; only needed to write them.
    """

    def __init__(self, table: Table, retention_seconds: int = 0) -> None:
        self._table = table
        self._retention = retention_seconds

    def write(self, scope: Scope, entries: Iterable[JournalEntry], now: datetime) -> None:
        """Write entries, in as few items as they fit in."""
        expires_at = int(now.timestamp()) + self._retention
        items = [_item(scope, group, expires_at) for group in _groups(entries)]
        if len(items) == 1:
            self._table.put(items[0])
        elif items:
            self._table.put_many(items)

    def newest(
        self, scope: Scope, before: str | None, since: datetime | None, wanted: Sequence[Collection[str]]
    ) -> Iterator[tuple[str, JournalEntry | None]]:
        """Yield entries, newest first, from before a position.

        Parameters
        ----------
        since
            The earliest arrival to read.
        wanted
            Texts, as an item has them. What has none of one of these groups may be left out.

        Yields
        ------
        A position, and the entry there; or a position and None: there is nothing more down to there.
        """
        first = to_iso(since) if since is not None else " "
        last = _END if before is None else _items_before(before)
        if first > last:  # which DynamoDB refuses to look between
            return
        places = [_Place(tenant(scope, "journal", str(shard))) for shard in range(SHARDS)]
        kept: list[JournalEntry] = []
        size = _FIRST_ITEMS
        while any(place.has_more for place in places):
            reading = _behind(places)
            for items in all_at_once([partial(self._read, place, first, last, size) for place in reading]):
                for item in items:
                    if _may_have(item["entries"], wanted):
                        kept += to_item(item).entries
            bound = max((place.reached for place in places if place.has_more), default=" ").partition("#")[0]
            if bound == _END:
                continue
            down_to = f"{bound}#{_END}"
            passed = sorted((each for each in kept if each.position > down_to), key=_position, reverse=True)
            kept = [each for each in kept if each.position <= down_to]
            for entry in passed:
                if (before is None or entry.position < before) and entry.position >= first:
                    yield entry.position, entry
            if bound != " " and (before is None or down_to < before):
                yield down_to, None
            size = min(4 * size, _MOST_ITEMS)

    def _read(self, place: "_Place", first: str, last: str, size: int) -> list[Item]:
        items, more = self._table.page(
            "pk = :pk AND sk BETWEEN :first AND :last",
            {":pk": place.pk, ":first": first, ":last": last},
            forward=False,
            limit=size,
            attributes=("pk", "sk", "entries"),
            start=(place.pk, place.reached) if place.reached != _END else None,
        )
        place.has_more = more
        if items:
            place.reached = items[-1]["sk"]
        return items

    def oldest(self, scope: Scope, first: str, last: str, limit: int) -> tuple[list[JournalItem], str]:
        """Return items between two positions, oldest first, and up to where there are no others.

        Parameters
        ----------
        limit
            About how many messages are wanted; there may be more.
        """
        pages = all_at_once(
            [
                partial(
                    self._table.page,
                    "pk = :pk AND sk BETWEEN :first AND :last",
                    {":pk": tenant(scope, "journal", str(shard)), ":first": first, ":last": last},
                    forward=True,
                    # Each partition has about its share of a page, and an item about four messages.
                    limit=limit // (4 * SHARDS) + 8,
                    attributes=("pk", "sk", "entries"),
                )
                for shard in range(SHARDS)
            ]
        )
        # What a partition has behind its page may have arrived before what stands at the end of another's.
        complete = min((items[-1]["sk"] for items, more in pages if more), default=last)
        found = [to_item(item) for items, _ in pages for item in items if item["sk"] <= complete]
        return sorted(found, key=lambda item: item.sk), complete

    def delete(self, items: Iterable[tuple[str, str]]) -> None:
        """Delete items by their keys."""
        self._table.delete_many(items)


def _items_before(position: str) -> str:
    """Return up to which sort key items may name something from before a position."""
    try:
        return f"{to_iso(from_iso(position.partition('#')[0]) + _SPREAD)}{_END}"
    except (ValueError, OverflowError):  # it was none of ours, and says what it says as a text
        return _END


class _Place:
    """How far a partition of the journal has been read, backwards."""

    def __init__(self, pk: str) -> None:
        self.pk = pk
        self.reached = _END
        self.has_more = True


def _behind(places: Sequence[_Place]) -> list[_Place]:
    """Return the partitions to read on, which are those that were read less far: others wait for them."""
    rest = sorted((place for place in places if place.has_more), key=lambda place: place.reached, reverse=True)
    return [place for place in rest if place.reached >= rest[len(rest) // 2].reached]


def _position(entry: JournalEntry) -> str:
    return entry.position


def _may_have(entries: str, wanted: Sequence[Collection[str]]) -> bool:
    """Tell whether an item may name what is wanted. Most do not, and are not even parsed."""
    return all(f'"{_ANY}"' in entries or any(text in entries for text in group) for group in wanted)


def as_written(text: str) -> str:
    """Return a text as it stands in an item."""
    return jsontext.dumps(text)


def _groups(entries: Iterable[JournalEntry]) -> Iterator[list[JournalEntry]]:
    """Yield entries that one item may name, each once."""
    group: list[JournalEntry] = []
    for position, entry in sorted({each.position: each for each in entries}.items(), reverse=True):
        del position
        if group and (len(group) == _MOST_ENTRIES or group[0].received_at - entry.received_at > _SPREAD):
            yield group
            group = []
        group.append(entry)
    if group:
        yield group


def _item(scope: Scope, group: Sequence[JournalEntry], expires_at: int) -> Item:
    name = digest("\n".join(each.message_key for each in group))
    last = group[0].received_at
    event_types = list(dict.fromkeys(each.event_type for each in group))
    rows = [
        [
            _short(each.message_key),
            event_types.index(each.event_type),
            _milliseconds(last) - _milliseconds(each.received_at),
            None if each.deliveries is None else _packed(each.deliveries),
            _ANY if each.marks is None else "".join(sorted(each.marks)),
            int(each.has_named),
        ]
        for each in group
    ]
    return {
        "pk": tenant(scope, "journal", str(int(name[:8], 16) % SHARDS)),
        # As long as makes two of the same millisecond and partition unlike.
        "sk": f"{to_iso(last)}#{name[-12:]}",
        "entries": jsontext.dumps([event_types, rows]),
        "expires_at": expires_at,
    }


def to_item(item: Item) -> JournalItem:
    """Return an item of the journal as it was written."""
    last = from_iso(item["sk"].partition("#")[0])
    event_types, rows = json.loads(item["entries"])
    entries = [
        JournalEntry(
            _long(key),
            event_types[index],
            last - timedelta(milliseconds=before),
            None if ids is None else _unpacked(ids),
            None if marks == _ANY else [marks[start : start + _MARK] for start in range(0, len(marks), _MARK)],
            bool(more and more[0]),
        )
        # What a newer release says besides is not known here.
        for key, index, before, ids, marks, *more in rows
    ]
    return JournalItem(item["pk"], item["sk"], entries)


def entry_of(
    message_key: str, event_type: str, received_at: datetime, deliveries: Sequence[str], marks: Collection[str]
) -> JournalEntry:
    """Return the entry of a message, with as much as one may have."""
    return JournalEntry(
        message_key,
        event_type,
        received_at,
        deliveries if len(deliveries) <= _MOST_DELIVERIES else None,
        marks if len(marks) <= _MOST_MARKS else None,
        has_named=True,
    )


def _milliseconds(moment: datetime) -> int:
    """Return a moment as a sort key has it: cut, not rounded."""
    return (int(moment.timestamp()) * 1_000_000 + moment.microsecond) // 1000


def _packed(ids: Iterable[str]) -> str:
    """Write UUIDs in 22 characters each, less what their ends share."""
    raw = b"".join(uuid.UUID(each).bytes for each in ids)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unpacked(text: str) -> list[str]:
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    digits = raw.hex()
    return [
        f"{digits[at : at + 8]}-{digits[at + 8 : at + 12]}-{digits[at + 12 : at + 16]}-{digits[at + 16 : at + 20]}-"
        f"{digits[at + 20 : at + 32]}"
        for at in range(0, len(digits), 32)
    ]


def _short(key: str) -> str:
    """Return a message's key as an item has it: most are UUIDs."""
    try:
        is_uuid = str(uuid.UUID(key)) == key
    except ValueError:
        is_uuid = False
    if is_uuid:
        return _SHORT + _packed([key])
    return _SHORT + key if key.startswith(_SHORT) else key


def _long(key: str) -> str:
    if not key.startswith(_SHORT):
        return key
    rest = key.removeprefix(_SHORT)
    return rest if rest.startswith(_SHORT) else _unpacked(rest)[0]
