"""The content of a dead letter, as far as it can be read: it may have failed because of its form."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from nereid import jsontext
from nereid.models.letter import Contents, Kind
from nereid.models.message_keys import key_of


def contents_of(body: str) -> Contents:
    """Read a record of any queue of the pipeline."""
    try:
        value = json.loads(body)
        # What could not be written again, such as half a character, could be neither shown nor looked up.
        jsontext.dumps(value).encode()
    except (ValueError, RecursionError):
        return _unknown(body)
    if not isinstance(value, dict):
        return _unknown(value)
    if "delivery_id" in value:
        return _delivery(value)
    if any(isinstance(value.get(name), list) for name in ("messages", "operations", "replays")):
        return _batch(value)
    tags = _at(_report(value), "mail", "tags")
    return _feedback(value, tags) if isinstance(tags, dict) else _unknown(value)


def _report(value: dict[str, Any]) -> Any:
    """Return SES's report without the envelope of EventBridge or SNS."""
    if isinstance(value.get("Message"), str):
        with suppress(ValueError, RecursionError):
            return json.loads(value["Message"])
    return value.get("detail", value)


def _unknown(value: Any) -> Contents:
    return Contents("unknown", None, None, [], [], [], value)


def _delivery(value: dict[str, Any]) -> Contents:
    return Contents(
        "delivery",
        _text(value.get("team_id")),
        _text(value.get("environment")),
        _texts(_at(value, "message", "event_type")),
        _texts(value.get("message_id")),
        _texts(value["delivery_id"]),
        value,
    )


def _batch(value: dict[str, Any]) -> Contents:
    operations, replays = list(_dicts(value.get("operations"))), list(_dicts(value.get("replays")))
    messages = [*_dicts(value.get("messages")), *_dicts([operation.get("message") for operation in operations])]
    kind: Kind = "operations" if operations else "replay" if replays else "events"
    return Contents(
        kind,
        _text(value.get("team_id")),
        _text(value.get("environment")),
        _texts(*(message.get("event_type") for message in messages)),
        _texts(*map(_key, messages), *(each.get("message_id") for each in replays)),
        [],
        value,
    )


def _key(message: dict[str, Any]) -> str | None:
    """Return the key of a message, as far as its form allows; see `nereid.models.message.Message.key`."""
    message_id = _text(message.get("message_id"))
    is_public = _at(message, "client_key", "scope") == "public" and not message.get("minted")
    return key_of(message_id, public=is_public) if message_id else None


def _feedback(value: dict[str, Any], tags: dict[str, Any]) -> Contents:
    def tag(name: str) -> Any:
        return next(iter(tags[name]), None) if isinstance(tags.get(name), list) else None

    return Contents(
        "feedback", _text(tag("team_id")), _text(tag("environment")), [], [], _texts(tag("delivery_id")), value
    )


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(*values: Any) -> list[str]:
    """Return the texts among values, each once."""
    return list(dict.fromkeys(value for value in values if isinstance(value, str) and value))
