"""DynamoDB, with the capacity that each call takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from bench.aws.tally import Tally
from bench.aws.wire import decoded
from bench.clones import Clones, Items
from tests.support.memory_dynamodb import MemoryDynamoDB
from tests.support.memory_dynamodb.values import size_of_item

#: What DynamoDB adds to the size of an item that it stores, in bytes: 100, in the table and in each index.
#: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
OVERHEAD = 100


class Database:
    """DynamoDB in memory.

    Parameters
    ----------
    tables
        The properties of each table by name, as the template has them.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self._definitions = tables
        self._kept: Items = {}
        self._memory = MemoryDynamoDB(tables)

    def call(self, operation: str, body: bytes, tally: Tally) -> tuple[int, Any]:
        """Do what a request asks for; return the status and the answer, and count what it took."""
        given = {**decoded(json.loads(body)), "ReturnConsumedCapacity": "INDEXES"}
        try:
            answer = getattr(self._memory, xform_name(operation))(**given)
        except ClientError as error:
            response = dict(error.response)
            code = response["Error"]["Code"]
            tally.written += _refused(code, given)
            members = {name: response[name] for name in ("Item", "CancellationReasons") if name in response}
            text = response["Error"]["Message"]
            return 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": text, **members}
        del answer["ResponseMetadata"]
        taken = answer.pop("ConsumedCapacity")
        for one in taken if isinstance(taken, list) else [taken]:
            _add(operation, one, tally)
        return 200, answer

    def keep(self) -> None:
        """Remember what is stored now."""
        self._kept = {name: list(self._memory.items(name)) for name in self._memory.names()}

    def restore(self) -> None:
        """Forget all that was stored since :meth:`keep`."""
        self._memory = MemoryDynamoDB(self._definitions)
        for table, items in self._kept.items():
            self.put(table, items)

    def put(self, table: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Store items, which costs nothing: they were there before."""
        for item in items:
            self._memory.put_item(TableName=table, Item=item)

    def grow(self, originals: Sequence[Items], keep: Sequence[str], first: int, last: int) -> None:
        """Store copies of things, in turn, with the numbers from the first up to the last; see `bench.clones`."""
        clones = Clones([decoded(original) for original in originals], keep)
        for name in self._memory.names():
            table = self._memory._all[name]  # noqa: SLF001 - no call of the service's stores so much at once
            names = table.key_attributes
            table.fill((clone.part(names), clone) for clone in clones.of(name, first, last))

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return all items of a table."""
        return list(self._memory.items(table))

    def stored(self) -> dict[str, dict[str, int]]:
        """Return how many items and bytes each table and index stores, as they are billed."""
        found = {}
        for name in self._memory.names():
            table = self._memory._all[name]  # noqa: SLF001 - how much it stores is no call of the service's
            items = self.items(name)
            found[name] = {"items": len(items), "bytes": sum(size_of_item(item) + OVERHEAD for item in items)}
            for index in table.indexes.values():
                held = [index.shown(item) for item in items if index.key_of(item) is not None]
                size = sum(size_of_item(item) + OVERHEAD for item in held)
                found[f"{name}/{index.name}"] = {"items": len(held), "bytes": size}
        return found


def _add(operation: str, taken: Mapping[str, Any], tally: Tally) -> None:
    of_table = taken.get("Table", {}).get("CapacityUnits", 0.0)
    of_indexes = sum(
        one["CapacityUnits"]
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        for one in taken.get(kind, {}).values()
    )
    if operation in ("GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"):
        tally.read += of_table + of_indexes
    else:
        tally.written += of_table
        tally.indexed += of_indexes


def _refused(code: str, given: Mapping[str, Any]) -> int:
    """Return the units of a write that a condition refused: as many as if it had written the item, none here is large.

    A cancelled transaction takes what a done one does.
    """
    if code == "ConditionalCheckFailedException":
        return 1
    return 2 * len(given["TransactItems"]) if code == "TransactionCanceledException" else 0
