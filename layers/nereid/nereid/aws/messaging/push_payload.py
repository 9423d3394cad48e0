"""A push in the form of the platform that shows it, as SNS passes it on.

Sources: https://docs.aws.amazon.com/sns/latest/dg/sns-fcm-v1-payloads.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-apns-push-type.html (the message attributes),
https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages,
https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict

from nereid import jsontext
from nereid.errors import ProviderRefused

#: Most that FCM and APNs take of what the app is shown and given, in bytes.
MAX_BYTES = 4096
#: Longest word by which APNs collapses notifications, in bytes.
_MAX_COLLAPSE = 64
_APNS_PRIORITY = {"high": "10", "normal": "5"}


class Publication(TypedDict):
    """The parameters of a publication that differ with its content."""

    Message: str
    MessageAttributes: dict[str, dict[str, str]]


def publication(application: str, members: Mapping[str, Any], now: datetime) -> Publication:
    """Return a push as it is published.

    Parameters
    ----------
    application
        The ARN of the platform application, whose platform decides on the form.
    members
        The template's, filled in.
    now
        When it is published; the time that the platform keeps it begins then.

    Raises
    ------
    ProviderRefused
        If it is larger than the platform takes.
    """
    platform = application.rpartition(":app/")[2].partition("/")[0]
    message: dict[str, str] = {"default": members["body"]}
    attributes: dict[str, str] = {}
    if platform == "GCM":
        content = _for_fcm(members, now)
        _require_room({name: content[name] for name in ("notification", "data")})
        message[platform] = jsontext.dumps({"fcmV1Message": {"message": content}})
    elif platform.startswith("APNS"):
        content = _for_apns(members)
        _require_room(content)
        message[platform] = jsontext.dumps(content)
        attributes = _attributes(platform, members)
    values = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    return {"Message": jsontext.dumps(message), "MessageAttributes": values}


def _for_fcm(members: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    # FCM takes texts alone. `aps` is for Apple's devices, which it serves as well.
    data = {
        key: value if isinstance(value, str) else jsontext.dumps(value)
        for key, value in _data(members).items()
        if key != "aps"
    }
    content: dict[str, Any] = {"notification": {"title": members["title"], "body": members["body"]}, "data": data}
    lifetime = members.get("time_to_live")
    android = {
        "collapse_key": members.get("collapse"),
        "priority": members.get("priority"),
        "ttl": f"{lifetime}s" if lifetime is not None else None,
        "notification": _given({"sound": members.get("sound"), "channel_id": members.get("channel")}) or None,
    }
    expiration = int((now + timedelta(seconds=lifetime)).timestamp()) if lifetime else lifetime
    apple = {
        "headers": _given(
            {
                "apns-collapse-id": _collapse_id(members),
                "apns-priority": _APNS_PRIORITY.get(members.get("priority", "")),
                # 0 stands for a single try, as it does in the template.
                "apns-expiration": str(expiration) if expiration is not None else None,
            }
        )
        or None,
        "payload": {"aps": _aps(members)} if {"sound", "badge"} & members.keys() or "aps" in _data(members) else None,
    }
    return content | _given({"android": _given(android) or None, "apns": _given(apple) or None})


def _for_apns(members: Mapping[str, Any]) -> dict[str, Any]:
    return {**_data(members), "aps": _aps(members)}


def _aps(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Apple's devices show; the template's own `aps` comes before what follows from its other members."""
    alert = {"title": members["title"], "body": members["body"]}
    ours = {"alert": alert, **_given({"sound": members.get("sound"), "badge": members.get("badge")})}
    own = _data(members).get("aps")
    if not isinstance(own, Mapping):  # a template that is older than the rule that it is an object
        return ours
    merged = {**ours, **own}
    if isinstance(own.get("alert"), Mapping):
        merged["alert"] = {**alert, **own["alert"]}
    return merged


def _attributes(platform: str, members: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of APNs as SNS takes them. Only the time to live has a name of its own for the sandbox."""
    lifetime = members.get("time_to_live")
    return _given(
        {
            f"AWS.SNS.MOBILE.{platform}.TTL": str(lifetime) if lifetime is not None else None,
            "AWS.SNS.MOBILE.APNS.PRIORITY": _APNS_PRIORITY.get(members.get("priority", "")),
            "AWS.SNS.MOBILE.APNS.COLLAPSE_ID": _collapse_id(members),
        }
    )


def _collapse_id(members: Mapping[str, Any]) -> str | None:
    collapse: str | None = members.get("collapse")
    if collapse is None or len(collapse.encode()) <= _MAX_COLLAPSE:
        return collapse
    # It is compared and never shown, so a digest of it does as well.
    return hashlib.sha256(collapse.encode()).hexdigest()


def _require_room(content: Mapping[str, Any]) -> None:
    if jsontext.size(content) > MAX_BYTES:
        raise ProviderRefused("too large")


def _data(members: Mapping[str, Any]) -> Mapping[str, Any]:
    data: Mapping[str, Any] = members.get("data", {})
    return data


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
