"""Answers of the Vibetrace API; docs/apis/vibetrace.md has them in words."""

from __future__ import annotations

from pydantic import ConfigDict, Field

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
)


class VibetraceError(Answer):
    """What is wrong with a request."""

    message: str
    description: str


class VibetraceErrors(Answer):
    """What is wrong with a request, in a list of one."""

    errors: list[VibetraceError]


class VibetraceUser(Answer):
    """A user with its attributes, which may have any other name."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(alias="_id")
    email: str


class VibetraceResult(Answer):
    """What was done, and to whom."""

    message: str
    email: str


class VibetraceEventCreated(Answer):
    """The events are durably queued."""

    results: VibetraceResult


class VibetraceUserStored(Answer):
    """The user as stored, and whether it was there before."""

    results: list[VibetraceResult]
    object: VibetraceUser


_STORED = Success(200, Reply("The user as stored", (VibetraceUserStored,)))
SUCCESS = {
    "post_event": Success(200, Reply("The events are durably queued", (VibetraceEventCreated,))),
    "get_user": Success(200, Reply("The user", (VibetraceUser,))),
    "create_user": _STORED,
    "update_user": _STORED,
}
ERRORS = {
    400: Reply("The body is not JSON, or breaks a rule", (VibetraceErrors,)),
    401: Reply("No valid API token", (VibetraceErrors,)),
    403: Reply("The token lacks the permission, or the team is stopped", (VibetraceErrors,)),
    404: Reply("No such user", (VibetraceErrors,)),
    413: Reply(TOO_LARGE, (VibetraceErrors, GatewayError)),
    429: Reply(TOO_MANY, (GatewayError,), may_have=RETRY),
    500: Reply(FAILED, (VibetraceErrors, GatewayError)),
    503: Reply(UNAVAILABLE, (VibetraceErrors, GatewayError), may_have=RETRY),
}
