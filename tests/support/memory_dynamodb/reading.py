"""Queries and scans: which items a call reads, page by page."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tests.support.memory_dynamodb.conditions import Compiled, Values
from tests.support.memory_dynamodb.errors import Refused, invalid, wrong_value
from tests.support.memory_dynamodb.nodes import And, At, Between, Call, Comparison, Condition, Given, Operand, Path
from tests.support.memory_dynamodb.tables import Entry, Index, Table, before, ordered, up_to, up_to_prefix
from tests.support.memory_dynamodb.values import Item, checked_item, kind_of, projected, size_of_item

_PAGE_BYTES = 1024 * 1024
#: The comparators of key conditions, and what each is with its operands swapped.
_SWAPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Page(NamedTuple):
    """What one call has read.

    Parameters
    ----------
    size
        How many bytes were read, for the capacity that it takes.
    """

    items: list[Item]
    scanned: int
    size: int
    last_key: Item | None


class Reading(NamedTuple):
    """What a call wants of the items that it reads."""

    limit: int | None
    filter: Compiled | None
    values: Values
    paths: Sequence[Path] | None
    everything: bool


def selected(index: Index, condition: Condition, values: Values) -> tuple[Any, Sequence[Entry]]:
    """Return the partition that a key condition names, and the entries of it that it selects, in order."""
    tests = _by_attribute(condition)
    partition_test = tests.pop(index.partition_key, None)
    if partition_test is None:
        raise invalid(f"Query condition missed key schema element: {index.partition_key}")
    partition = _operands(index, index.partition_key, partition_test, values)
    if not (isinstance(partition_test, Comparison) and partition_test.comparator == "="):
        raise invalid("Query key condition not supported")
    entries = index.partition(partition[0])
    if not tests:
        return partition[0], entries
    sort_key = index.sort_key
    if sort_key is None or tests.keys() != {sort_key}:
        raise invalid(f"Query condition missed key schema element: {sort_key or next(iter(tests))}")
    test = tests[sort_key]
    first, last = _range(test, entries, _operands(index, sort_key, test, values))
    return partition[0], entries[first:last]


def _by_attribute(condition: Condition) -> dict[str, Condition]:
    if isinstance(condition, And):
        left, right = _by_attribute(condition.left), _by_attribute(condition.right)
        if left.keys() & right.keys():
            raise _unusable("KeyConditionExpressions must only contain one condition per key")
        return {**left, **right}
    match condition:
        case Comparison(comparator, Given() as value, At() as key) if comparator in _SWAPPED:
            return _by_attribute(Comparison(_SWAPPED[comparator], key, value))
        case Comparison(comparator, At(path), Given()) if comparator in _SWAPPED:
            return {_key_name(path): condition}
        case Between(At(path), Given(), Given()) | Call("begins_with", (At(path), Given())):
            return {_key_name(path): condition}
        case Comparison("<>"):
            raise _unusable("Unsupported operator on KeyCondition: operator: <>")
    raise _unusable("Invalid operator used in KeyConditionExpression")


def _key_name(path: Path) -> str:
    if len(path) > 1:
        raise _unusable("KeyConditionExpressions cannot have conditions on nested attributes")
    return str(path[0])


def _unusable(message: str) -> Refused:
    return invalid(f"Invalid KeyConditionExpression: {message}")


def _operands(index: Index, name: str, test: Condition, values: Values) -> list[Any]:
    given: list[Operand]
    match test:
        case Comparison(_, _, right):
            given = [right]
        case Between(_, low, high):
            given = [low, high]
        case Call(_, operands):
            given = list(operands[1:])
        case _:
            raise NotImplementedError(f"key condition {test}")
    found = []
    for operand in given:
        assert isinstance(operand, Given)
        value = values[operand.name]
        if index.kinds[name] not in value:
            raise wrong_value("Condition parameter type does not match schema type")
        if not value[kind_of(value)]:
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                f"empty {'string' if kind_of(value) == 'S' else 'binary'} value. Key: {name}"
            )
        found.append(ordered(value))
    return found


def _range(test: Condition, entries: Sequence[Entry], operands: list[Any]) -> tuple[int, int]:
    """Return the positions at which the entries that a condition selects begin and end."""
    value = operands[0]
    match test:
        case Comparison("="):
            return before(entries, value), up_to(entries, value)
        case Comparison("<"):
            return 0, before(entries, value)
        case Comparison("<="):
            return 0, up_to(entries, value)
        case Comparison(">"):
            return up_to(entries, value), len(entries)
        case Comparison(">="):
            return before(entries, value), len(entries)
        case Between():
            return before(entries, value), up_to(entries, operands[1])
        case Call("begins_with"):
            return before(entries, value), up_to_prefix(entries, value)
    raise NotImplementedError(f"key condition {test}")


def started(table: Table, index: Index, given: Any, partition: Any) -> Entry:
    """Return the entry after which a query goes on, of the partition that it reads."""
    key = start_key(table, index, given)
    if key[0] != partition:
        raise invalid("The provided starting key is outside query boundaries based on provided conditions")
    return key[1]


def start_key(table: Table, index: Index, given: Any) -> tuple[Any, Entry]:
    """Return where a starting key stands in an index: partition and entry."""
    attributes = checked_item(given)
    names = {*index.attributes, *table.primary.attributes}
    if attributes.keys() != names or any(index.kinds[name] not in attributes[name] for name in names):
        raise invalid("The provided starting key is invalid")
    place = index.key_of(attributes)
    assert place is not None
    return place[0], (place[1], *table.key_of(attributes))


def after(entries: Sequence[Entry], last: Entry | None, *, forward: bool) -> Iterable[Entry]:
    """Return entries in the order of reading, behind the last that was read."""
    if forward:
        return entries[bisect_right(entries, last) if last else 0 :]
    return reversed(entries[: bisect_left(entries, last) if last else len(entries)])


def page(table: Table, index: Index, entries: Iterable[Entry], wanted: Reading) -> Page:
    """Read one page of entries."""
    items: list[Item] = []
    scanned = size = 0
    last: Item = {}
    for _, partition, sort in entries:
        row = table.get((partition, sort))
        assert row is not None
        item = row.item
        shown = index.shown(item)
        row_size = row.size if shown is item else size_of_item(shown)
        if scanned and size + row_size > _PAGE_BYTES:
            return Page(items, scanned, size, _key_attributes(table, index, last))
        scanned += 1
        size += row_size
        last = item
        # A local index fetches from the table what it does not hold itself.
        whole = shown if index.is_global else item
        if wanted.filter is None or wanted.filter.test(whole, wanted.values):
            items.append(_wanted(whole, shown, wanted))
        if scanned == wanted.limit:
            return Page(items, scanned, size, _key_attributes(table, index, last))
    return Page(items, scanned, size, None)


def _wanted(whole: Item, shown: Item, wanted: Reading) -> Item:
    if wanted.paths is not None:
        return projected(whole, wanted.paths)
    return whole if wanted.everything else shown


def _key_attributes(table: Table, index: Index, item: Item) -> Item:
    return {name: item[name] for name in (*index.attributes, *table.primary.attributes)}


def check_selection(index: Index, select: str | None, paths: Sequence[Path] | None) -> None:
    """Refuse a selection of attributes that an index cannot give."""
    if select == "ALL_PROJECTED_ATTRIBUTES" and index.name is None:
        raise wrong_value("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
    if paths is not None and select not in (None, "SPECIFIC_ATTRIBUTES"):
        raise invalid(f"Cannot specify the ProjectionExpression when choosing to get {select}")
    if paths is None and select == "SPECIFIC_ATTRIBUTES":
        raise invalid(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        )
    if not index.is_global or index.projected is None:
        return
    if select == "ALL_ATTRIBUTES":
        raise wrong_value(
            f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name} because its "
            "projection type is not ALL"
        )
    missing = [str(path[0]) for path in paths or () if path[0] not in index.projected]
    if missing:
        raise wrong_value(f"Global secondary index {index.name} does not project [{', '.join(missing)}]")


def check_filter(index: Index, filter_: Compiled | None) -> None:
    """Refuse a query's filter of key attributes."""
    for path in filter_.paths if filter_ else ():
        if path[0] in index.attributes:
            raise invalid(
                f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {path[0]}"
            )
