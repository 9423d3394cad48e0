"""Bodies of the Client API: checked, then turned into operations."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from nereid.auth.credentials import ClientCaller
from nereid.dialects.client import checks
from nereid.dialects.http import Request
from nereid.models.addresses import normal
from nereid.models.message import Alias, Identify, Message, RegisterDevice, TrackEvent, UsedKey, mint_message_id
from nereid.models.operation import Traits, Who
from nereid.models.user import Device

#: The event type of an event without a name.
UNNAMED = "unnamed"
#: Longest position in a list: a moment and an id. A much longer one could not even be looked up.
MAX_POSITION_BYTES = 256
_TRAITS = tuple(field.name for field in checks.TRAITS)
_IDS = ("anonymous_id", "external_id")
#: Members of an event that have a meaning; all others are kept as `extra`.
_EVENT = {field.name for field in checks.EVENT}


def alias(value: Any) -> Alias:
    """Return the operation of an alias request."""
    checks.check_type(value, "object")
    checks.check_required(value, [field.name for field in checks.ALIAS])
    checks.check_fields(value, checks.ALIAS)
    return Alias(kind="alias", anonymous_id=value["anonymous_id"], external_id=value["external_id"])


def identify(value: Any) -> Identify:
    """Return the operation of an identify request."""
    checks.check_type(value, "object")
    checks.check_id(value)
    checks.check_no_others(value, checks.IDENTIFY)
    checks.check_fields(value, checks.IDENTIFY)
    checks.check_size(value.get("data"), checks.MAX_OBJECT_BYTES)
    return Identify(kind="identify", who=_who(value), traits=_traits(value))


def device(value: Any, now: datetime) -> RegisterDevice:
    """Return the operation of a devices request."""
    checks.check_type(value, "object")
    checks.check_id(value)
    checks.check_required(value, checks.DEVICE_REQUIRED)
    checks.check_fields(value, checks.DEVICE)
    checks.check_size(value, checks.MAX_OBJECT_BYTES)
    known = {field.name: value[field.name] for field in checks.DEVICE if field.name in value}
    given = {name: text for name, text in known.items() if name not in _IDS}
    given["token"] = normal("firebase_token", given.get("token") or "") or None
    extra = {name: each for name, each in value.items() if name not in known}
    registered = Device(**given, extra=extra, created_at=now, updated_at=now)
    return RegisterDevice(kind="device", who=_who(value), device=registered)


def events(value: Any, caller: ClientCaller, request: Request, now: datetime) -> list[TrackEvent]:
    """Return the operations of an events request."""
    checks.check_items(value)
    for index, item in enumerate(value):
        checks.check_event(item, checks.EVENT, f"{index}/")
    return _track(value, caller, request, now)


def track(value: Any, caller: ClientCaller, request: Request, now: datetime) -> list[TrackEvent]:
    """Return the operations of a track request: one event whose name is `event`, or the same as an events request."""
    if isinstance(value, list):
        return events(value, caller, request, now)
    checks.check_event(value, checks.TRACK)
    named = {name: each for name, each in value.items() if name != "event"}
    if value.get("event"):
        named["name"] = value["event"]
    return _track([named], caller, request, now)


def who(value: Any) -> Who:
    """Return the user's ids in a body that needs no other field."""
    checks.check_type(value, "object")
    checks.check_id(value)
    checks.check_fields(value, (checks.ANONYMOUS_ID, checks.EXTERNAL_ID))
    return _who(value)


def who_of_headers(headers: Mapping[str, str]) -> Who:
    """Return the user's ids in the headers."""
    return who({name: headers.get(f"x-{name.replace('_', '-')}") for name in _IDS})


def page_size(query: Mapping[str, str]) -> int:
    """Return how many results a query asks for."""
    text = query.get("limit") or "25"
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= 100):
        raise checks.Refused("The value of `limit` must be a integer from 1 to 100.")
    return int(text)


def cursor(query: Mapping[str, str]) -> str | None:
    """Return the position that a query asks to go on from."""
    text = query.get("cursor")
    if not text:
        return None
    try:
        position = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError as error:
        raise checks.Refused("The value of `cursor` must be a cursor.") from error
    if len(position.encode()) > MAX_POSITION_BYTES:
        raise checks.Refused("The value of `cursor` must be a cursor.")
    return position


def _who(value: Mapping[str, Any]) -> Who:
    return Who(anonymous_id=value.get("anonymous_id") or None, external_id=value.get("external_id") or None)


def _traits(value: Mapping[str, Any]) -> Traits:
    return Traits.model_validate({name: value[name] for name in _TRAITS if name in value})


def _track(items: Sequence[dict[str, Any]], caller: ClientCaller, request: Request, now: datetime) -> list[TrackEvent]:
    for item in items:
        checks.check_size(item, checks.MAX_EVENT_BYTES)
    keys = _idempotency_keys(request, len(items))
    used = UsedKey(id=caller.key_id, scope="secret" if caller.is_secret else "public")
    return [_event(item, key, used, now) for item, key in zip(items, keys, strict=True)]


def _idempotency_keys(request: Request, how_many: int) -> Sequence[str | None]:
    """Return the id that the header gives each item."""
    key = request.headers.get("idempotency-key")
    if not key:
        return [None] * how_many
    checks.check_length(key, 1, checks.MAX_ID)
    return [key] if how_many == 1 else [f"{key}:{index}" for index in range(how_many)]


def _event(item: dict[str, Any], key: str | None, used: UsedKey, now: datetime) -> TrackEvent:
    extra = {name: value for name, value in item.items() if name not in _EVENT}
    data = item.get("data")
    if "data" not in item and isinstance(extra.get("properties"), dict):
        data = extra.pop("properties")
    given = item.get("message_id") or key
    message = Message(
        # Made here and not when the item is processed: the queue may hand it over twice.
        message_id=given or mint_message_id(),
        minted=given is None,
        client_key=used,
        event_type=item.get("name") or UNNAMED,
        source="client",
        data=data or {},
        extra=extra,
        received_at=now,
    )
    user = item.get("user")
    traits = _traits(user) if user is not None else None
    return TrackEvent(kind="event", who=_who(item), traits=traits, message=message)
