"""The management API's form: bearer token, `{"message", "errors"}` on errors, `next_cursor` paging, always HTTP 200.

Source of the rules: docs/apis/manage.md.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

import nereid.auth.tokens  # noqa: F401 - not by the first request, which has a part of a core
from nereid import jsontext
from nereid.auth.credentials import Caller, Credentials, bearer
from nereid.clock import to_iso
from nereid.dialects import endpoint as frame
from nereid.dialects.body_types import MAX_IDENTIFIER, Body
from nereid.dialects.http import BodyNotJson, BodyNotObject, BodyTooLarge, Request, Response, no_such_route
from nereid.dialects.http import not_available as unavailable
from nereid.dialects.manage.bodies import DeadLettersBody, ListQuery
from nereid.errors import (
    AlreadyExists,
    BeingDeleted,
    Forbidden,
    Invalid,
    LastAdmin,
    LimitReached,
    NereidError,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from nereid.models.account import Account
from nereid.models.addresses import normal, why_unreachable
from nereid.models.delivery import Delivery, Replayed
from nereid.models.event_type import EventType
from nereid.models.letter import Letter
from nereid.models.message import usable
from nereid.models.overview import CHANNELS, STATUSES, Overview
from nereid.models.preview import Preview
from nereid.models.suppression import SUPPRESSION_REASONS, Suppression
from nereid.models.team import ApiToken, Channels, ClientKey, Environment, Team
from nereid.ports.messaging import StoredMessage

#: The member of a body, or the part of a path, that is said to be too much.
_LIMITED = {
    "environments": "identifier",
    "API tokens": "name",
    "client keys": "environment",
    "event types": "event_type",
}
DELETED = {"message": "Successfully deleted"}
#: DynamoDB's limit, and so the length of the longest position in a list.
MAX_SORT_KEY_BYTES = 1024


Listed = TypeVar("Listed", bound=ListQuery)


class HasMoment(Protocol):
    """The sort key of a list."""

    created_at: datetime


Created = TypeVar("Created", bound=HasMoment)


class BadCursor(NereidError):
    """The cursor is not one that we gave."""


#: Errors that are always answered alike; the more particular kinds first.
_PLAIN: dict[type[NereidError], tuple[int, str]] = {
    BodyTooLarge: (413, "Request too large"),
    BodyNotJson: (400, "Invalid JSON"),
    BodyNotObject: (400, "The body must be a JSON object"),
    BadCursor: (400, "Invalid cursor"),
    Unauthenticated: (401, "Unauthenticated"),
    Forbidden: (403, "Forbidden"),
}


class _Manage:
    """The dialect, as the frame of the endpoints needs it.

    Parameters
    ----------
    certain
        Whether a credential is looked up whatever is cached.
    """

    def __init__(self, *, certain: bool = False) -> None:
        self._certain = certain

    def authenticate(self, request: Request, credentials: Credentials) -> Caller:
        return credentials.team_token(bearer(request.headers.get("authorization")), certain=self._certain)

    def error(self, error: Exception) -> Response:
        match error:
            case NotFound():
                return not_found()
            case Invalid():
                return _invalid(error)
            case LimitReached(what=what):
                return _invalid(Invalid({_LIMITED[what]: str(error)}))
            case BeingDeleted():
                return _invalid(Invalid({"identifier": "is being deleted"}))
            case AlreadyExists() if str(error) == "account":
                return Response(409, {"message": "An account has this e-mail address already"})
            case LastAdmin():
                return Response(409, {"message": "The team would have no Admin left"})
            case AlreadyExists():
                return _invalid(Invalid({"identifier": "already exists"}))
            case TooMany(retry_after=seconds):
                return Response(429, {"message": "Too many requests"}, {"Retry-After": str(seconds)})
            case Unavailable():
                return unavailable({"message": "Service unavailable"})
        plain = (answer for kind, answer in _PLAIN.items() if isinstance(error, kind))
        status, text = next(plain, (500, "Internal server error"))
        return Response(status, {"message": text})


dialect = _Manage()
_certain = _Manage(certain=True)


def endpoint(
    runtime: frame.HasCredentials, permission: str | None = None, *, certain: bool = False
) -> Callable[[Callable[[Request, Caller], Response]], frame.LambdaHandler]:
    """Make a Lambda handler of a function that answers an authenticated management request.

    Parameters
    ----------
    certain
        Whether a credential that was revoked a moment ago is refused already, for one read more: for functions that
        make or end credentials, or change who sends.
    """
    return lambda function: frame.authenticated(_certain if certain else dialect, runtime, permission, function)


def not_found() -> Response:
    """Return the answer for an unknown object, route or method."""
    return no_such_route()


def ok(body: dict[str, Any]) -> Response:
    """Return a success answer."""
    return Response(200, body)


def json_object(request: Request) -> dict[str, Any]:
    """Return the body as a JSON object; unlike Neptune's clients, those of this API send one whenever it is due.

    Raises
    ------
    BodyNotJson, BodyNotObject
    """
    if not request.body.strip():
        raise BodyNotJson("empty")
    if request.body.strip().startswith(b"["):
        request.json_object()  # which tells whether it is JSON at all
        raise BodyNotObject("list")
    return request.json_object()


def list_query(model: type[Listed], request: Request, parts: int) -> tuple[Listed, list[str] | None]:
    """Check the query of a list; return it and the position, of so many parts, that its cursor names.

    Raises
    ------
    BadCursor, Invalid
    """
    position = decode_cursor(request.query.get("cursor"), parts)
    return parse(model, dict(request.query)), position


def event_type_name(request: Request) -> str:
    """Return the event type that the path names; `Invalid` if no event could carry it."""
    name = request.params["event_type"]
    if not 1 <= len(name) <= 256:
        raise Invalid({"event_type": "must be 1 to 256 characters"})
    return name


def given_twice(one: str, other: str) -> Invalid:
    """Return the error of a body that has both of two members that say the same."""
    return Invalid({one: f"must be left out where {other} is given"})


def user_id(request: Request) -> str:
    """Return the user that the path names; `NotFound` if no user could have the id."""
    return checked_user_id(request.params["user_id"])


def checked_user_id(name: str) -> str:
    """Return a user's id; `NotFound` if no user could have it."""
    if not 1 <= len(name) <= MAX_IDENTIFIER:
        raise NotFound("user")
    return name


def one_or_all(body: DeadLettersBody) -> DeadLettersBody:
    """Return which dead letters are selected; `Invalid` unless it is either one or all."""
    if body.id is None and not body.all:
        raise Invalid({"id": "is required, unless all is true"})
    if body.id is not None and body.all:
        raise Invalid({"all": "must not be true beside an id"})
    return body


def parse(model: type[Body], values: dict[str, Any]) -> Body:
    """Check a body or query against its model; `Invalid` names each wrong field by its path."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems: dict[str, str] = {}
        for found in error.errors(include_url=False):
            loc = found["loc"]
            if found["type"].startswith("union_tag"):  # the member that says which of a union it is
                loc = (*loc, found["ctx"]["discriminator"].strip("'"))
            problems.setdefault(_path(loc, values), _reason(found))
        raise Invalid(problems) from error


def _path(loc: Sequence[int | str], values: Any) -> str:
    """Write where an error lies as `notifications[0].template.subject`.

    Pydantic also names the member of a union that it tried; a name that is no key of the value there is left out.
    """
    path = ""
    last = len(loc) - 1
    for position, part in enumerate(loc):
        if isinstance(part, int):
            path += f"[{part}]"
            values = values[part] if isinstance(values, list) and part < len(values) else None
        elif isinstance(values, dict) and part not in values and position < last:
            continue
        else:
            # A member may have an empty name, and what is wrong with it has to be named all the same.
            named = part or '""'
            path += f".{named}" if path else named
            values = values.get(part) if isinstance(values, dict) else None
    return path


def _reason(error: Any) -> str:
    match error["type"]:
        case "missing" | "union_tag_not_found":
            return "is required"
        case "extra_forbidden":
            return "is not a known member"
        case "literal_error":
            return "must be " + _one_of(error["ctx"]["expected"])
        case "union_tag_invalid":
            return "must be " + _one_of(error["ctx"]["expected_tags"])
        case "value_error":
            return str(error["ctx"]["error"])
    text = str(error["msg"])
    return text[0].lower() + text[1:]


def _one_of(expected: str) -> str:
    return "one of " + expected.replace(" or ", ", ").replace("'", "")


def _invalid(error: Invalid) -> Response:
    line = {} if error.line is None else {"line": error.line}
    errors = [{"field": field, **line, "message": text} for field, text in error.problems.items()]
    return Response(422, {"message": "Validation failed", "errors": errors})


def encode_cursor(position: Sequence[str] | None) -> str | None:
    """Write a position in a list as an opaque cursor."""
    if position is None:
        return None
    return base64.urlsafe_b64encode(jsontext.dumps(list(position)).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, parts: int) -> list[str] | None:
    """Read a cursor of so many parts; `BadCursor` if it is none of ours."""
    if not cursor:
        return None
    try:
        position = jsontext.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error
    if not isinstance(position, list) or len(position) != parts:
        raise BadCursor
    # No position is empty or longer than a sort key.
    if not all(isinstance(each, str) and 1 <= len(each.encode()) <= MAX_SORT_KEY_BYTES for each in position):
        raise BadCursor
    return position


def page(data: Sequence[dict[str, Any]], position: Sequence[str] | None) -> Response:
    """Return a page of a list and the cursor of the next."""
    return Response(200, {"data": data, "next_cursor": encode_cursor(position)})


def slice_page(
    objects: Sequence[Created], key: Callable[[Created], str], after: Sequence[str] | None, limit: int
) -> tuple[Sequence[Created], list[str] | None]:
    """Return one page of a short list that is at hand whole, oldest first, and the position after it.

    The position is a moment and a key, so that a list goes on where it was even if that object is gone by then.
    """
    placed = sorted(((to_iso(each.created_at), key(each)), each) for each in objects)
    rest = [(place, each) for place, each in placed if after is None or place > tuple(after)]
    chosen = rest[:limit]
    return [each for _, each in chosen], list(chosen[-1][0]) if len(rest) > limit else None


def team_object(team: Team) -> dict[str, Any]:
    """Return a team as an operator is shown it."""
    return {
        "id": team.id,
        "name": team.name,
        "senders": team.senders,
        "quota_times": team.quota_times,
        "registered": team.registered,
        "stopped_at": to_iso(team.stopped_at) if team.stopped_at else None,
        "created_at": to_iso(team.created_at),
    }


def environment_object(environment: Environment, defaults: Channels) -> dict[str, Any]:
    """Return an environment as this API shows it: with the providers that are in force."""
    return {
        "identifier": environment.identifier,
        "name": environment.name,
        "mock": environment.mock,
        "channels": environment.providers(defaults).model_dump(mode="json", by_alias=True),
        "client_access": environment.client_access.model_dump(mode="json"),
        "keep_rendered": environment.keep_rendered,
        "default_country": environment.default_country,
        "created_at": to_iso(environment.created_at),
    }


def api_token_object(record: ApiToken, token: str | None = None) -> dict[str, Any]:
    """Return an API token as this API shows it: with the token itself only when it was just made."""
    shown = {
        "id": record.id,
        "name": record.name,
        "permissions": record.permissions,
        "default_environment": record.default_environment,
    }
    if token is not None:
        shown["token"] = token
    return {**shown, "created_at": to_iso(record.created_at), "expires_at": to_iso(record.expires_at)}


def member_object(account: Account, password: str | None = None) -> dict[str, Any]:
    """Return an account as this API shows it: with its one-time password only when it was just made."""
    until = account.password_expires_at
    shown: dict[str, Any] = {
        "id": account.id,
        "email": account.email,
        "full_name": account.full_name,
        "role": account.role,
        "joined": account.has_joined,
        "one_time_until": to_iso(until) if until else None,
    }
    if password is not None:
        shown["one_time_password"] = password
    return {**shown, "created_at": to_iso(account.created_at)}


def client_key_object(record: ClientKey, key: str | None = None) -> dict[str, Any]:
    """Return a client key as this API shows it: a secret one whole only when it was just made."""
    return {
        "id": record.id,
        "environment": record.environment,
        "scope": record.scope,
        "name": record.name,
        "key": key or record.shown,
        "created_at": to_iso(record.created_at),
    }


def event_type_object(event_type: EventType) -> dict[str, Any]:
    """Return an event type as this API shows it: its notifications and what else was given."""
    given = {name: getattr(event_type, name) for name in ("public", "retain_data")}
    return {
        "event_type": event_type.event_type,
        "environment": event_type.environment,
        "notifications": [
            each.model_dump(mode="json", by_alias=True, exclude_unset=True) for each in event_type.notifications
        ],
        **{name: value for name, value in given.items() if value is not None},
        "created_at": to_iso(event_type.created_at),
        "updated_at": to_iso(event_type.updated_at),
    }


def suppression_object(suppression: Suppression) -> dict[str, Any]:
    """Return a suppression as this API shows it: its reasons, the strongest first."""
    return {
        "email": suppression.email,
        "reasons": [
            {"reason": reason, "at": to_iso(suppression.reasons[reason]), "detail": suppression.details.get(reason)}
            for reason in SUPPRESSION_REASONS
            if reason in suppression.reasons
        ],
    }


def message_object(environment: Environment, stored: StoredMessage) -> dict[str, Any]:
    """Return a message, without its deliveries, as this API shows it: with marks of the contacts that reach nobody."""
    message, plan, conflicts = stored
    return {
        "message_id": message.message_id,
        "environment": environment.identifier,
        "event_type": message.event_type,
        "user_id": message.user_id,
        "source": message.source,
        "data": message.data,
        "contact_infos": [_contact(entry, environment.default_country) for entry in message.contact_infos],
        "ignore_user_contacts": message.ignore_user_contacts,
        "timestamp": message.timestamp,
        "extra": message.extra,
        "received_at": to_iso(message.received_at),
        "conflicts": conflicts,
        "reason": plan.reason,
        "skipped": [each.model_dump() for each in plan.all_skipped()],
        **({"test": True} if message.test is not None else {}),
        **({"dropped_at": to_iso(message.dropped_at)} if message.dropped_at is not None else {}),
    }


def _contact(entry: dict[str, Any], country: str | None) -> dict[str, Any]:
    contact = usable(entry)
    if contact is None or why_unreachable(contact.type, normal(contact.type, contact.value, country)) is None:
        return entry
    return {**entry, "unreachable": True}


def replay_object(environment: str, message_id: str, replay_id: str, replayed: Sequence[Replayed]) -> dict[str, Any]:
    """Return the effect of a replay on each delivery."""
    members = ("id", "notification", "channel", "to", "status", "reason")
    return {
        "message_id": message_id,
        "environment": environment,
        "replay_id": replay_id,
        "deliveries": [
            {**{name: getattr(each.delivery, name) for name in members}, "effect": each.effect} for each in replayed
        ],
    }


def overview_object(overview: Overview) -> dict[str, Any]:
    """Return an overview: every channel and status is in it, whether anything has happened or not."""
    whole = overview.whole
    return {
        "accepted": whole.accepted,
        "deliveries": {
            channel: {status: whole.deliveries.get(channel, {}).get(status, 0) for status in STATUSES}
            for channel in CHANNELS
        },
        "by_hour": [
            {
                "hour": to_iso(hour),
                "accepted": counts.accepted,
                **{status: counts.of(status) for status in STATUSES},
                "channels": {channel: sum(counts.deliveries.get(channel, {}).values()) for channel in CHANNELS},
            }
            for hour, counts in overview.hours
        ],
        "attention": [
            {
                "kind": each.kind,
                "count": each.count,
                **{name: to_iso(value) if isinstance(value, datetime) else value for name, value in each.more.items()},
            }
            for each in overview.attention
        ],
    }


def preview_object(preview: Preview) -> dict[str, Any]:
    """Return what a notification would be; members that say nothing are left out where they are optional."""
    shown = {
        "notification": preview.notification,
        "channel": preview.channel,
        "rendered": dict(preview.rendered),
        "missing_variables": list(preview.missing_variables),
        "when": preview.when,
    }
    if preview.template_notes:
        shown["template_notes"] = list(preview.template_notes)
    return shown if preview.reason is None else {**shown, "reason": preview.reason}


def dead_letter_object(letter: Letter, now: datetime) -> dict[str, Any]:
    """Return a dead letter as this API shows it."""
    contents = letter.contents
    return {
        "id": letter.id,
        "queue": letter.queue,
        "reason": letter.reason,
        "sent_at": to_iso(letter.sent_at),
        "age_seconds": max(0, int((now - letter.sent_at).total_seconds())),
        "first_received_at": to_iso(letter.first_received_at),
        "receive_count": letter.receive_count,
        "kind": contents.kind,
        "environment": contents.environment,
        "event_types": contents.event_types,
        "message_ids": contents.message_ids,
        "delivery_ids": contents.delivery_ids,
        "body": contents.body,
    }


def delivery_object(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as this API shows it; members that say nothing are left out where they are optional."""
    optional = {
        name: getattr(delivery, name)
        for name in ("rendered", "missing_variables", "template_notes", "events", "earlier")
        if getattr(delivery, name) is not None
    }
    if delivery.status == "pending":
        optional["next_try_at"] = to_iso(delivery.next_try_at) if delivery.next_try_at else None
    return {
        "id": delivery.id,
        "notification": delivery.notification,
        "channel": delivery.channel,
        "to": delivery.to,
        "status": delivery.status,
        "reason": delivery.reason,
        "provider_message_id": delivery.provider_message_id,
        **optional,
        "created_at": to_iso(delivery.created_at),
        "updated_at": to_iso(delivery.updated_at),
    }
