"""The limits of DynamoDB and SES: so much per second of a partition key, of a new table, of an account."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.infrastructure import stack
from tests.simulator.calls import error
from tests.simulator.clock import SECOND, seconds
from tests.simulator.database import Database, touched
from tests.support.metered_dynamodb import MeteredDynamoDB

if TYPE_CHECKING:
    from tests.simulator.load.world import LoadWorld

#: What one partition takes in a second.
#: Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
WRITES, READS = 1000.0, 3000.0
#: What a new on-demand table takes in a second, and in how long that doubles.
#: Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
NEW_TABLE_WRITES, DOUBLES_IN = 4000.0, seconds(1800)


class LimitedDatabase(Database):
    """DynamoDB with what its partitions and new tables take.

    A partition is known by its key before a call; what a write costs of indexes is added up only, and reported.
    """

    _world: LoadWorld

    def __init__(self, world: LoadWorld) -> None:
        super().__init__(world)
        tables = stack.of_type("AWS::DynamoDB::Table")
        self.client = self.meter = MeteredDynamoDB({name: table["Properties"] for name, table in tables.items()})
        self._used: defaultdict[tuple[str, str], defaultdict[Any, float]] = defaultdict(partial(defaultdict, float))
        self._second = 0
        self.throttled: Counter[str] = Counter()
        #: The most units of a partition in a second, of tables and indexes.
        self.most: dict[Any, float] = {}

    def operation(self, name: str) -> Callable[[dict[str, Any], str | None], Any]:
        """Return what does an operation, within the limits."""
        apply, kind = super().operation(name), "read" if name in ("get_item", "query", "batch_get_item") else "write"

        def limited(parameters: dict[str, Any], fault: str | None) -> Any:
            self._pass_time()
            keys = [(table, key["pk"]["S"]) for _, table, key in touched(name, parameters)]
            if name == "query":
                keys = [(parameters["TableName"], str(parameters["ExpressionAttributeValues"].get(":pk")))]
            self._refuse(name, kind, keys)
            self.meter.forget()
            answer = apply(parameters, fault)
            self._add(kind, keys)
            return answer

        return limited

    def _pass_time(self) -> None:
        second = self._world.time.now // SECOND
        if second != self._second:
            for kind, used in self._used.items():
                for key, units in used.items():
                    self.most[kind, key] = max(self.most.get((kind, key), 0), units)
            self._used.clear()
            self._second = second

    def _refuse(self, name: str, kind: str, keys: list[tuple[str, str]]) -> None:
        limit = self._world.scaled(READS if kind == "read" else WRITES)
        hot = next((key for key in keys if self._used[kind, "key"][key] >= limit), None)
        if hot is None and kind == "write":
            start = NEW_TABLE_WRITES * 2 ** (self._world.time.now // DOUBLES_IN)
            taken = self._used[kind, "table"]
            hot = next((key for key in keys if taken[key[0]] >= self._world.scaled(start)), None)
        if hot is not None and not self._world.is_warm:
            self.throttled[f"{kind}s of {hot[0]} {_kind_of(hot[1])}"] += 1
            raise error("ProvisionedThroughputExceededException", 400, name)

    def _add(self, kind: str, keys: list[tuple[str, str]]) -> None:
        if kind == "read":
            for key in keys:
                self._used[kind, "key"][key] += self.meter.read / len(keys)
            return
        for place, written in self.meter.written.items():
            self._used[kind, "key" if place.index_name is None else "index"][_key_of(place)] += written
            if place.index_name is None:  # indexes have a throughput of their own
                self._used[kind, "table"][place.table] += written

    def hottest(self) -> list[str]:
        """Return the partitions of tables and indexes that had the most to do in a second, with their units."""
        self._second = -1
        self._pass_time()
        found: list[str] = []
        for (kind, what), key in sorted(self.most, key=lambda each: -self.most[each]):
            if what == "table":
                continue
            found.append(f"{self.most[(kind, what), key]:.0f} {kind}s/s of {key[0]} {_kind_of(key[-1])}")
        return found[:3]


def _key_of(place: Any) -> tuple[str, str]:
    return (place.table if place.index_name is None else f"{place.table}.{place.index_name}", place.partition)


def _kind_of(partition: str) -> str:
    """Return which kind of partition one is, by its key."""
    parts = partition.split("#")
    return parts[2] if len(parts) > 2 else parts[0]


def maximum_concurrency(mapping: Mapping[str, Any]) -> int:
    """Return the most sandboxes that a mapping feeds, by the defaults of the template's parameters."""
    parameters = stack.written()["Parameters"]
    text = str(mapping.get("ScalingConfig"))
    names = [name for name in parameters if f"'{name}'" in text]
    [name] = [name for name in names if name.endswith("Concurrency")]
    return int(parameters[name]["Default"])
