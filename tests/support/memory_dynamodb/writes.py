"""Writes: checked as far as the call alone allows it, then planned for the item that they meet, then done."""

# Parameters are named as the service names them.
# ruff: noqa: N803

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.support.memory_dynamodb import conditions, updates
from tests.support.memory_dynamodb.conditions import Values
from tests.support.memory_dynamodb.errors import Refused, Unfit, invalid, wrong_value
from tests.support.memory_dynamodb.nodes import Path
from tests.support.memory_dynamodb.parsing import Names
from tests.support.memory_dynamodb.requests import check_names, check_one_of, names_of, values_of
from tests.support.memory_dynamodb.tables import Key, Row, Table, Written
from tests.support.memory_dynamodb.values import Item, copied_item, size_of_item

_MAX_ITEM_BYTES = 400 * 1024
_RETURNS = ("NONE", "ALL_OLD")


class Planned(NamedTuple):
    """A write whose condition holds."""

    table: Table
    key: Key
    before: Row | None
    after: Row | None

    def do(self) -> None:
        """Do the write."""
        if self.after is not self.before:
            self.table.put(self.key, self.after)


class Write(NamedTuple):
    """A write that is right by itself.

    Parameters
    ----------
    after
        Returns what the write makes of the item that it meets.
    paths
        What an update changes.
    """

    table: Table
    key: Key
    condition: conditions.Compiled | None
    values: Values
    returns_found: bool
    after: Callable[[Row | None], Row | None]
    paths: Sequence[Path] = ()

    def planned(self) -> Planned:
        """Return what the write does to the item as it is, if its condition holds."""
        before = self.table.get(self.key)
        if self.condition is not None and not self.condition.test(before.item if before else {}, self.values):
            raise ConditionFalse(before.item if before and self.returns_found else None)
        return Planned(self.table, self.key, before, self.after(before))


class ConditionFalse(Refused):
    """A write whose condition does not hold.

    Parameters
    ----------
    found
        The item that the condition was asked of, if the call wants to know it.
    """

    def __init__(self, found: Item | None) -> None:
        members = {"Item": copied_item(found)} if found else {}
        super().__init__("ConditionalCheckFailedException", "The conditional request failed", **members)


class Tables:
    """Tables by name, and how each write of them is made of what a call says."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables

    def __getitem__(self, name: str) -> Table:
        if name not in self._tables:
            raise Refused("ResourceNotFoundException", "Requested resource not found")
        return self._tables[name]

    def put(
        self,
        *,
        TableName: str,
        Item: Mapping[str, Any],
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> Write:
        """Return the write that stores an item."""
        table = self[TableName]
        item, key = table.checked(Item)
        row = Written(item, size_of_item(item))
        if row.size > _MAX_ITEM_BYTES:
            raise invalid("Item size has exceeded the maximum allowed size")
        condition, values = _condition(ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues)
        returns_found = _returns_found(ReturnValuesOnConditionCheckFailure)
        return Write(table, key, condition, values, returns_found, lambda _before: row)

    def delete(
        self,
        *,
        TableName: str,
        Key: Mapping[str, Any],
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> Write:
        """Return the write that deletes an item."""
        table = self[TableName]
        _, key = table.key(Key)
        condition, values = _condition(ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues)
        returns_found = _returns_found(ReturnValuesOnConditionCheckFailure)
        return Write(table, key, condition, values, returns_found, lambda _before: None)

    def check(
        self,
        *,
        TableName: str,
        Key: Mapping[str, Any],
        ConditionExpression: str,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> Write:
        """Return the write that leaves an item as it is."""
        table = self[TableName]
        _, key = table.key(Key)
        condition, values = _condition(ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues)
        returns_found = _returns_found(ReturnValuesOnConditionCheckFailure)
        return Write(table, key, condition, values, returns_found, lambda before: before)

    def update(
        self,
        *,
        TableName: str,
        Key: Mapping[str, Any],
        UpdateExpression: str | None = None,
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> Write:
        """Return the write that changes an item, or makes it."""
        table = self[TableName]
        attributes, key = table.key(Key)
        names = names_of(ExpressionAttributeNames)
        update = None if UpdateExpression is None else updates.compiled("UpdateExpression", UpdateExpression, names)
        condition = _compiled(ConditionExpression, names)
        expressions = {"UpdateExpression": update, "ConditionExpression": condition}
        values = values_of(ExpressionAttributeValues, expressions)
        check_names(ExpressionAttributeNames, [each.names for each in expressions.values() if each is not None])
        paths = update.paths if update else ()
        for path in paths:
            if path[0] in table.primary.attributes:
                raise wrong_value(f"Cannot update attribute {path[0]}. This attribute is part of the key")

        def after(before: Row | None) -> Row:
            item = before.item if before else attributes
            if update is not None:
                item = update.apply(item, values)
            table.check_update(item)
            size = size_of_item(item)
            if size > _MAX_ITEM_BYTES:
                raise Unfit("Item size to update has exceeded the maximum allowed size")
            return Written(item, size)

        return Write(table, key, condition, values, _returns_found(ReturnValuesOnConditionCheckFailure), after, paths)


def _condition(
    text: str | None, names: Mapping[str, str] | None, given: Mapping[str, Any] | None
) -> tuple[conditions.Compiled | None, Values]:
    condition = _compiled(text, names_of(names))
    values = values_of(given, {"ConditionExpression": condition})
    check_names(names, [condition.names] if condition else [])
    return condition, values


def _compiled(text: str | None, names: Names) -> conditions.Compiled | None:
    return None if text is None else conditions.compiled("ConditionExpression", text, names)


def _returns_found(value: str) -> bool:
    check_one_of("ReturnValuesOnConditionCheckFailure", value, _RETURNS)
    return value == "ALL_OLD"
