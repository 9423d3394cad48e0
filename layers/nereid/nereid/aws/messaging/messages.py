"""Messages and their plans in the activity table.

A message is one item; its content is kept as JSON text, compressed if it is large, because an item holds at most
400 KB and a body may be 256 KiB. A plan too large to stand beside it is kept in parts of its own, written first.

Listings read the journal, and beside it what earlier releases stored: those wrote three indexes, of which those that
many messages share are spread over `_SHARDS` partitions. All are merged in the order of arrival; a position in that
order says nothing of where it was read, so it goes on through both.
"""

import gzip
import heapq
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import compress
from typing import Any, NamedTuple

from nereid import jsontext
from nereid.aws.errors import ConditionFailed
from nereid.aws.messaging.journal import (
    Journal,
    JournalEntry,
    address_mark,
    as_written,
    entry_of,
    position_of,
    user_mark,
)
from nereid.aws.parallel import all_at_once
from nereid.aws.table import MAX_PAGE_BYTES, Item, Table, bytes_in_answer, digest, tenant
from nereid.clock import from_iso, to_iso
from nereid.errors import Unavailable
from nereid.models.addresses import comparable
from nereid.models.delivery import Plan
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.ports.messaging import Arrival, Arrivals, Chooses, MessageFilter, Outline, StoredMessage

#: Over so many partitions earlier releases spread what many messages share.
_SHARDS = 8
#: How many entries of a partition of an index one call reads.
_INDEXED_ITEMS = 16
#: How long a page may take before it ends as it is, in seconds; its function has ten.
_READING_SECONDS = 4.0
#: How many messages are read at once that are chosen by their deliveries.
_STEP = 100
_COMPRESS_FROM = 4096
#: The size of an item without its keys, with room to spare below DynamoDB's 400 KB.
_ITEM_BYTES = 380_000
_PART_BYTES = 350_000
#: How many conflicts of an id are counted; each takes some bytes of the message's item.
MAX_CONFLICTS = 1000


class _Found(NamedTuple):
    """A message that a listing comes by, by its item's key; without one, how far it has come by nothing."""

    position: str
    key: str | None


class _Step(NamedTuple):
    """Messages that a listing comes by."""

    entries: list[_Found]
    #: Up to where everything is among them.
    passed: str
    more: bool


class DynamoMessageStore:
    """Implements `nereid.ports.messaging.MessageStore`.

    Parameters
    ----------
    retention_seconds
        How long a message is kept; only needed to add them.
    """

    def __init__(self, table: Table, retention_seconds: int = 0) -> None:
        self._table = table
        self._retention = retention_seconds
        self._journal = Journal(table, retention_seconds)

    def add(self, scope: Scope, message: Message, plan: Plan) -> StoredMessage | None:
        item = _message_item(scope, message, int(plan.planned_at.timestamp()) + self._retention)
        item.update(self._plan_members(item, plan))
        try:
            self._table.put(item, "attribute_not_exists(pk)")
        except ConditionFailed as error:
            stored = self._read(error.old) if error.old else self.get(scope, message.key)
            if stored is None:
                raise Unavailable("message expired while it was read") from error
            return stored
        return None

    def get(self, scope: Scope, message_key: str) -> StoredMessage | None:
        item = self._table.get(_key(scope, message_key), "message")
        return self._read(item) if item else None

    def count_conflict(self, scope: Scope, message_key: str, mark: str) -> bool:
        with suppress(ConditionFailed):  # counted, too many, or the message is not kept any more
            self._table.update(
                _key(scope, message_key),
                "message",
                "ADD conflicts :marks",
                {":marks": {mark}, ":mark": mark, ":most": MAX_CONFLICTS},
                condition="attribute_exists(pk) AND (attribute_not_exists(conflicts) OR "
                "(NOT contains(conflicts, :mark) AND size(conflicts) < :most))",
            )
            return True
        return False

    def announce(self, scope: Scope, planned: Sequence[tuple[Message, Plan]], now: datetime) -> None:
        self._journal.write(scope, [_entry(scope, message, plan) for message, plan in planned], now)

    def replace(self, scope: Scope, message: Message, plan: Plan | None = None) -> None:
        # Nothing else of the item follows from what changes, but for whom lists find it by.
        sets: Item = {"content": _pack(message.model_dump_json(exclude_defaults=True))}
        gone = ["user_key"] if message.user_id is None else []
        if plan is not None:
            expires_at = int(plan.planned_at.timestamp()) + self._retention
            item = {"pk": _key(scope, message.key), "content": sets["content"], "expires_at": expires_at}
            sets |= self._plan_members(item, plan)
            gone += [name for name in ("plan", "plan_parts", "plan_head") if name not in sets]
        setting = ", ".join(f"#{name} = :{name}" for name in sets)
        removing = f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""
        with suppress(ConditionFailed):  # it is not kept any more
            self._table.update(
                _key(scope, message.key),
                "message",
                f"SET {setting}{removing}",
                {f":{name}": value for name, value in sets.items()},
                names={f"#{name}": name for name in [*sets, *gone]},
                condition="attribute_exists(pk)",
            )
        if plan is not None:
            # The parts of a plan that was there before, also if somebody was interrupted here.
            kept = sets.get("plan_parts", [])
            parts = self._table.query(
                "pk = :pk AND begins_with(sk, :part)", {":pk": _key(scope, message.key), ":part": "plan#"}
            )
            self._table.delete_many([(part["pk"], part["sk"]) for part in parts if part["sk"] not in kept])

    def page(
        self,
        scope: Scope,
        selected: MessageFilter,
        before: str | None,
        limit: int,
        chooses: Chooses | None = None,
    ) -> tuple[list[StoredMessage], str | None]:
        end = time.monotonic() + _READING_SECONDS
        page: list[StoredMessage] = []
        size, last = 0, ""
        # What is chosen by its deliveries is read in larger steps.
        step = limit if chooses is None else max(limit, _STEP)
        for found in self._steps(scope, selected, before, step):
            stored = self._stored(selected, found.entries, whole=chooses is not None)
            chosen = stored if chooses is None or not stored else _chosen(stored, chooses)
            for number, (position, message, content) in enumerate(chosen):
                size += content
                if page and size > MAX_PAGE_BYTES:
                    return page, last
                page.append(message)
                last = position
                if len(page) == limit:
                    return page, last if found.more or number + 1 < len(chosen) else None
            if found.more and time.monotonic() > end:
                return page, found.passed
        return page, None

    def _steps(self, scope: Scope, selected: MessageFilter, before: str | None, size: int) -> Iterator[_Step]:
        """Yield what a listing comes by, newest first: entries that are likely to be selected."""
        entries: list[_Found] = []
        passed = ""
        listed = heapq.merge(
            self._in_journal(scope, selected, before),
            self._in_indexes(scope, selected, before),
            key=lambda each: each.position,
            reverse=True,
        )
        is_search, passed_by = selected != MessageFilter(), 0
        for each in listed:
            if each.position == passed:
                continue  # named twice
            is_full = len(entries) == size
            if each.key is None:
                passed_by += 1
            # Who has a page wants to know whether something follows, but not at any price.
            if entries and (is_full if each.key is not None else is_search or (is_full and passed_by > 1)):
                yield _Step(entries, passed, more=True)
                entries, passed_by = [], 0
            if each.key is not None:
                entries.append(each)
                passed = each.position
            elif not entries:
                passed = each.position
                yield _Step([], passed, more=True)
        yield _Step(entries, passed, more=False)

    def _in_journal(self, scope: Scope, selected: MessageFilter, before: str | None) -> Iterator[_Found]:
        wanted: list[list[str]] = []
        if selected.user_id is not None:
            wanted.append([user_mark(selected.user_id)])
        if selected.address:
            wanted.append([*map(address_mark, selected.address)])
        marks = [set(group) for group in wanted]
        if selected.event_type is not None:
            wanted.append([as_written(selected.event_type)])
        before = _earlier(before, selected.until)
        for position, entry in self._journal.newest(scope, before, selected.since, wanted):
            if entry is None:
                yield _Found(position, None)
            elif selected.event_type in (None, entry.event_type) and (
                entry.marks is None or all(group.intersection(entry.marks) for group in marks)
            ):
                yield _Found(position, _key(scope, entry.message_key))

    def _in_indexes(self, scope: Scope, selected: MessageFilter, before: str | None) -> Iterator[_Found]:
        """Yield the messages that an earlier release stored, which wrote indexes."""
        before = _earlier(before, selected.until)
        since = to_iso(selected.since) if selected.since else ""
        for item in heapq.merge(*self._listings(scope, selected, before), key=_received, reverse=True):
            if item["received"] < since:
                return
            yield _Found(item["received"], item["pk"])

    def _stored(
        self, selected: MessageFilter, entries: Sequence[_Found], *, whole: bool
    ) -> list[tuple[str, StoredMessage, int]]:
        """Return the messages of entries that are there and are what was selected, with their sizes in an answer."""
        keys = [(each.key, "message") for each in entries if each.key is not None]
        found = self._table.get_many(keys, consistent=False)
        stored: list[tuple[str, StoredMessage, int]] = []
        for entry, key in zip((each for each in entries if each.key is not None), keys, strict=True):
            item = found.get(key)
            if item is None:
                continue
            content = _unpack(item["content"])
            message = Message.model_validate_json(content, extra="ignore")
            # An entry of another time is one of a message that came with the same id.
            if position_of(message.received_at, message.key) != entry.position or not _is_selected(message, selected):
                continue
            plan = self._read_plan(item) if whole else _listed_plan(item, message)
            if plan is None:
                continue
            shown = [each.model_dump() for each in plan.all_skipped()]
            size = bytes_in_answer(content if isinstance(content, str) else content.decode())
            size += bytes_in_answer(jsontext.dumps(shown))
            stored.append((entry.position, StoredMessage(message, plan, _conflicts(item)), size))
        return stored

    def arrivals(
        self, scope: Scope, after: str | None, before: datetime, limit: int, *, naming: Collection[str] | None = None
    ) -> Arrivals:
        # A position is unique, so nothing stands between it and itself with a character more.
        first, last = f"{after}!" if after else " ", _moment(before)
        if first > last:
            return Arrivals([], None, more=False)
        items, complete = self._journal.oldest(scope, first, last, limit)
        indexed, read_to = self._indexed(scope, first, complete, limit)
        items = [item for item in items if item.sk <= read_to]
        seen = after
        placed: list[tuple[str, Arrival]] = [(each["received"], _indexed_arrival(each)) for each in indexed]
        for item in items:
            # Up to an item that was looked at in part nothing is passed.
            arrivals = [Arrival(each.message_key, None, each.deliveries) for each in item.entries]
            placed += [(item.sk, each) for each in arrivals[:-1]]
            placed.append((item.sk, arrivals[-1]._replace(position=item.sk)))
        placed.sort(key=lambda each: each[0])
        others: set[str] = set()
        if naming is not None:
            marks = {*map(address_mark, naming)}
            entries = [entry for item in items for entry in item.entries]
            others = {entry.message_key for entry in entries}
            others -= {entry.message_key for entry in entries if entry.may_name(marks)}
        messages = []
        for _, arrival in placed:
            seen = arrival.position or seen
            if arrival.message_id not in others:
                messages.append(arrival._replace(position=seen))
        reached = placed[-1][0] if placed else None
        return Arrivals(
            messages,
            reached,
            more=read_to < last,
            reached=from_iso(reached.partition("#")[0]) if reached else None,
            names=[(item.pk, item.sk) for item in items],
        )

    def forget_arrivals(self, names: Sequence[tuple[str, str]]) -> None:
        self._journal.delete(names)

    def _indexed(self, scope: Scope, first: str, last: str, limit: int) -> tuple[list[Item], str]:
        """Return messages that an earlier release stored, as they arrived, and up to where they are all."""
        pages = all_at_once(
            [
                partial(
                    self._table.first,
                    "timeline = :partition AND received BETWEEN :first AND :last",
                    {":partition": _timeline(scope, shard), ":first": first, ":last": last},
                    index="timeline",
                    # Each partition has about its share of a page.
                    limit=limit // _SHARDS + 8,
                    attributes=("pk", "received", "to_sweep"),
                )
                for shard in range(_SHARDS)
            ]
        )
        # What a partition has behind its page may have arrived before what stands at the end of another's.
        complete = min((entries[-1]["received"] for entries, more in pages if more), default=last)
        return [each for entries, _ in pages for each in entries if each["received"] <= complete], complete

    def delete_many(self, scope: Scope, message_keys: Sequence[str]) -> None:
        self._table.delete_many((_key(scope, each), "message") for each in dict.fromkeys(message_keys))

    def outlines(self, scope: Scope, message_keys: Sequence[str]) -> dict[str, Outline]:
        keys = [(_key(scope, message_key), "message") for message_key in message_keys]
        found = self._table.get_attributes(keys, ("pk", "content", "plan", "plan_parts"))
        outlines = {_message_key(item["pk"]): self._outline(item) for item in found}
        return {key: outline for key, outline in outlines.items() if outline is not None}

    def _outline(self, item: Item) -> Outline | None:
        # Only looked into: to make a message of it takes longer than all the rest.
        content = jsontext.loads(_unpack(item["content"]))
        plan = self._read_plan(item)
        if plan is None:
            return None
        received_at, is_test = from_iso(content["received_at"]), content.get("test") is not None
        return Outline(content["event_type"], received_at, plan, is_test, list(_contacts(content)))

    def plans(self, scope: Scope, message_keys: Iterable[str]) -> dict[str, Plan]:
        found = self._plans((_key(scope, message_key), "message") for message_key in message_keys)
        return {_message_key(pk): plan for pk, plan in found.items()}

    def _plans(self, keys: Iterable[tuple[str, str]]) -> dict[str, Plan]:
        found = self._table.get_many(keys, consistent=False, attributes=("plan", "plan_parts"))
        plans = {pk: self._read_plan(item) for (pk, _), item in found.items()}
        return {pk: plan for pk, plan in plans.items() if plan is not None}

    def _listings(self, scope: Scope, selected: MessageFilter, before: str | None) -> list[Iterator[Item]]:
        """Return, for each partition of an index that the selection is spread over, its messages, newest first."""
        if selected.user_id is not None:
            index, attribute, partitions = "by_user", "user_key", [tenant(scope, "user", selected.user_id)]
        elif selected.event_type is not None:
            index, attribute = "by_event_type", "event_type_key"
            partitions = [_event_type_key(scope, selected.event_type, shard) for shard in range(_SHARDS)]
        else:
            index, attribute = "timeline", "timeline"
            partitions = [_timeline(scope, shard) for shard in range(_SHARDS)]
        condition, values = f"{attribute} = :partition", {}
        if before is not None:
            condition, values[":before"] = f"{attribute} = :partition AND received < :before", before
        filter_ = None
        if selected.user_id is not None and selected.event_type is not None:
            filter_, values[":event_type"] = "event_type = :event_type", selected.event_type
        return [
            self._table.query(
                condition,
                {**values, ":partition": partition},
                index=index,
                forward=False,
                limit=None if filter_ else _INDEXED_ITEMS,
                filter_=filter_,
            )
            for partition in partitions
        ]

    def _plan_members(self, item: Item, plan: Plan) -> Item:
        packed = _pack(plan.model_dump_json(exclude_defaults=True))
        if len(packed) + len(item["content"]) <= _ITEM_BYTES:
            return {"plan": packed}
        # Parts are named by their content: two runs with different plans never mix theirs.
        raw = packed if isinstance(packed, bytes) else packed.encode()
        name = digest(raw.hex())
        parts = [raw[first : first + _PART_BYTES] for first in range(0, len(raw), _PART_BYTES)]
        for number, part in enumerate(parts):
            self._table.put(
                {"pk": item["pk"], "sk": f"plan#{name}#{number}", "part": part, "expires_at": item["expires_at"]}
            )
        head = plan.model_copy(update={"recipients": [], "notifications": []})
        return {
            "plan_parts": [f"plan#{name}#{number}" for number in range(len(parts))],
            # For lists, which show no deliveries.
            "plan_head": head.model_dump_json(exclude_defaults=True),
        }

    def _read(self, item: Item) -> StoredMessage | None:
        plan = self._read_plan(item)
        if plan is None:
            return None
        message = Message.model_validate_json(_unpack(item["content"]), extra="ignore")
        return StoredMessage(message, plan, _conflicts(item))

    def _read_plan(self, item: Item) -> Plan | None:
        """Return the plan of a message; None if a part of it is gone, and the message is not kept any more.

        DynamoDB removes what has expired in any order, within days.
        """
        packed = item.get("plan")
        if packed is None:
            keys = [(item["pk"], sk) for sk in item["plan_parts"]]
            parts = self._table.get_many(keys)
            if len(parts) < len(keys):
                return None
            packed = b"".join(parts[key]["part"] for key in keys)
        return Plan.model_validate_json(_unpack(packed))


def _message_item(scope: Scope, message: Message, expires_at: int) -> Item:
    return {
        "pk": _key(scope, message.key),
        "sk": "message",
        "content": _pack(message.model_dump_json(exclude_defaults=True)),
        "expires_at": expires_at,
    }


def _entry(scope: Scope, message: Message, plan: Plan) -> JournalEntry:
    planned = [(each.id, each.recipient) for each in plan.deliveries(scope, message.key) if each.recipient]
    marks = {address_mark(comparable(to.type, to.value)) for _, to in planned}
    marks |= {address_mark(comparable(each.type, each.value)) for each in message.contacts()}
    if message.outreach is not None:
        marks.add(address_mark(comparable("email", message.outreach.to)))
    if message.user_id is not None:
        marks.add(user_mark(message.user_id))
    return entry_of(message.key, message.event_type, message.received_at, [id_ for id_, _ in planned], marks)


def _contacts(content: Item) -> Iterator[tuple[str, str]]:
    for entry in content.get("contact_infos", ()):
        yield str(entry.get("type")), str(entry.get("value") or "")
    if content.get("outreach"):
        yield "email", str(content["outreach"]["to"])


def _conflicts(item: Item) -> int:
    return len(item.get("conflicts", ()))


def _is_selected(message: Message, selected: MessageFilter) -> bool:
    return (
        selected.event_type in (None, message.event_type)
        and selected.user_id in (None, message.user_id)
        and (selected.since is None or message.received_at >= selected.since)
        and (selected.until is None or message.received_at < selected.until)
    )


def _earlier(before: str | None, until: datetime | None) -> str | None:
    """Return which comes first of a position and a moment."""
    given = [each for each in (before, to_iso(until) if until else None) if each is not None]
    return min(given, default=None)


def _chosen(stored: Sequence[tuple[str, StoredMessage, int]], chooses: Chooses) -> list[tuple[str, StoredMessage, int]]:
    return list(compress(stored, chooses([message for _, message, _ in stored])))


def _listed_plan(item: Item, message: Message) -> Plan:
    """Return the plan of a message; of one that is kept in parts, what stands beside the message."""
    packed = item.get("plan") or item.get("plan_head")
    if packed is None:  # in parts, by an earlier release, which kept nothing that a list shows
        return Plan(planned_at=message.received_at)
    return Plan.model_validate_json(_unpack(packed))


def _indexed_arrival(entry: Item) -> Arrival:
    return Arrival(_message_key(entry["pk"]), entry["received"], _to_sweep(entry))


def _to_sweep(entry: Item) -> list[str] | None:
    ids = entry.get("to_sweep")
    return None if ids is None else list(filter(None, ids.split(",")))


def _key(scope: Scope, message_key: str) -> str:
    return tenant(scope, "message", message_key)


def _message_key(pk: str) -> str:
    """Return the key of a message from its item's: the last part, and no other part holds the separator."""
    return pk.split("#", 3)[3]


def _timeline(scope: Scope, shard: int) -> str:
    return tenant(scope, "timeline", str(shard))


def _event_type_key(scope: Scope, event_type: str, shard: int) -> str:
    return tenant(scope, "event_type", str(shard), event_type)


def _received(item: Item) -> str:
    return str(item["received"])


def _moment(moment: datetime) -> str:
    return to_iso(moment)


def _pack(text: str) -> Any:
    raw = text.encode()
    return gzip.compress(raw, 6, mtime=0) if len(raw) > _COMPRESS_FROM else text


def _unpack(packed: str | bytes) -> str | bytes:
    is_compressed = isinstance(packed, bytes) and packed[:2] == b"\x1f\x8b"
    return gzip.decompress(packed) if is_compressed and isinstance(packed, bytes) else packed
