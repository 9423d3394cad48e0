"""Copies of what is stored, with names and ids of their own."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

Items = dict[str, list[dict[str, Any]]]
#: How what is copied is named.
NAME = "grow-{:06}"
_NAMED = re.compile(r"grow-\d{6}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Clones:
    """Makes copies of one thing.

    Parameters
    ----------
    original
        Its items by table.
    keep
        Ids that stay as they are.
    """

    def __init__(self, original: Items, keep: Sequence[str]) -> None:
        self._texts = [(table, json.dumps(item)) for table, items in original.items() for item in items]
        self._keep = frozenset(keep)

    def copy(self, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the items of a copy, each with its table; those of one number have the same names."""

        def anew(match: re.Match[str]) -> str:
            named = match[0]
            if named in self._keep:
                return named
            if named.startswith("grow-"):
                return NAME.format(number)
            return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{number} {named}"))

        for table, text in self._texts:
            yield table, json.loads(_NAMED.sub(anew, text))
