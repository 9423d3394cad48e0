"""Makes moto's transactions fast enough for real sizes.

To be able to roll back, moto copies the whole table once for each item of a transaction: with a few thousand items
in the table, a transaction of a hundred takes minutes. Here only the items that a transaction names are kept.
"""

from __future__ import annotations

import copy
import importlib
import threading
from collections.abc import Iterator
from typing import Any

_Place = tuple[Any, Any, Any]


def install() -> None:
    """Replace moto's transactions; doing it again changes nothing."""
    # Not as import statements: what is replaced here is none of what their types say can be.
    backend: Any = importlib.import_module("moto.dynamodb.models").DynamoDBBackend
    table: Any = importlib.import_module("moto.dynamodb.models.table").Table
    original = backend.transact_write_items
    lock = threading.Lock()
    if hasattr(original, "keeps_items_only"):
        return

    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        with lock:
            kept = [(place, copy.deepcopy(_find(place))) for place in _places(self, transact_items)]
            table.__deepcopy__ = lambda self, _memo: self
            try:
                original(self, transact_items)
            except Exception:
                for place, item in kept:
                    _restore(place, item)
                raise
            finally:
                del table.__deepcopy__

    transact_write_items.keeps_items_only = True  # type: ignore[attr-defined]
    backend.transact_write_items = transact_write_items


def _places(backend: Any, transact_items: list[dict[str, Any]]) -> Iterator[_Place]:
    from moto.dynamodb.models.dynamo_type import DynamoType

    for each in transact_items:
        for operation in each.values():
            table = backend.tables.get(operation.get("TableName"))
            attributes = operation.get("Key") or operation.get("Item") or {}
            if table is not None and table.hash_key_attr in attributes:
                range_ = attributes.get(table.range_key_attr)
                yield table, DynamoType(attributes[table.hash_key_attr]), range_ and DynamoType(range_)


def _find(place: _Place) -> Any:
    table, hash_, range_ = place
    found = table.items.get(hash_)
    return found.get(range_) if found is not None and range_ is not None else found


def _restore(place: _Place, item: Any) -> None:
    table, hash_, range_ = place
    if range_ is None:
        items, key = table.items, hash_
    else:
        items, key = table.items[hash_], range_
    if item is None:
        items.pop(key, None)
    else:
        items[key] = item
