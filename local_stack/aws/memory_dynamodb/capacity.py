"""How much capacity a call takes, as the service would tell it."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import Any

from local_stack.aws.memory_dynamodb.tables import Index, Table
from local_stack.aws.memory_dynamodb.values import size_of_item
from local_stack.aws.memory_dynamodb.writes import Planned

_READ_BYTES = 4096
_WRITE_BYTES = 1024


class Meter:
    """Adds up the capacity units of one call.

    Parameters
    ----------
    mode
        `NONE`, `TOTAL` or `INDEXES`, as the call asks for it.
    """

    def __init__(self, mode: str = "NONE") -> None:
        self._mode = mode
        self._units: dict[str, Counter[Index]] = {}

    def read(self, table: Table, index: Index, size: int, *, consistent: bool, times: int = 1) -> None:
        """Count a read of so many bytes."""
        if self._mode != "NONE":
            units = max(1, ceil(size / _READ_BYTES)) * (1 if consistent else 0.5) * times
            self._add(table, index, units)

    def write(self, write: Planned, *, times: int = 1) -> None:
        """Count a write of a table and of those of its indexes that it changes."""
        if self._mode == "NONE":
            return
        table = write.table
        sizes = [row.size for row in (write.before, write.after) if row]
        self._add(table, table.primary, max(1, ceil(max(sizes, default=0) / _WRITE_BYTES)) * times)
        for index in table.indexes.values():
            self._add(table, index, _index_units(index, write) * times)

    def _add(self, table: Table, index: Index, units: float) -> None:
        # Units may be halves, which Counter does not mind.
        self._units.setdefault(table.name, Counter())[index] += units  # type: ignore[assignment]

    def answer(self) -> list[dict[str, Any]]:
        """Return the capacity that each table took."""
        return [self._of(name, units) for name, units in self._units.items()]

    def _of(self, name: str, units: Counter[Index]) -> dict[str, Any]:
        answer: dict[str, Any] = {"TableName": name, "CapacityUnits": float(sum(units.values()))}
        if self._mode != "INDEXES":
            return answer
        answer["Table"] = {"CapacityUnits": 0.0}
        for index, taken in units.items():
            if index.name is None:
                answer["Table"] = {"CapacityUnits": float(taken)}
            elif taken:
                kind = "GlobalSecondaryIndexes" if index.is_global else "LocalSecondaryIndexes"
                answer.setdefault(kind, {})[index.name] = {"CapacityUnits": float(taken)}
        return answer


def _index_units(index: Index, write: Planned) -> int:
    """Return what an index takes: nothing if what it holds stays, a deletion and an insertion if its key changes."""
    before, after = (
        (index.key_of(row.item), index.shown(row.item)) if row else (None, {}) for row in (write.before, write.after)
    )
    if before == after:
        return 0
    if before[0] == after[0]:
        return 0 if before[0] is None else max(_units(before[1]), _units(after[1]))
    return sum(_units(shown) for key, shown in (before, after) if key is not None)


def _units(item: dict[str, Any]) -> int:
    return max(1, ceil(size_of_item(item) / _WRITE_BYTES))
