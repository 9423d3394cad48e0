"""Checks of the Client API's bodies: which value is refused, first of all, and in which words.

The words, and the order in which problems are looked for, are those that clients of this API know; they come from a
JSON schema validator that reports its first error only. Plain functions say them more clearly than a schema would.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from nereid import jsontext
from nereid.errors import NereidError

MAX_ID = 256
MAX_ITEMS = 1000
MAX_EVENT_BYTES = 262144
MAX_OBJECT_BYTES = 65536
_TYPES = {"string": str, "object": dict, "array": list}


class Refused(NereidError):
    """A body breaks a rule; the text is the answer's."""


@dataclass(frozen=True)
class Field:
    """A member of a body and its rule."""

    name: str
    type: Literal["string", "object"] = "string"
    nullable: bool = True
    shortest: int = 0
    longest: int | None = None
    is_timezone: bool = False


ANONYMOUS_ID = Field("anonymous_id", longest=MAX_ID)
EXTERNAL_ID = Field("external_id", longest=MAX_ID)
#: The traits of a user in identify and in the `user` of an event. An address has the length that any API takes.
TRAITS = (
    Field("email", longest=4096),
    Field("phone", longest=4096),
    Field("timezone", is_timezone=True),
    Field("locale", longest=MAX_ID),
    Field("data", "object"),
)
IDENTIFY = (ANONYMOUS_ID, EXTERNAL_ID, *TRAITS)
ALIAS = (
    Field("external_id", nullable=False, shortest=1, longest=MAX_ID),
    Field("anonymous_id", nullable=False, shortest=1, longest=MAX_ID),
)
DEVICE_REQUIRED = ("device_id", "os", "model", "app_build", "app_version")
DEVICE = (
    ANONYMOUS_ID,
    EXTERNAL_ID,
    *(Field(name, nullable=False) for name in DEVICE_REQUIRED),
    Field("token", longest=4096),
    Field("os_version", nullable=False),
)
EVENT = (
    ANONYMOUS_ID,
    EXTERNAL_ID,
    Field("name", longest=MAX_ID),
    Field("data", "object"),
    Field("user", "object"),
    Field("message_id", shortest=1, longest=MAX_ID),
)
TRACK = (Field("event", longest=MAX_ID), *EVENT)
#: A call of Segment, and what is looked at within its members.
SEGMENT = (
    Field("type", nullable=False),
    Field("userId", longest=MAX_ID),
    Field("anonymousId", longest=MAX_ID),
    Field("previousId", longest=MAX_ID),
    Field("event", longest=MAX_ID),
    Field("properties", "object"),
    Field("traits", "object"),
    Field("context", "object"),
    Field("messageId", shortest=1, longest=MAX_ID),
)
SEGMENT_TRAITS = tuple(field for field in TRAITS if field.name in ("email", "phone"))
SEGMENT_CONTEXT = tuple(field for field in TRAITS if field.name in ("timezone", "locale"))


def check_type(value: Any, type_: str, path: str = "") -> None:
    """Refuse a value that is not of a type."""
    if not isinstance(value, _TYPES[type_]):
        raise Refused(f"The value of `{path}` must be a {type_}.")


def check_id(value: dict[str, Any], names: Sequence[str] = ("anonymous_id", "external_id")) -> None:
    """Refuse an object that names no user, by any of these members."""
    if all(value.get(name) is None or value[name] == "" for name in names):
        raise Refused(f"Must have required property '{names[0]}'")


def check_required(value: dict[str, Any], names: Sequence[str]) -> None:
    """Refuse an object that lacks a member."""
    for name in names:
        if name not in value:
            raise Refused(f"Must have required property '{name}'")


def check_no_others(value: dict[str, Any], fields: Sequence[Field]) -> None:
    """Refuse an object that has other members than these."""
    if value.keys() - {field.name for field in fields}:
        raise Refused("Must NOT have additional properties")


def check_fields(value: dict[str, Any], fields: Sequence[Field], path: str = "") -> None:
    """Refuse an object one of whose members breaks its rule."""
    for field in fields:
        if field.name in value:
            _check_field(value[field.name], field, path + field.name)


def _check_field(value: Any, field: Field, path: str) -> None:
    if value is None and field.nullable:
        return
    check_type(value, field.type, path)
    if field.type == "string":
        check_length(value, field.shortest, field.longest)
        if field.is_timezone and timezone_named(value) is None:
            raise Refused("The timezone value must be in the IANA format.")


def check_length(value: str, shortest: int, longest: int | None) -> None:
    """Refuse a text that is too short or too long."""
    if len(value) < shortest:
        raise Refused(f"Must NOT have fewer than {shortest} characters")
    if longest is not None and len(value) > longest:
        raise Refused(f"Must NOT have more than {longest} characters")


def check_items(value: Any) -> None:
    """Refuse anything but an array of 1 to `MAX_ITEMS` items."""
    check_type(value, "array")
    if not value:
        raise Refused("Must NOT have fewer than 1 items")
    if len(value) > MAX_ITEMS:
        raise Refused(f"Must NOT have more than {MAX_ITEMS} items")


def check_event(value: Any, fields: Sequence[Field], path: str = "") -> None:
    """Refuse anything but an event; `path` ends with a slash."""
    check_type(value, "object", path.rstrip("/"))
    check_id(value)
    check_fields(value, fields, path)
    if value.get("user") is not None:
        check_fields(value["user"], TRAITS, f"{path}user/")


def check_size(value: Any, most: int) -> None:
    """Refuse a value that is too large as JSON."""
    if jsontext.size(value) > most:
        raise Refused(f"Must NOT be larger than {most} bytes")


def timezone_named(name: str) -> str | None:
    """Return a time zone as IANA spells it, whichever case it came in; None if there is none of this name."""
    return _timezones().get(name.lower())


@cache
def _timezones() -> dict[str, str]:
    # The list is large and few requests name a time zone.
    import pytz

    return {name.lower(): name for name in pytz.all_timezones}
