"""Bodies of the Client API: checked, then turned into operations."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from nereid.auth.credentials import ClientCaller
from nereid.dialects.client import checks
from nereid.dialects.http import Request
from nereid.models.addresses import normal
from nereid.models.message import (
    Alias,
    Identify,
    Message,
    Operation,
    RegisterDevice,
    TrackEvent,
    UsedKey,
    mint_message_id,
)
from nereid.models.operation import Traits, Who
from nereid.models.user import Device

#: The event type of an event without a name.
UNNAMED = "unnamed"
#: Longest position in a list: a moment and an id. A much longer one could not even be looked up.
MAX_POSITION_BYTES = 256
_TRAITS = tuple(field.name for field in checks.TRAITS)
_IDS = ("anonymous_id", "external_id")
#: Members of a call of Segment that have a meaning.
_CALL = {field.name for field in checks.SEGMENT}
#: Types of Segment's calls that this API has, too.
_CALLS = ("identify", "track", "alias")
#: Members of an event that have a meaning; all others are kept as `extra`.
_EVENT = {field.name for field in checks.EVENT}


def alias(value: Any, caller: ClientCaller, now: datetime) -> Alias:
    """Return the operation of an alias request."""
    checks.check_type(value, "object")
    checks.check_required(value, [field.name for field in checks.ALIAS])
    checks.check_fields(value, checks.ALIAS)
    return Alias(
        kind="alias",
        id=mint_message_id(),
        client_key=_used(caller),
        asked_at=now,
        anonymous_id=value["anonymous_id"],
        external_id=value["external_id"],
    )


def identify(value: Any, caller: ClientCaller, now: datetime) -> Identify:
    """Return the operation of an identify request."""
    checks.check_type(value, "object")
    checks.check_id(value)
    checks.check_no_others(value, checks.IDENTIFY)
    checks.check_fields(value, checks.IDENTIFY)
    checks.check_size(value.get("data"), checks.MAX_OBJECT_BYTES)
    return Identify(
        kind="identify",
        id=mint_message_id(),
        client_key=_used(caller),
        asked_at=now,
        who=_who(value),
        traits=_traits(value),
    )


def device(value: Any, caller: ClientCaller, now: datetime) -> RegisterDevice:
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
    return RegisterDevice(
        kind="device",
        id=mint_message_id(),
        client_key=_used(caller),
        asked_at=now,
        who=_who(value),
        device=registered,
    )


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


def segment(value: Any, caller: ClientCaller, now: datetime) -> list[Operation]:
    """Return the operations of Segment's calls: those of the types that this API has, too."""
    checks.check_items(value)
    for index, item in enumerate(value):
        _check_call(item, f"{index}/")
    found: list[Operation] = []
    for item in value:
        match item["type"]:
            case "identify":
                found.append(identify(_identify_of(item), caller, now))
            case "track":
                found += _track([_event_of(item)], caller, None, now)
            case "alias":
                found.append(alias(_alias_of(item), caller, now))
    return found


def _check_call(item: Any, path: str) -> None:
    checks.check_type(item, "object", path.rstrip("/"))
    checks.check_required(item, ["type"])
    checks.check_fields(item, checks.SEGMENT[:1], path)
    if item["type"] not in _CALLS:  # nothing is done with it, so nothing in it can be wrong
        return
    if item["type"] == "alias":
        checks.check_id(item, ("userId",))
        checks.check_id(item, ("previousId", "anonymousId"))
    else:
        checks.check_id(item, ("anonymousId", "userId"))
    checks.check_fields(item, checks.SEGMENT, path)
    if item["type"] == "identify":
        checks.check_fields(item.get("traits") or {}, checks.SEGMENT_TRAITS, f"{path}traits/")
        checks.check_fields(item.get("context") or {}, checks.SEGMENT_CONTEXT, f"{path}context/")


def _ids_of(item: Mapping[str, Any]) -> dict[str, Any]:
    names = {"anonymousId": "anonymous_id", "userId": "external_id"}
    return {ours: item[theirs] for theirs, ours in names.items() if theirs in item}


def _identify_of(item: Mapping[str, Any]) -> dict[str, Any]:
    traits, context = item.get("traits") or {}, item.get("context") or {}
    addresses = {field.name: traits[field.name] for field in checks.SEGMENT_TRAITS if field.name in traits}
    places = {field.name: context[field.name] for field in checks.SEGMENT_CONTEXT if field.name in context}
    return {**_ids_of(item), **addresses, **places, "data": dict(traits)}


def _event_of(item: Mapping[str, Any]) -> dict[str, Any]:
    others = {name: each for name, each in item.items() if name not in _CALL}
    event = {**others, **_ids_of(item), "name": item.get("event"), "data": item.get("properties")}
    return {**event, "message_id": item.get("messageId"), "context": item.get("context")}


def _alias_of(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"external_id": item["userId"], "anonymous_id": item.get("previousId") or item["anonymousId"]}


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
    # An id that was not given stays so, which a null is not.
    return Who.model_validate({name: value[name] or None for name in _IDS if name in value})


def _used(caller: ClientCaller) -> UsedKey:
    return UsedKey(id=caller.key_id, scope="secret" if caller.is_secret else "public")


def _traits(value: Mapping[str, Any]) -> Traits:
    given = {name: value[name] for name in _TRAITS if name in value}
    if given.get("timezone") is not None:
        given["timezone"] = checks.timezone_named(given["timezone"])
    return Traits.model_validate(given)


def _track(
    items: Sequence[dict[str, Any]], caller: ClientCaller, request: Request | None, now: datetime
) -> list[TrackEvent]:
    for item in items:
        checks.check_size(item, checks.MAX_EVENT_BYTES)
    keys = _idempotency_keys(request, len(items)) if request is not None else [None] * len(items)
    used = _used(caller)
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
