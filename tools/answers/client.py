"""Answers of the Client API; docs/apis/client.md has them in words."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tools.answers.form import (
    FAILED,
    RETRY,
    TOO_LARGE,
    TOO_MANY,
    UNAVAILABLE,
    Answer,
    GatewayError,
    Reply,
    Success,
    absent,
)


class ClientError(Answer):
    """What is wrong with a request, in words, and for some errors as a number."""

    status: Literal["error"]
    error: str
    code: int = absent()


class ClientNotificationContent(Answer):
    """What the app shows of a notification."""

    title: str
    body: str
    custom: dict[str, str]
    html: str = absent()
    image: str = absent()
    read_on_show: bool = absent()


class ClientNotification(Answer):
    """A notification in a user's inbox."""

    id: int
    content_type: Literal["banner", "html"]
    content: ClientNotificationContent
    read_at: datetime | None
    expires_at: datetime | None


class ClientNotificationPage(Answer):
    """A page of unread notifications."""

    results: list[ClientNotification]
    limit: int
    nextCursor: str = absent()  # noqa: N815 - the API's name


_QUEUED = Success(204, Reply("Everything in the request is durably queued"))
SUCCESS = {
    "alias_user": _QUEUED,
    "identify_user": _QUEUED,
    "register_device": _QUEUED,
    "post_events": _QUEUED,
    "track_event": _QUEUED,
    "post_segment_calls": _QUEUED,
    "list_notifications": Success(200, Reply("Unread notifications, newest first", (ClientNotificationPage,))),
    "read_notification": Success(204, Reply("Read, if it is the user's")),
}
ERRORS = {
    400: Reply("The body is not what its content type says, or too large", (ClientError,)),
    401: Reply("No client key, or no user token that is good for the user", (ClientError,)),
    403: Reply("The key may not do that, or the team is stopped", (ClientError,)),
    404: Reply("No such key", (ClientError,)),
    413: Reply(TOO_LARGE, (GatewayError,)),
    422: Reply("The first rule that the body or query breaks", (ClientError,)),
    429: Reply(TOO_MANY, (GatewayError,), may_have=RETRY),
    500: Reply(FAILED, (ClientError, GatewayError)),
    503: Reply(UNAVAILABLE, (ClientError, GatewayError), may_have=RETRY),
}
INBOX_ERRORS = {**ERRORS, 404: Reply("No such user, as text; no such key, as JSON", (ClientError,), "text/plain")}
