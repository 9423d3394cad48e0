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
from datetime import datetime
from functools import partial
from typing import Any

from nereid.aws.errors import ConditionFailed
from nereid.aws.parallel import all_at_once
from nereid.aws.table import MAX_PAGE_BYTES, Item, Table, bytes_in_answer, digest, tenant
from nereid.clock import from_iso, to_iso
from nereid.errors import Unavailable
from nereid.models.delivery import Plan, Planned
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.ports.messaging import Arrival, Arrivals, MessageFilter

#: A message goes to the one that its id gives; if there are to be more, those of today have to stay among them.
_SHARDS = 8
#: Up to so many deliveries are named by a message's entry in the index of all, so that the sweeper needs no plan to ask
#: for them. With them and ids of the usual length, the entry stays below the kilobyte of a write unit.
_MOST_SWEEPABLE = 8
_COMPRESS_FROM = 4096
#: The size of an item without its keys, with room to spare below DynamoDB's 400 KB.
_ITEM_BYTES = 380_000
_PART_BYTES = 350_000


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

    def add(self, scope: Scope, message: Message, plan: Plan) -> tuple[Message, Plan] | None:
        item = _message_item(scope, message, int(plan.planned_at.timestamp()) + self._retention)
        item.update(self._plan_members(item, plan))
        item["to_sweep"] = _sweepable(plan.deliveries(scope, message.message_id))
        try:
            self._table.put(item, "attribute_not_exists(pk)")
        except ConditionFailed as error:
            stored = self._read(error.old) if error.old else self.get(scope, message.message_id)
            if stored is None:
                raise Unavailable("message expired while it was read") from error
            return stored
        return None

    def get(self, scope: Scope, message_id: str) -> tuple[Message, Plan] | None:
        item = self._table.get(_key(scope, message_id), "message")
        return self._read(item) if item else None

    def page(
        self, scope: Scope, selected: MessageFilter, before: str | None, limit: int
    ) -> tuple[list[Message], str | None]:
        keys: list[tuple[str, str]] = []
        last, position = "", None
        for item in heapq.merge(*self._listings(scope, selected, before, limit + 1), key=_received, reverse=True):
            if len(keys) == limit:
                position = last
                break
            keys.append((item["pk"], item["sk"]))
            last = item["received"]
        found = self._table.get_many(keys, consistent=False)
        messages: list[Message] = []
        size, last = 0, ""
        for item in (found[key] for key in keys if key in found):
            content = _unpack(item["content"])
            size += bytes_in_answer(content if isinstance(content, str) else content.decode())
            if messages and size > MAX_PAGE_BYTES:
                return messages, last
            messages.append(Message.model_validate_json(content))
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
            [Arrival(_message_id(each["pk"]), each["received"], _to_sweep(each)) for each in shown],
            shown[-1]["received"] if shown else None,
            more=len(shown) < len(found) or any(more for _, more in pages),
            reached=from_iso(shown[-1]["received"].partition("#")[0]) if shown else None,
        )

    def delete_many(self, scope: Scope, message_ids: Sequence[str]) -> None:
        self._table.delete_many((_key(scope, message_id), "message") for message_id in message_ids)

    def plans(self, scope: Scope, message_ids: Iterable[str]) -> dict[str, Plan]:
        found = self._plans((_key(scope, message_id), "message") for message_id in message_ids)
        return {_message_id(pk): plan for pk, plan in found.items()}

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
        return {"plan_parts": [f"plan#{name}#{number}" for number in range(len(parts))]}

    def _read(self, item: Item) -> tuple[Message, Plan]:
        return Message.model_validate_json(_unpack(item["content"])), self._read_plan(item)

    def _read_plan(self, item: Item) -> Plan:
        packed = item.get("plan")
        if packed is None:
            keys = [(item["pk"], sk) for sk in item["plan_parts"]]
            parts = self._table.get_many(keys)
            packed = b"".join(parts[key]["part"] for key in keys)
        return Plan.model_validate_json(_unpack(packed))


def _message_item(scope: Scope, message: Message, expires_at: int) -> Item:
    shard = int(digest(message.message_id)[:8], 16) % _SHARDS
    return {
        "pk": _key(scope, message.message_id),
        "sk": "message",
        "content": _pack(message.model_dump_json(exclude_defaults=True)),
        "event_type": message.event_type,
        "timeline": _timeline(scope, shard),
        "event_type_key": _event_type_key(scope, message.event_type, shard),
        "user_key": tenant(scope, "user", message.user_id) if message.user_id is not None else None,
        "received": f"{_moment(message.received_at)}#{digest(message.message_id)}",
        "expires_at": expires_at,
    }


def _sweepable(planned: Sequence[Planned]) -> str | None:
    """Return the ids of a message's deliveries as its entry in the order of arrival has them."""
    ids = [each.id for each in planned if each.recipient]
    return ",".join(ids) if len(ids) <= _MOST_SWEEPABLE else None


def _to_sweep(entry: Item) -> list[str] | None:
    ids = entry.get("to_sweep")
    return None if ids is None else list(filter(None, ids.split(",")))


def _key(scope: Scope, message_id: str) -> str:
    return tenant(scope, "message", message_id)


def _message_id(pk: str) -> str:
    """Return the id of a message from its key: the last part, and no other part holds the separator."""
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
