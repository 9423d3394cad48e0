"""The Neptune API's form: bearer token, `{"message", "errorCode", "errors"}` on errors, always HTTP 200 on success.

Source of the rules: docs/apis/neptune.md.
"""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

import nereid.auth.tokens  # noqa: F401 - not by the first request, which has a part of a core
from nereid.auth.credentials import Caller, Credentials, bearer
from nereid.clock import to_iso
from nereid.dialects import endpoint as frame
from nereid.dialects.body_types import MAX_IDENTIFIER, Body, first_errors, is_missing
from nereid.dialects.http import MAX_BODY_BYTES, BodyNotJson, BodyNotObject, BodyTooLarge, Request, Response
from nereid.dialects.http import not_available as unavailable
from nereid.errors import AlreadyExists, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from nereid.models.addresses import normal, why_unreachable
from nereid.models.team import Environment
from nereid.models.user import AppNotification, ContactInfo, User

DELETED = {"message": "Successfully deleted"}


class _Neptune:
    """The dialect, as the frame of the endpoints needs it."""

    def authenticate(self, request: Request, credentials: Credentials) -> Caller:
        return credentials.api_token(bearer(request.headers.get("authorization")))

    def error(self, error: Exception) -> Response:
        match error:
            case BodyTooLarge():
                message = f"The body must not be larger than {MAX_BODY_BYTES} bytes"
                return Response(413, {"message": message, "errorCode": "PayloadTooLarge"})
            case BodyNotJson():
                return Response(400, {"message": "The body is not valid JSON", "errorCode": "InputNotValid"})
            case BodyNotObject():
                return Response(400, {"message": "The body must be a JSON object", "errorCode": "InputNotValid"})
            case Unauthenticated():
                return Response(401, {"error": "Unauthenticated"})
            case Forbidden():
                return Response(403, {"message": "Forbidden"})
            case NotFound():
                return Response(404, {"errorCode": "NotFound", "message": "Not Found"})
            case Invalid():
                return _invalid({field: [text] for field, text in error.problems.items()})
            case AlreadyExists():
                text = "Contact info already exists"
                return Response(422, {"message": text, "errorCode": "InputNotValid", "errors": {"value": [text]}})
            case Unavailable():
                return unavailable({"message": "Service temporarily unavailable"})
        return Response(500, {"message": "Something went wrong"})


dialect = _Neptune()


def endpoint(
    runtime: frame.HasCredentials, permission: str | None = None
) -> Callable[[Callable[[Request, Caller], Response]], frame.LambdaHandler]:
    """Make a Lambda handler of a function that answers an authenticated Neptune request."""
    return lambda function: frame.authenticated(dialect, runtime, permission, function)


def not_found() -> Response:
    """Return the answer for an unknown route or method."""
    return Response(404, {"error": "Not Found"})


def parse(model: type[Body], values: dict[str, Any]) -> Body:
    """Check a body or query against its model.

    Raises
    ------
    Invalid
        With Neptune's texts: "Please enter <field>" and "<field> is not valid".
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = {}
        for field, found in first_errors(error):
            required = field in model.model_fields and model.model_fields[field].is_required()
            missing = required and is_missing(found)
            problems[field] = f"Please enter {field}" if missing else f"{field} is not valid"
        raise Invalid(problems) from error


def _invalid(errors: dict[str, list[str]]) -> Response:
    message = f"Validation failed. {len(errors)} error(s)"
    return Response(422, {"message": message, "errorCode": "InputNotValid", "errors": errors})


def user_id(request: Request) -> str:
    """Return the user that the path names; `NotFound` if no user can have such an id."""
    if len(request.params["user_id"]) > MAX_IDENTIFIER:
        raise NotFound("user")
    return request.params["user_id"]


def ok(body: dict[str, Any]) -> Response:
    """Return a success answer."""
    return Response(200, body)


def accepted(message_id: str) -> Response:
    """Return the answer to an ingested event."""
    return Response(200, {"message_id": message_id, "status": "accepted"})


def user_object(user: User, *, with_contact_infos: bool = False, country: str | None = None) -> dict[str, Any]:
    """Return a user as Neptune shows it; `country` is the environment's default."""
    shown: dict[str, Any] = {
        "user_id": user.user_id,
        "meta": user.meta,
        "created_at": to_iso(user.created_at),
        "updated_at": to_iso(user.updated_at),
    }
    for name in ("timezone", "locale"):
        if getattr(user, name) is not None:
            shown[name] = getattr(user, name)
    if with_contact_infos:
        shown["contact_infos"] = [contact_info_object(contact, country) for contact in user.contact_infos]
    return shown


def contact_info_object(contact: ContactInfo, country: str | None) -> dict[str, Any]:
    """Return a contact info as Neptune shows it.

    One for which only an app's public key vouches says so, and one at which nobody can be reached.

    Parameters
    ----------
    country
        The environment's default country.
    """
    marks = {"verified": False} if contact.verified is False else {}
    if why_unreachable(contact.type, normal(contact.type, contact.value, country)) is not None:
        marks["unreachable"] = True
    return {
        "type": contact.type,
        "value": contact.value,
        "filterable": contact.filterable,
        "meta": contact.meta,
        **marks,
        "created_at": to_iso(contact.created_at),
        "updated_at": to_iso(contact.updated_at),
    }


def app_notification_object(notification: AppNotification) -> dict[str, Any]:
    """Return an app notification as Neptune shows it."""
    return {
        "uuid": notification.uuid,
        "user_id": notification.user_id,
        "event_type": notification.event_type,
        "title": notification.title,
        "body": notification.body,
        "data": notification.data,
        **({"action_url": notification.action_url} if notification.action_url else {}),
        "read_at": to_iso(notification.read_at) if notification.read_at else None,
        "created_at": to_iso(notification.created_at),
    }


def environment_object(environment: Environment) -> dict[str, Any]:
    """Return an environment as Neptune shows it."""
    return {"name": environment.name, "identifier": environment.identifier, "mock": environment.mock}


def page(data: Sequence[dict[str, Any]], number: int, per_page: int, total: int, **more: int | str | None) -> Response:
    """Return a list with its paging; `Invalid` on `per_page` if no answer holds so many of what the page has.

    Pages are numbered, so one that ended early would hide what it leaves out; of fewer a page, every one is shown.
    """
    response = Response(200, {"data": data, "meta": {"page": number, "per_page": per_page, "total": total, **more}})
    if response.is_too_large:
        raise Invalid({"per_page": "per_page is not valid"})
    return response
