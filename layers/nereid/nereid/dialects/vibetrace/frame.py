"""The Vibetrace API's form: the raw token as `Authorization`, one error in a list, always HTTP 200 on success.

Source of the rules: docs/apis/vibetrace.md.
"""

from collections.abc import Callable
from typing import Any

import nereid.auth.tokens  # noqa: F401 - not by the first request, which has a part of a core
from nereid.auth.credentials import Caller, Credentials
from nereid.dialects import endpoint as frame
from nereid.dialects.http import MAX_BODY_BYTES, BodyNotJson, BodyNotObject, BodyTooLarge, Request, Response
from nereid.dialects.http import not_available as unavailable
from nereid.dialects.vibetrace.bodies import InvalidEvent, MissingEvent, MissingUser
from nereid.errors import AlreadyExists, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from nereid.models.user import User

_WRONG = "Invalid data format/type"
#: The routes that may end in a slash; see docs/adr/0009-trailing-slash.md.
_WITH_SLASH = ("/v1/event/", "/v1/user/")


class _Vibetrace:
    """The dialect, as the frame of the endpoints needs it."""

    def authenticate(self, request: Request, credentials: Credentials) -> Caller:
        token = request.headers.get("authorization", "").strip()
        scheme, _, rest = token.partition(" ")
        return credentials.api_token(rest.strip() if scheme.lower() == "bearer" else token)

    def error(self, error: Exception) -> Response:
        match error:
            case BodyTooLarge():
                text = f"The body must not be larger than {MAX_BODY_BYTES} bytes."
                return _error(413, "Request too large", text)
            case Unauthenticated():
                text = "Please send a valid API key in the Authorization header."
                return _error(401, "Unauthorized", text)
            case Forbidden():
                return _error(403, "Forbidden", "This API key does not allow this operation.")
            case BodyNotJson() | BodyNotObject():
                return _error(400, _WRONG, "The request body is not a valid JSON object.")
            case MissingEvent():
                return _error(400, "Missing event information", "Please send event information along with user")
            case MissingUser():
                return _error(400, "Missing user information", "Please send user information along with event")
            case InvalidEvent():
                return _error(400, _WRONG, "Error validating event attributes")
            case Invalid():
                return _error(400, _WRONG, "Error validating user attributes")
            case AlreadyExists():
                return _error(400, "User already exists", "This email already exists in our database.")
            case NotFound():
                return _error(404, "User not found", "This email does not exist in our database.")
            case Unavailable():
                return unavailable(_errors("Service unavailable", "Please try again later."))
        return _error(500, "Internal error", "Please try again later.")


dialect = _Vibetrace()


def endpoint(
    runtime: frame.HasCredentials, permission: str
) -> Callable[[Callable[[Request, Caller], Response]], frame.LambdaHandler]:
    """Make a Lambda handler of a function that answers an authenticated Vibetrace request."""

    def make(function: Callable[[Request, Caller], Response]) -> frame.LambdaHandler:
        handler = frame.authenticated(dialect, runtime, permission, function)

        def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
            # The greedy routes, for a slash at the end and for addresses with slashes, also take other paths.
            parameters = event.get("pathParameters") or {}
            if parameters.get("slash") or _goes_on_behind(parameters.get("email", "")):
                return not_found().to_event()
            return handler(event, context)

        return handle

    return make


def not_found() -> Response:
    """Return the answer for an unknown route or method."""
    return _error(404, "Not Found", "This endpoint does not exist.")


def route_not_found(request: Request) -> Response:
    """Return the answer for a route that does not exist, or send on to the one without a slash at the end."""
    if request.method == "POST" and request.path in _WITH_SLASH:
        return Response(308, headers={"Location": request.path.rstrip("/")})
    return not_found()


def event_created() -> Response:
    """Return the answer to events, whether they count or not."""
    text = {"message": "Event created", "email": "Event was created for the specified user"}
    return Response(200, {"results": text})


def user_stored(user: User, email: str, *, created: bool) -> Response:
    """Return the answer to a user's creation or change."""
    shown = user_object(user, email)
    message = "Successfully added new user." if created else "Successfully updated user."
    return Response(200, {"results": [{"message": message, "email": shown["email"]}], "object": shown})


def user_shown(user: User, email: str) -> Response:
    """Return a user as it is asked for."""
    return Response(200, user_object(user, email))


def user_object(user: User, email: str) -> dict[str, Any]:
    """Return a user as this API shows it: flat, with the address by which it was named, as it is stored."""
    contact = user.contact_info("email", email)
    attributes = {key: value for key, value in user.meta.items() if key not in ("_id", "email")}
    return {"_id": user.user_id, "email": contact.value if contact else email, **attributes}


def _goes_on_behind(email: str) -> bool:
    """Tell whether a path goes on behind an address: before the @ one may hold slashes, its domain never does."""
    return "/" in email.rpartition("@")[2]


def _errors(message: str, description: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "description": description}]}


def _error(status: int, message: str, description: str) -> Response:
    return Response(status, _errors(message, description))
