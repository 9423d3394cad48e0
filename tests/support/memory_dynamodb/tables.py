"""A table and its indexes: items by key, and keys in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from tests.support.memory_dynamodb.errors import Refused, Unfit, invalid, wrong_value
from tests.support.memory_dynamodb.values import Item, Value, checked_item, kind_of

#: Partition and sort key as values that can be ordered; the sort key is None where a table has none.
Key = tuple[Any, Any]
#: A sort key of an index, and the key of the item that has it.
Entry = tuple[Any, Any, Any]

_MAX_PARTITION_BYTES = 2048
_MAX_SORT_BYTES = 1024
#: What a definition may say that changes nothing here.
_WITHOUT_EFFECT = frozenset(
    {
        "BillingMode",
        "DeletionProtectionEnabled",
        "PointInTimeRecoverySpecification",
        "ProvisionedThroughput",
        "SSESpecification",
        "TableName",
        "Tags",
    }
)
_first = itemgetter(0)


class Row(Protocol):
    """What is stored: an item, and how many bytes it counts."""

    @property
    def item(self) -> Item: ...

    @property
    def size(self) -> int: ...


class Written(NamedTuple):
    """A row as a call wrote it."""

    item: Item
    size: int


class Index:
    """The keys of a table's items by one of its key schemas: the table's own, or an index's.

    Parameters
    ----------
    name
        None for the table's own.
    schema
        The names of the attributes that are its partition and sort key; the latter may be None.
    projected
        The attributes that it holds; None for all.
    """

    def __init__(
        self,
        name: str | None,
        schema: tuple[str, str | None],
        kinds: Mapping[str, str],
        projected: frozenset[str] | None,
        *,
        is_global: bool,
    ) -> None:
        self.name = name
        self.partition_key, self.sort_key = schema
        self.kinds = kinds
        self.projected = projected
        self.is_global = is_global
        self._partitions: dict[Any, list[Entry]] = {}

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes of its key."""
        return (self.partition_key,) if self.sort_key is None else (self.partition_key, self.sort_key)

    def key_of(self, item: Item) -> Key | None:
        """Return where an item stands in this index; None if it does not."""
        partition = item.get(self.partition_key)
        if partition is None:
            return None
        if self.sort_key is None:
            return ordered(partition), None
        sort = item.get(self.sort_key)
        return None if sort is None else (ordered(partition), ordered(sort))

    def add(self, key: Key, primary: Key) -> None:
        """Enter an item."""
        insort(self._partitions.setdefault(key[0], []), (key[1], *primary))

    def add_all(self, keys: Iterable[tuple[Key, Key]]) -> None:
        """Enter many items, each with its primary key."""
        for key, primary in keys:
            self._partitions.setdefault(key[0], []).append((key[1], *primary))
        for entries in self._partitions.values():
            entries.sort()

    def discard(self, key: Key, primary: Key) -> None:
        """Take an item out."""
        entries = self._partitions[key[0]]
        del entries[bisect_left(entries, (key[1], *primary))]
        if not entries:
            del self._partitions[key[0]]

    def partition(self, key: Any) -> Sequence[Entry]:
        """Return the entries of a partition, in order."""
        return self._partitions.get(key, ())

    def entries(self) -> Iterator[tuple[Any, Entry]]:
        """Yield all entries, each with its partition, partition by partition."""
        for partition in sorted(self._partitions):
            for entry in self._partitions[partition]:
                yield partition, entry

    def shown(self, item: Item) -> Item:
        """Return what the index holds of an item."""
        if self.projected is None:
            return item
        return {name: value for name, value in item.items() if name in self.projected}


class Table:
    """A table as CloudFormation defines it.

    Parameters
    ----------
    name
        What calls name it.
    definition
        The properties of its `AWS::DynamoDB::Table`.
    """

    def __init__(self, name: str, definition: Mapping[str, Any]) -> None:
        self.name = name
        kinds = {each["AttributeName"]: each["AttributeType"] for each in definition["AttributeDefinitions"]}
        schema = _schema(definition["KeySchema"])
        self.primary = Index(None, schema, kinds, None, is_global=False)
        self.indexes: dict[str, Index] = {}
        self.expires_at: str | None = None
        for member, value in definition.items():
            match member:
                case "GlobalSecondaryIndexes" | "LocalSecondaryIndexes":
                    for each in value:
                        is_global = member == "GlobalSecondaryIndexes"
                        self.indexes[each["IndexName"]] = _index(each, schema, kinds, is_global=is_global)
                case "TimeToLiveSpecification":
                    self.expires_at = value["AttributeName"] if value["Enabled"] else None
                case "AttributeDefinitions" | "KeySchema":
                    pass
                case _ if member not in _WITHOUT_EFFECT:
                    raise NotImplementedError(f"{member} of a table")
        self._rows: dict[Key, Row] = {}

    # -- keys

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """The attributes of its own key and its indexes'."""
        return tuple({name for index in (self.primary, *self.indexes.values()) for name in index.attributes})

    def key(self, given: Any) -> tuple[Item, Key]:
        """Return a key that a call gives, as attributes and as what it is found by."""
        attributes = checked_item(given)
        primary = self.primary
        if len(attributes) != len(primary.attributes) or not all(
            name in attributes and primary.kinds[name] in attributes[name] for name in primary.attributes
        ):
            raise Unfit("The provided key element does not match the schema")
        self._check_contents(attributes, primary, _empty_key)
        return attributes, self.key_of(attributes)

    def key_of(self, item: Item) -> Key:
        """Return the key of an item that has one."""
        key = self.primary.key_of(item)
        assert key is not None
        return key

    def checked(self, given: Any) -> tuple[Item, Key]:
        """Return an item that a call puts, with its key."""
        item = checked_item(given)
        for name in self.primary.attributes:
            if name not in item:
                raise wrong_value(f"Missing the key {name} in the item")
            expected = self.primary.kinds[name]
            if expected not in item[name]:
                raise _unfit_value(f"Type mismatch for key {name} expected: {expected} actual: {kind_of(item[name])}")
        self._check_contents(item, self.primary, _empty_key)
        self._check_indexes(item, _empty_index_key)
        return item, self.key_of(item)

    def check_update(self, item: Item) -> None:
        """Refuse an updated item that the table's indexes cannot hold."""
        self._check_indexes(item, _emptied_index_key)

    def _check_indexes(self, item: Item, empty: Callable[[str, str, Index], Refused]) -> None:
        for index in self.indexes.values():
            for name in index.attributes:
                if name in item and index.kinds[name] not in item[name]:
                    raise _unfit_value(
                        f"Type mismatch for Index Key {name} Expected: {index.kinds[name]} "
                        f"Actual: {kind_of(item[name])} IndexName: {index.name}"
                    )
            self._check_contents(item, index, empty)

    def _check_contents(self, item: Item, index: Index, empty: Callable[[str, str, Index], Refused]) -> None:
        for name, limit in zip(index.attributes, (_MAX_PARTITION_BYTES, _MAX_SORT_BYTES), strict=False):
            if name not in item or index.kinds[name] == "N":
                continue
            [(kind, content)] = item[name].items()
            size = len(content) if kind == "B" or content.isascii() else len(content.encode())
            if not size:
                raise empty(name, kind, index)
            if size <= limit:
                continue
            if limit == _MAX_PARTITION_BYTES:
                # The service leaves the blank out, too.
                raise wrong_value(f"Size of hashkey has exceeded the maximum size limit of{limit} bytes")
            raise wrong_value(f"Aggregated size of all range keys has exceeded the size limit of {limit} bytes")

    # -- items

    def get(self, key: Key) -> Row | None:
        """Return an item."""
        return self._rows.get(key)

    def put(self, key: Key, row: Row | None) -> None:
        """Store an item in the place of what has its key; None takes that away."""
        before = self._rows.get(key)
        if row is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = row
        for index in (self.primary, *self.indexes.values()):
            old = index.key_of(before.item) if before else None
            new = index.key_of(row.item) if row else None
            if old == new:
                continue
            if old is not None:
                index.discard(old, key)
            if new is not None:
                index.add(new, key)

    def fill(self, rows: Iterable[tuple[Item, Row]]) -> None:
        """Store many rows, each given with the attributes that keys are made of; what is there already stays."""
        new: dict[Key, tuple[Item, Row]] = {}
        for attributes, row in rows:
            key = self.key_of(attributes)
            if key not in self._rows:
                new.setdefault(key, (attributes, row))
        self._rows.update((key, row) for key, (_, row) in new.items())
        for index in (self.primary, *self.indexes.values()):
            keys = ((index.key_of(attributes), key) for key, (attributes, _) in new.items())
            index.add_all((key, primary) for key, primary in keys if key is not None)

    def reading(self, index: str | None, *, consistent: bool) -> Index:
        """Return the index that a query reads: the one place where an index could lag behind its table."""
        if index is None:
            return self.primary
        if index not in self.indexes:
            raise invalid(f"The table does not have the specified index: {index}")
        found = self.indexes[index]
        if consistent and found.is_global:
            raise invalid("Consistent reads are not supported on global secondary indexes")
        return found

    def rows(self) -> list[tuple[Key, Row]]:
        """Return all items with their keys."""
        return list(self._rows.items())


def ordered(value: Value) -> Any:
    """Return the content of a key's value so that it sorts as the service sorts it."""
    [(kind, content)] = value.items()
    return Decimal(content) if kind == "N" else content


def before(entries: Sequence[Entry], sort: Any) -> int:
    """Return how many entries have a sort key before a value."""
    return bisect_left(entries, sort, key=_first)


def up_to(entries: Sequence[Entry], sort: Any) -> int:
    """Return how many entries have a sort key before a value, or the value."""
    return bisect_right(entries, sort, key=_first)


def up_to_prefix(entries: Sequence[Entry], prefix: Any) -> int:
    """Return how many entries have a sort key before a prefix, or that begins with it."""
    return bisect_right(entries, prefix, key=lambda entry: entry[0][: len(prefix)])


def _schema(given: Sequence[Mapping[str, str]]) -> tuple[str, str | None]:
    keys = {each["KeyType"]: each["AttributeName"] for each in given}
    if len(keys) < len(given):
        raise NotImplementedError("keys of several attributes")
    return keys["HASH"], keys.get("RANGE")


def _index(
    definition: Mapping[str, Any], primary: tuple[str, str | None], kinds: Mapping[str, str], *, is_global: bool
) -> Index:
    schema = _schema(definition["KeySchema"])
    projection = definition["Projection"]
    projected = None
    if projection["ProjectionType"] != "ALL":
        names = {*schema, *primary, *projection.get("NonKeyAttributes", ())}
        projected = frozenset(name for name in names if name is not None)
    return Index(definition["IndexName"], schema, kinds, projected, is_global=is_global)


def _empty_key(name: str, kind: str, _index: Index) -> Refused:
    return _not_valid("", kind, f" Key: {name}")


def _empty_index_key(name: str, kind: str, index: Index) -> Refused:
    reason = " A value specified for a secondary index key is not supported."
    return _not_valid(reason, kind, f" IndexName: {index.name}, IndexKey: {name}")


def _emptied_index_key(_name: str, kind: str, _index: Index) -> Refused:
    reason = " The update expression attempted to update a secondary index key to a value that is not supported."
    return _not_valid(reason, kind, "")


def _not_valid(reason: str, kind: str, where: str) -> Refused:
    what = "string" if kind == "S" else "binary"
    return invalid(
        f"One or more parameter values are not valid.{reason} The AttributeValue for a key attribute cannot contain "
        f"an empty {what} value.{where}"
    )


def _unfit_value(message: str) -> Unfit:
    return Unfit(f"One or more parameter values were invalid: {message}")
