"""DynamoDB in memory that tells what its calls cost, and which keys they wrote to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from local_stack.aws.memory_dynamodb.capacity import Meter
from local_stack.aws.memory_dynamodb.tables import Index, Table
from local_stack.aws.memory_dynamodb.writes import Planned

_READ_BYTES = 4096
_WRITE_BYTES = 1024


class Place(NamedTuple):
    """What shares the throughput of one partition: all items of a table or index that have a partition key."""

    table: str
    #: None for the table itself.
    index_name: str | None
    partition: str


class Spent(NamedTuple):
    """Capacity units: what was read, written to tables, and written to indexes."""

    read: float
    written: int
    indexed: int


class MeteredDynamoDB(MemoryDynamoDB):
    """DynamoDB in memory, with the capacity units that the service would ask, from the sizes of the items.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """

    def __init__(self, tables: Any) -> None:
        self.read = 0.0
        #: Write units by partition.
        self.written: Counter[Place] = Counter()
        #: Write units by item, of tables alone.
        self.written_to: Counter[tuple[str, str, str]] = Counter()
        #: Table, partition key and sort key of everything that was ever written.
        self.keys: set[tuple[str, str, str]] = set()
        super().__init__(tables)

    def __setattr__(self, name: str, value: Any) -> None:
        # Each call begins with a meter of its own.
        super().__setattr__(name, _Meter(self) if name == "_meter" else value)

    def put_item(self, **given: Any) -> Any:
        """Store an item, and count the attempt."""
        return self._tried(super().put_item, given, given["Item"])

    def update_item(self, **given: Any) -> Any:
        """Change an item, and count the attempt."""
        return self._tried(super().update_item, given, given["Key"])

    def delete_item(self, **given: Any) -> Any:
        """Delete an item, and count the attempt."""
        return self._tried(super().delete_item, given, given["Key"])

    def _tried(self, call: Callable[..., Any], given: Mapping[str, Any], key: Mapping[str, Any]) -> Any:
        try:
            return call(**given)
        except ClientError as error:
            # A write whose condition does not hold costs as much as one of the item that it met: none here is large.
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                pk, sk = key["pk"]["S"], key["sk"]["S"]
                self.written[Place(given["TableName"], None, pk)] += 1
                self.written_to[given["TableName"], pk, sk] += 1
            raise

    def spent(self) -> Spent:
        """Return what all calls cost since the last :meth:`forget`."""
        indexed = sum(units for place, units in self.written.items() if place.index_name)
        return Spent(self.read, sum(self.written.values()) - indexed, indexed)

    def cost(self, call: Callable[[], Any]) -> Spent:
        """Do something; return what it cost."""
        self.forget()
        call()
        return self.spent()

    def forget(self) -> None:
        """Begin to count anew."""
        self.read = 0.0
        self.written.clear()
        self.written_to.clear()


class _Meter(Meter):
    """Notes what a call reads and writes.

    Parameters
    ----------
    whole
        Where it is added up.
    """

    def __init__(self, whole: MeteredDynamoDB) -> None:
        super().__init__("TOTAL")
        self._whole = whole

    def read(self, _table: Table, _index: Index, size: int, *, consistent: bool, times: int = 1) -> None:
        self._whole.read += max(1, math.ceil(size / _READ_BYTES)) * (1 if consistent else 0.5) * times

    def write(self, write: Planned, *, times: int = 1) -> None:
        name, (pk, sk) = write.table.name, write.key
        size = max(row.size if row else 0 for row in (write.before, write.after))
        units = max(1, math.ceil(size / _WRITE_BYTES)) * times
        self._whole.written[Place(name, None, pk)] += units
        self._whole.written_to[name, pk, sk] += units
        self._whole.keys.add((name, pk, sk))
        for index, partition, how_many in _indexed(write):
            self._whole.written[Place(name, index, partition)] += how_many


def _indexed(write: Planned) -> Iterator[tuple[str, str, int]]:
    """Yield what a write costs of each index: a unit to take the old entry out, and one to put the new one in.

    An entry that stays where it is costs one if what the index holds of the item has changed. Keys are below 1 KB.
    """
    before, after = (row.item if row else {} for row in (write.before, write.after))
    for name, index in write.table.indexes.items():
        old, new = index.key_of(before), index.key_of(after)
        if old != new:
            for key in (old, new):
                if key is not None:
                    yield name, key[0], 1
        elif new is not None and index.shown(before) != index.shown(after):
            yield name, new[0], 1
