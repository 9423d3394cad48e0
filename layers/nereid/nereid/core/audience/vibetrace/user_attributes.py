"""Attributes of users in the Vibetrace API: those that callers set, tags, and those that events set.

They are the keys of a user's `meta`, so every API sees them.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from nereid import jsontext
from nereid.clock import from_iso, to_iso
from nereid.errors import Invalid
from nereid.models.user import MAX_META_BYTES

#: Set by events alone, never from outside.
AUTOMATIC = frozenset(
    {
        "lastPurchaseDate",
        "lastPurchaseValue",
        "numberOfPurchases",
        "totalPurchasesValue",
        "isCustomer",
        "lastEmailOpenDate",
        "lastVisitDate",
    }
)
MAX_KEY = 128
_NOT_IN_TAGS = re.compile(r"[^a-z0-9_]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
#: The largest purchase and the largest sum that count.
_LARGEST = Decimal("1e12")
_LARGEST_SUM = Decimal("1e24")
_CENT = Decimal("0.01")


def with_changes(meta: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Merge attributes from outside into a user's, shallowly; a null removes.

    A wrong value of a reserved attribute is left out, and so are the automatic ones.

    Raises
    ------
    Invalid
        On a key of no characters or over 128, or if the result is larger than a record can hold.
    """
    result = dict(meta)
    for key, value in changes.items():
        if not 1 <= len(key) <= MAX_KEY:
            raise Invalid({"attributes": f"keys have 1 to {MAX_KEY} characters"})
        if key == "tags":
            _set_tags(result, value)
        elif key in AUTOMATIC or (key == "isSubscribed" and not isinstance(value, bool | None)):
            continue
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = value
    if jsontext.size(result) > MAX_META_BYTES:
        raise Invalid({"attributes": f"together larger than {MAX_META_BYTES} bytes"})
    return result


def with_tags(tags: Any, sent: list[Any] | str) -> list[str]:
    """Return a set of tags after adding those sent, or removing those sent with a leading `-`, in their order."""
    result = {tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set()
    for each in sent.split(";") if isinstance(sent, str) else sent:
        if isinstance(each, str):
            word = each.strip()
            tag = _NOT_IN_TAGS.sub("", word.lower())
            if tag and word.startswith("-"):
                result.discard(tag)
            elif tag:
                result.add(tag)
    return sorted(result)


def with_visit(meta: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Note a visit."""
    return {**meta, "lastVisitDate": _later(meta.get("lastVisitDate"), at)}


def with_open(meta: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Note an opened e-mail."""
    return {**meta, "lastEmailOpenDate": _later(meta.get("lastEmailOpenDate"), at)}


def with_purchase(meta: Mapping[str, Any], value: Decimal | None, at: datetime) -> dict[str, Any]:
    """Note a purchase. One that was received before the last noted one counts, but is not the last.

    Parameters
    ----------
    value
        What was paid; None if that is not known.
    """
    date = _later(meta.get("lastPurchaseDate"), at)
    before = number(meta.get("totalPurchasesValue"), _LARGEST_SUM) or Decimal(0)
    result = {
        **with_visit(meta, at),
        "lastPurchaseDate": date,
        "numberOfPurchases": int(number(meta.get("numberOfPurchases")) or 0) + 1,
        "totalPurchasesValue": _plain((before + (value or 0)).quantize(_CENT, ROUND_HALF_UP)),
        "isCustomer": True,
    }
    if value is not None and date == to_iso(at):
        result["lastPurchaseValue"] = _plain(value)
    return result


def number(value: Any, largest: Decimal = _LARGEST) -> Decimal | None:
    """Read a number, or text that is one, within reason; anything else is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = value.strip() if isinstance(value, str) else repr(value)
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        return None
    read = Decimal(text)
    return read if abs(read) <= largest else None


def _set_tags(meta: dict[str, Any], sent: Any) -> None:
    if not isinstance(sent, list | str):
        return
    tags = with_tags(meta.get("tags"), sent)
    if tags or "tags" in meta:
        meta["tags"] = tags


def _later(noted: Any, at: datetime) -> str:
    """Return the later of a noted time and this one: events may be handled in another order than they came in."""
    try:
        return to_iso(max(from_iso(noted), at))
    except (TypeError, ValueError):  # it was written by other means
        return to_iso(at)


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
