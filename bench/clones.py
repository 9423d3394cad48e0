"""Copies of what is stored, with names and ids of their own: so many that each is worked out when it is read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from tests.support.memory_dynamodb.values import Item, Value, size_of_item

Items = dict[str, list[dict[str, Any]]]
#: How what is copied is named.
NAME = "grow-{:06}"
_NAMED = re.compile(r"(grow-\d{6}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")


class _Text:
    """A text with the names in it that a copy has others for.

    Parameters
    ----------
    keep
        Ids that stay as they are.
    """

    def __init__(self, text: str, keep: frozenset[str]) -> None:
        # Every second piece is a name.
        self._pieces = _NAMED.split(text)
        self._named = [place for place in range(1, len(self._pieces), 2) if self._pieces[place] not in keep]

    @property
    def is_fixed(self) -> bool:
        """Whether a copy has the same text."""
        return not self._named

    def of(self, number: int) -> str:
        """Return the text of a copy."""
        pieces = self._pieces.copy()
        for place in self._named:
            named = pieces[place]
            anew = NAME.format(number) if named.startswith("grow-") else _anew(number, named)
            pieces[place] = anew
        return "".join(pieces)


class Original:
    """An item that copies are made of.

    Parameters
    ----------
    item
        As it is stored.
    keep
        Ids that stay as they are.
    """

    def __init__(self, item: Item, keep: frozenset[str]) -> None:
        self._item = item
        self._texts: dict[str, _Text] = {}
        for name, value in item.items():
            text = _Text(value["S"] if "S" in value else json.dumps(value, default=repr), keep)
            if not text.is_fixed:
                self._texts[name] = text
        #: What every copy counts, too: names are replaced by others as long.
        self.size = size_of_item(item)

    def _value(self, name: str, number: int) -> Value:
        value, text = self._item[name], self._texts.get(name)
        if text is None:
            return value
        return {"S": text.of(number)} if "S" in value else json.loads(text.of(number))

    def part(self, names: Sequence[str], number: int) -> Item:
        """Return attributes of a copy, of those that it has."""
        return {name: self._value(name, number) for name in names if name in self._item}

    def copy(self, number: int) -> Item:
        """Return a copy, which shares what is the same."""
        return {**self._item, **{name: self._value(name, number) for name in self._texts}}


class Clone:
    """A copy that is stored: a row of the memory's DynamoDB."""

    __slots__ = ("_number", "_original")

    def __init__(self, original: Original, number: int) -> None:
        self._original, self._number = original, number

    @property
    def item(self) -> Item:
        """The item itself."""
        return self._original.copy(self._number)

    @property
    def size(self) -> int:
        """How many bytes it counts."""
        return self._original.size

    def part(self, names: Sequence[str]) -> Item:
        """Return some of its attributes."""
        return self._original.part(names, self._number)


class Clones:
    """Makes copies of things in turn.

    Parameters
    ----------
    originals
        The items of each by table.
    keep
        Ids that stay as they are.
    """

    def __init__(self, originals: Sequence[Mapping[str, Sequence[Item]]], keep: Sequence[str]) -> None:
        kept = frozenset(keep)
        self._originals = [
            {table: [Original(item, kept) for item in items] for table, items in each.items()} for each in originals
        ]

    def of(self, table: str, first: int, last: int) -> Iterator[Clone]:
        """Yield the copies in a table of those things that have the numbers from the first up to the last."""
        for number in range(first, last):
            for original in self._originals[number % len(self._originals)].get(table, ()):
                yield Clone(original, number)


@lru_cache(maxsize=256)
def _anew(number: int, named: str) -> str:
    digest = hashlib.md5(f"{number} {named}".encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"
