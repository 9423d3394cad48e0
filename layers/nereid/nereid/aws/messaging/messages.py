"""Messages and their plans in the activity table.

A message is one item; its content is kept as JSON text, compressed if it is large, because an item holds at most
400 KB and a body may be 256 KiB. A plan too large to stand beside it is kept in parts of its own, written first.

Listings go over three indexes that hold little more than keys. Those that many messages share are spread over `_SHARDS`
partitions, since one partition of an index takes no more than 1,000 writes per second. All are read, and merged in the
order of arrival; a position in that order says nothing of partitions, so it holds whatever their number.
"""

import gzip
import heapq
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from nereid import jsontext
from nereid.aws.errors import ConditionFailed
from nereid.aws.parallel import all_at_once
from nereid.aws.table import MAX_PAGE_BYTES, Item, Table, bytes_in_answer, digest, tenant
from nereid.clock import from_iso, to_iso
from nereid.errors import Unavailable
from nereid.models.delivery import Plan, Planned
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.ports.messaging import Arrival, Arrivals, MessageFilter, Outline, StoredMessage

#: A message goes to the one that its id gives; if there are to be more, those of today have to stay among them.
_SHARDS = 8
#: Up to so many deliveries are named by a message's entry in the index of all, so that the sweeper needs no plan to ask
#: for them. With them and ids of the usual length, the entry stays below the kilobyte of a write unit.
_MOST_SWEEPABLE = 8
_COMPRESS_FROM = 4096
#: The size of an item without its keys, with room to spare below DynamoDB's 400 KB.
_ITEM_BYTES = 380_000
_PART_BYTES = 350_000
#: How many conflicts of an id are counted; each takes some bytes of the message's item.
MAX_CONFLICTS = 1000


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

    def add(self, scope: Scope, message: Message, plan: Plan) -> StoredMessage | None:
        item = _message_item(scope, message, int(plan.planned_at.timestamp()) + self._retention)
        item.update(self._plan_members(item, plan))
        item["to_sweep"] = _sweepable(plan.deliveries(scope, message.key))
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
        self, scope: Scope, selected: MessageFilter, before: str | None, limit: int
    ) -> tuple[list[StoredMessage], str | None]:
        keys: list[tuple[str, str]] = []
        last, position = "", None
        for item in heapq.merge(*self._listings(scope, selected, before, limit + 1), key=_received, reverse=True):
            if len(keys) == limit:
                position = last
                break
            keys.append((item["pk"], item["sk"]))
            last = item["received"]
        found = self._table.get_many(keys, consistent=False)
        messages: list[StoredMessage] = []
        size, last = 0, ""
        for item in (found[key] for key in keys if key in found):
            content, plan = _unpack(item["content"]), _listed_plan(item)
            shown = [each.model_dump() for each in plan.all_skipped()]
            size += bytes_in_answer(content if isinstance(content, str) else content.decode())
            size += bytes_in_answer(jsontext.dumps(shown))
            if messages and size > MAX_PAGE_BYTES:
                return messages, last
            messages.append(StoredMessage(Message.model_validate_json(content, extra="ignore"), plan, _conflicts(item)))
            last = item["received"]
        return messages, position

    def arrivals(self, scope: Scope, after: str | None, before: datetime, limit: int) -> Arrivals:
        # A position is unique, so nothing stands between it and itself with a character more.
        first, last = f"{after}!" if after else " ", _moment(before)
        if first > last:
            return Arrivals([], None, more=False)
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
        found = sorted(
            (each for entries, _ in pages for each in entries if each["received"] <= complete), key=_received
        )
        shown = found[:limit]
        return Arrivals(
            [Arrival(_message_key(each["pk"]), each["received"], _to_sweep(each)) for each in shown],
            shown[-1]["received"] if shown else None,
            more=len(shown) < len(found) or any(more for _, more in pages),
            reached=from_iso(shown[-1]["received"].partition("#")[0]) if shown else None,
        )

    def delete_many(self, scope: Scope, message_keys: Sequence[str]) -> None:
        self._table.delete_many((_key(scope, message_key), "message") for message_key in message_keys)

    def outlines(self, scope: Scope, message_keys: Sequence[str]) -> dict[str, Outline]:
        keys = [(_key(scope, message_key), "message") for message_key in message_keys]
        found = self._table.get_attributes(keys, ("pk", "content", "plan", "plan_parts"))
        return {_message_key(item["pk"]): self._outline(item) for item in found}

    def _outline(self, item: Item) -> Outline:
        # Only looked into: to make a message of it takes longer than all the rest.
        content = jsontext.loads(_unpack(item["content"]))
        plan = self._read_plan(item)
        received_at, is_test = from_iso(content["received_at"]), content.get("test") is not None
        return Outline(content["event_type"], received_at, plan, is_test, list(_contacts(content)))

    def plans(self, scope: Scope, message_keys: Iterable[str]) -> dict[str, Plan]:
        found = self._plans((_key(scope, message_key), "message") for message_key in message_keys)
        return {_message_key(pk): plan for pk, plan in found.items()}

    def _plans(self, keys: Iterable[tuple[str, str]]) -> dict[str, Plan]:
        found = self._table.get_many(keys, consistent=False, attributes=("plan", "plan_parts"))
        return {pk: self._read_plan(item) for (pk, _), item in found.items()}

    def _listings(self, scope: Scope, selected: MessageFilter, before: str | None, limit: int) -> list[Iterator[Item]]:
        """Return, for each partition that the selection is spread over, its messages, newest first."""
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
        # Each of several has about its share of a page; some more, since another call takes longer than its keys.
        page = limit if len(partitions) == 1 else min(limit, 2 * limit // len(partitions) + 8)
        return [
            self._table.query(
                condition,
                {**values, ":partition": partition},
                index=index,
                forward=False,
                limit=None if filter_ else page,
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

    def _read(self, item: Item) -> StoredMessage:
        message = Message.model_validate_json(_unpack(item["content"]), extra="ignore")
        return StoredMessage(message, self._read_plan(item), _conflicts(item))

    def _read_plan(self, item: Item) -> Plan:
        packed = item.get("plan")
        if packed is None:
            keys = [(item["pk"], sk) for sk in item["plan_parts"]]
            parts = self._table.get_many(keys)
            packed = b"".join(parts[key]["part"] for key in keys)
        return Plan.model_validate_json(_unpack(packed))


def _message_item(scope: Scope, message: Message, expires_at: int) -> Item:
    shard = int(digest(message.key)[:8], 16) % _SHARDS
    return {
        "pk": _key(scope, message.key),
        "sk": "message",
        "content": _pack(message.model_dump_json(exclude_defaults=True)),
        "event_type": message.event_type,
        "timeline": _timeline(scope, shard),
        "event_type_key": _event_type_key(scope, message.event_type, shard),
        "user_key": tenant(scope, "user", message.user_id) if message.user_id is not None else None,
        "received": f"{_moment(message.received_at)}#{digest(message.key)}",
        "expires_at": expires_at,
    }


def _contacts(content: Item) -> Iterator[tuple[str, str]]:
    for entry in content.get("contact_infos", ()):
        yield str(entry.get("type")), str(entry.get("value") or "")
    if content.get("outreach"):
        yield "email", str(content["outreach"]["to"])


def _conflicts(item: Item) -> int:
    return len(item.get("conflicts", ()))


def _listed_plan(item: Item) -> Plan:
    """Return the plan of a message; of one that is kept in parts, what stands beside the message."""
    packed = item.get("plan") or item.get("plan_head")
    if packed is None:  # in parts, by an earlier release, which kept nothing that a list shows
        return Plan(planned_at=from_iso(item["received"].partition("#")[0]))
    return Plan.model_validate_json(_unpack(packed))


def _sweepable(planned: Sequence[Planned]) -> str | None:
    """Return the ids of a message's deliveries as its entry in the order of arrival has them."""
    ids = [each.id for each in planned if each.recipient]
    return ",".join(ids) if len(ids) <= _MOST_SWEEPABLE else None


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
