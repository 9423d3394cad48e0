"""Answers of the Neptune API; docs/apis/neptune.md has them in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from nereid.models.user import ContactType
from tools.answers.form import FAILED, RETRY, TOO_LARGE, TOO_MANY, UNAVAILABLE, Answer, Reply, Success, absent


class NeptuneError(Answer):
    """What is wrong with a request, in words."""

    message: str
    errorCode: str = absent()  # noqa: N815 - the API's name


class NeptuneUnauthenticated(Answer):
    """No valid credential came along."""

    error: str


class NeptuneInvalid(Answer):
    """Which members of a body or query are wrong, and why."""

    message: str
    errorCode: str  # noqa: N815 - the API's name
    errors: dict[str, list[str]]


class NeptuneAccepted(Answer):
    """An event that is durably queued."""

    message_id: str
    status: Literal["accepted"]


class NeptuneDone(Answer):
    """What was done, in words."""

    message: str


class NeptuneContactInfo(Answer):
    """An address of a user."""

    type: ContactType
    value: str
    filterable: str | None
    meta: dict[str, Any]
    verified: Literal[False] = absent()
    unreachable: Literal[True] = absent()
    created_at: datetime
    updated_at: datetime


class NeptuneUser(Answer):
    """A user, with contact infos if they were asked for."""

    user_id: str
    meta: dict[str, Any]
    timezone: str = absent()
    locale: str = absent()
    contact_infos: list[NeptuneContactInfo] = absent()
    created_at: datetime
    updated_at: datetime


class NeptunePaging(Answer):
    """Where in a list a page stands."""

    page: int
    per_page: int
    total: int


class NeptuneUserPage(Answer):
    """A page of users."""

    data: list[NeptuneUser]
    meta: NeptunePaging


class NeptuneEnvironment(Answer):
    """An environment."""

    name: str
    identifier: str
    mock: bool


class NeptuneEnvironmentPage(Answer):
    """A page of environments."""

    data: list[NeptuneEnvironment]
    meta: NeptunePaging


class NeptuneAppNotification(Answer):
    """A notification in a user's inbox."""

    uuid: UUID
    user_id: str
    event_type: str
    title: str
    body: str
    data: dict[str, Any]
    action_url: str = absent()
    read_at: datetime | None
    created_at: datetime


class NeptuneInboxPaging(NeptunePaging):
    """Where in an inbox a page stands."""

    unread: int
    next_before: UUID | None


class NeptuneInboxPage(Answer):
    """A page of an inbox."""

    data: list[NeptuneAppNotification]
    meta: NeptuneInboxPaging


class NeptuneRead(Answer):
    """How many notifications went from unread to read."""

    message: str
    updated: int


_USER = Success(200, Reply("The user as stored", (NeptuneUser,)))
_CONTACT = Success(200, Reply("The contact info as stored", (NeptuneContactInfo,)))
_ACCEPTED = Success(200, Reply("The event is durably queued", (NeptuneAccepted,)))
_DELETED = Success(200, Reply("Deleted", (NeptuneDone,)))
SUCCESS = {
    "ingest_event": _ACCEPTED,
    "post_event": _ACCEPTED,
    "list_environments": Success(200, Reply("A page of environments, oldest first", (NeptuneEnvironmentPage,))),
    "create_user": _USER,
    "list_users": Success(200, Reply("A page of users, newest first", (NeptuneUserPage,))),
    "get_user": Success(200, Reply("The user", (NeptuneUser,))),
    "update_user": _USER,
    "delete_user": _DELETED,
    "add_contact_info": _CONTACT,
    "update_contact_info": _CONTACT,
    "delete_contact_info": _DELETED,
    "list_app_notifications": Success(200, Reply("A page of the inbox", (NeptuneInboxPage,))),
    "read_app_notifications": Success(200, Reply("Marked as read", (NeptuneRead,))),
}
ERRORS = {
    400: Reply("The body is not JSON, or not an object", (NeptuneError,)),
    401: Reply("No valid API token", (NeptuneUnauthenticated,)),
    403: Reply("The token lacks the permission, or the team is stopped", (NeptuneError,)),
    404: Reply("No such environment or object", (NeptuneError,)),
    413: Reply(TOO_LARGE, (NeptuneError,)),
    422: Reply("Members that are missing or wrong", (NeptuneInvalid,)),
    429: Reply(TOO_MANY, (NeptuneError,), may_have=RETRY),
    500: Reply(FAILED, (NeptuneError,)),
    503: Reply(UNAVAILABLE, (NeptuneError,), may_have=RETRY),
}
