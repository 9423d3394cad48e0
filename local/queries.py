"""Makes moto's queries fast enough for real sizes.

For each query moto sorts the whole table and compares each item's key. Here it gets to see only the items that have
the key that is asked for; what it does with them is its own.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import threading
from collections.abc import Callable, Iterable
from typing import Any


def install() -> None:
    """Replace moto's way to an item; doing it again changes nothing."""
    # Not as import statements: what is replaced here is none of what their types say can be.
    table: Any = importlib.import_module("moto.dynamodb.models.table").Table
    original, every_item = table.query, table.all_items
    signature = inspect.signature(original)
    asked = threading.local()
    if hasattr(original, "sees_its_key_only"):
        return

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
        return every_item(self) if found is None else sorted(found(), key=_order)  # type: ignore[no-any-return]

    query.sees_its_key_only = True  # type: ignore[attr-defined]
    table.query = query
    table.all_items = all_items
    # It looks through a class for its methods at each request.
    responses: Any = importlib.import_module("moto.core.responses")
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)


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
