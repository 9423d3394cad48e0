"""Makes moto's DynamoDB fast enough for real sizes. Whatever it answers stays the same."""

from __future__ import annotations

import functools
import importlib
import inspect
import threading
from collections.abc import Callable, Iterable
from typing import Any


def install() -> None:
    """Replace what takes long; doing it again changes nothing."""
    # Not as import statements: what is replaced here is none of what their types say can be.
    table: Any = importlib.import_module("moto.dynamodb.models.table").Table
    if hasattr(table.query, "sees_its_key_only"):
        return
    _narrow_queries(table)
    _write_what_there_is(importlib.import_module("moto.core.serialize"))
    # It looks through a class for its methods at each request.
    responses: Any = importlib.import_module("moto.core.responses")
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)


def _narrow_queries(table: Any) -> None:
    """Let a query see only the items that have the key that is asked for.

    For each query moto sorts the whole table and compares each item's key.
    """
    original, every_item = table.query, table.all_items
    signature = inspect.signature(original)
    asked = threading.local()

    @functools.wraps(original)
    def query(*arguments: Any, **options: Any) -> Any:
        given = signature.bind(*arguments, **options).arguments
        asked.items = _having(given["self"], given)
        try:
            return original(*arguments, **options)
        finally:
            del asked.items

    def all_items(self: Any) -> list[Any]:
        found: Callable[[], Iterable[Any]] | None = getattr(asked, "items", None)
        return every_item(self) if found is None else sorted(found(), key=_order)

    query.sees_its_key_only = True  # type: ignore[attr-defined]
    table.query = query
    table.all_items = all_items


def _having(table: Any, given: dict[str, Any]) -> Callable[[], Iterable[Any]] | None:
    """Return what gives the items that have the key asked for; None if the table has no sort key."""
    if not table.range_key_attr:
        return None
    conditions = dict(given.get("hash_key_conditions") or ())
    partition = given["hash_key"] if given.get("index_name") is None else conditions.get(table.hash_key_attr)
    if partition is not None:
        return lambda: list(table.items.get(partition, {}).values())
    wanted = {name: value.cast_value for name, value in conditions.items()}

    def matches(item: Any) -> bool:
        return all(name in item.attrs and item.attrs[name].cast_value == value for name, value in wanted.items())

    return lambda: [item for partition in table.items.values() for item in partition.values() if matches(item)]


def _order(item: Any) -> tuple[Any, Any]:
    return item.hash_key, item.range_key


def _write_what_there_is(serialize: Any) -> None:
    """Let an attribute's value be written from what it has.

    moto looks for each of the ten types that a value may have, under several names.
    """
    original = serialize.ResponseSerializer._serialize_type_structure

    def structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name != "AttributeValue" or type(value) is not dict or not key:
            original(self, serialized, value, shape, key)
            return
        wrapper = self.MAP_TYPE()
        for name in value.keys() & shape.members.keys():
            member = shape.members[name]
            member.parent = shape
            self._serialize_structure_member(wrapper, value, member, name)
        self._default_serialize(serialized, wrapper, shape, key)

    serialize.ResponseSerializer._serialize_type_structure = structure
