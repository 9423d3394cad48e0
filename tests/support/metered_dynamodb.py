"""DynamoDB in memory that tells what its calls cost, and which keys they wrote to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.support.memory_dynamodb import MemoryDynamoDB
from tests.support.memory_dynamodb.writes import Planned

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
        super().__init__(tables)
        self.read = 0.0
        #: Write units by partition.
        self.written: Counter[Place] = Counter()
        #: Write units by item, of tables alone.
        self.written_to: Counter[tuple[str, str, str]] = Counter()

    def spent(self) -> Spent:
        """Return what all calls cost since the last :meth:`forget`."""
        indexed = sum(units for place, units in self.written.items() if place.index_name)
        return Spent(self.read, sum(self.written.values()) - indexed, indexed)

    def forget(self) -> None:
        """Begin to count anew."""
        self.read = 0.0
        self.written.clear()
        self.written_to.clear()

    def get_item(self, **given: Any) -> Any:
        """Return an item, and count it."""
        return self._read_with(super().get_item, given)

    def batch_get_item(self, **given: Any) -> Any:
        """Return items, and count each."""
        return self._read_with(super().batch_get_item, given)

    def query(self, **given: Any) -> Any:
        """Return a page, and count what was read for it."""
        return self._read_with(super().query, given)

    def _read_with(self, call: Callable[..., Any], given: Mapping[str, Any]) -> Any:
        answer = call(**given, ReturnConsumedCapacity="TOTAL")
        taken = answer.pop("ConsumedCapacity")
        self.read += sum(each["CapacityUnits"] for each in (taken if isinstance(taken, list) else [taken]))
        return answer

    def _do(self, writes: Sequence[Planned], *, times: int = 1) -> None:
        for write in writes:
            size = max(row.size if row else 0 for row in (write.before, write.after))
            units = max(1, math.ceil(size / _WRITE_BYTES)) * times
            pk, sk = write.key
            self.written[Place(write.table.name, None, pk)] += units
            self.written_to[write.table.name, pk, sk] += units
            for index, partition, how_many in _indexed(write):
                self.written[Place(write.table.name, index, partition)] += how_many
        super()._do(writes, times=times)


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


@contextmanager
def spending(dynamodb: MeteredDynamoDB) -> Iterator[list[Spent]]:
    """Count what is done in the block; it is the list's only element afterwards."""
    dynamodb.forget()
    found: list[Spent] = []
    yield found
    found.append(dynamodb.spent())
