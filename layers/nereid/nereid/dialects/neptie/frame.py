"""The Neptie API's form: bearer token or `X-API-Key`, `{"message"}` on errors, rate limits on every answer.

Source of the rules: docs/apis/neptie.md.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from pydantic import ValidationError

import nereid.auth.tokens  # noqa: F401 - not by the first request, which has a part of a core
from nereid.auth.credentials import Caller, Credentials, bearer
from nereid.clock import to_iso
from nereid.core.access.rate_limits import GENERAL, OF_TEAM, Bucket, Quota, RateLimiter
from nereid.core.access.sources import source_of
from nereid.dialects import endpoint as frame
from nereid.dialects.accounts import account_object
from nereid.dialects.body_types import Body, first_errors
from nereid.dialects.http import MAX_BODY_BYTES, BodyNotJson, BodyNotObject, BodyTooLarge, Request, Response
from nereid.dialects.http import not_available as unavailable
from nereid.errors import (
    AlreadyExists,
    BadRefreshToken,
    ExpiredToken,
    Forbidden,
    Invalid,
    NereidError,
    NoCredential,
    NotFound,
    NotVerified,
    RegistrationClosed,
    TooMany,
    Unauthenticated,
    Unavailable,
    UnknownLead,
    WrongPassword,
)
from nereid.models.account import ACCESS_SECONDS, LoggedIn
from nereid.models.campaign import Campaign
from nereid.models.lead import Lead

_TAKEN = {"account": "Email already registered", "lead": "A lead with this email already exists"}


#: Errors that are always answered alike; the more particular kinds first.
_PLAIN: dict[type[NereidError], tuple[int, str]] = {
    BodyTooLarge: (413, "Request too large"),
    BodyNotJson: (400, "Invalid JSON"),
    BodyNotObject: (400, "The body must be a JSON object"),
    WrongPassword: (401, "Invalid email or password"),
    BadRefreshToken: (401, "Invalid refresh token"),
    NoCredential: (401, "Authentication required"),
    ExpiredToken: (401, "Expired token"),
    Unauthenticated: (401, "Invalid token"),
    Forbidden: (403, "Insufficient permissions"),
    RegistrationClosed: (403, "Registration is closed"),
    NotVerified: (403, "Email address not verified"),
}
#: Pydantic's errors, in this API's words.
_REASONS = {
    "missing": "is required",
    "required": "is required",
    "string_type": "must be a string",
    "string_too_long": "must be at most {max_length} characters",
    "string_too_short": "must be at least {min_length} characters",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "list_type": "must be an array",
    "too_long": "must have at most {max_length} items",
    "too_short": "must have at least {min_length} items",
    "int_type": "must be a number",
    "float_type": "must be a number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}


class Runtime(Protocol):
    """The part of the runtime that the frame needs."""

    @property
    def credentials(self) -> Credentials:
        """Return the check of credentials."""
        ...

    @property
    def limiter(self) -> RateLimiter:
        """Return the rate limiter."""
        ...


class HasLimiter(Protocol):
    """The part of the runtime that counting needs."""

    @property
    def limiter(self) -> RateLimiter:
        """Return the rate limiter."""
        ...


class Count:
    """The count of one request against its limit, and the headers about it.

    It counts per source address until the caller is known.
    """

    def __init__(self, limiter: RateLimiter, request: Request) -> None:
        self._limiter = limiter
        self._bucket = GENERAL
        self._owner = f"address#{source_of(request.source_ip)}"
        self._team_id = ""
        self._quota: Quota | None = None
        #: Whether counting failed by a bug: there is nothing to tell then.
        self.is_broken = False

    def belongs_to(self, bucket: Bucket, caller: Caller) -> None:
        """Count in a caller's bucket from now on."""
        self._bucket = bucket
        self._owner, self._team_id = caller.credential_id, caller.team_id

    def note(self, how_many: int = 1) -> None:
        """Use up some of the bucket, if so much remains, and of the team's, if there is one."""
        try:
            self._quota = self._take(how_many)
        except NereidError:
            raise
        except Exception:
            self.is_broken = True
            raise

    def _take(self, how_many: int) -> Quota:
        of_team = OF_TEAM.get(self._bucket) if self._team_id else None
        # What the credential's own limit refuses, over and over, is not to use the team's up.
        if of_team is not None and not self._limiter.is_used_up(self._bucket, self._owner, how_many):
            quota = self._limiter.take(of_team, self._team_id, how_many)
            if not quota.allowed:
                return quota
        return self._limiter.take(self._bucket, self._owner, how_many)

    def take(self, how_many: int = 1) -> None:
        """Use up some of the bucket; `TooMany` if less remains."""
        self.note(how_many)
        if self._quota is not None and not self._quota.allowed:
            raise TooMany(self._quota.retry_after)

    def headers(self) -> Mapping[str, str]:
        """Return the headers of the bucket that counted."""
        quota = self._quota or self._limiter.look(self._bucket, self._owner)
        return quota.headers


def error(wrong: Exception) -> Response:
    """Return the answer for an error; anything that is no `NereidError` is a bug: 500."""
    match wrong:
        case UnknownLead(lead_id=lead_id):
            return _message(404, f"Lead not found: {lead_id}")
        case NotFound():
            return not_found(str(wrong))
        case Invalid(problems=problems):
            errors = [{"field": field, "message": text} for field, text in problems.items()]
            return Response(400, {"message": errors[0]["message"], "errors": errors})
        case AlreadyExists():
            text = _TAKEN[str(wrong)]
            return Response(400, {"message": text, "errors": [{"field": "email", "message": text}]})
        case TooMany(retry_after=seconds):
            return Response(429, {"message": "Rate limit exceeded"}, {"Retry-After": str(seconds)})
        case Unavailable():
            return unavailable({"message": "Service unavailable"})
    plain = (answer for kind, answer in _PLAIN.items() if isinstance(wrong, kind))
    return _message(*next(plain, (500, "Internal server error")))


class _Neptie:
    """The dialect, as the frame of the endpoints needs it."""

    def error(self, wrong: Exception) -> Response:
        return error(wrong)


dialect = _Neptie()


def whole_list(name: str, objects: Sequence[dict[str, Any]]) -> Response:
    """Return a list without pages; `Invalid` on `status`, by which it can be read in parts, if no answer holds it."""
    response = Response(200, {name: objects})
    if response.is_too_large:
        raise Invalid({"status": f"there are too many {name} for one answer: choose a status or type"})
    return response


def not_found(what: str = "") -> Response:
    """Return the answer for an unknown object (`lead`, `campaign`, `email`), route or method."""
    return _message(404, f"{what.capitalize()} not found" if what in ("lead", "campaign", "email") else "Not Found")


def endpoint(
    runtime: Runtime, *scopes: str, bucket: Bucket = GENERAL, max_body: int = MAX_BODY_BYTES
) -> Callable[[Callable[[Request, Caller], Response]], frame.LambdaHandler]:
    """Make a Lambda handler of a function that answers a caller who has all the scopes.

    Each request counts once, in the bucket.
    """

    def decorate(function: Callable[[Request, Caller], Response]) -> frame.LambdaHandler:
        def respond(request: Request, count: Count) -> Response:
            caller = _caller(runtime, request, count, scopes, bucket, max_body)
            count.take()
            return function(request, caller)

        return _handler(runtime, respond)

    return decorate


def counting_endpoint(
    runtime: Runtime, *scopes: str, bucket: Bucket, max_body: int
) -> Callable[[Callable[[Request, Caller, Count], Response]], frame.LambdaHandler]:
    """Make a Lambda handler of a function that says itself how much a request counts, with `Count.take`."""

    def decorate(function: Callable[[Request, Caller, Count], Response]) -> frame.LambdaHandler:
        def respond(request: Request, count: Count) -> Response:
            return function(request, _caller(runtime, request, count, scopes, bucket, max_body), count)

        return _handler(runtime, respond)

    return decorate


def session_endpoint(runtime: Runtime) -> Callable[[Callable[[Request, Caller], Response]], frame.LambdaHandler]:
    """Make a Lambda handler of a function that answers people who are logged in, after looking their session up."""

    def decorate(function: Callable[[Request, Caller], Response]) -> frame.LambdaHandler:
        def respond(request: Request, count: Count) -> Response:
            caller = _caller(runtime, request, count, (), GENERAL, MAX_BODY_BYTES, session=True)
            count.take()
            return function(request, caller)

        return _handler(runtime, respond)

    return decorate


def open_endpoint(
    runtime: HasLimiter, check: Callable[[], object] = lambda: None
) -> Callable[[Callable[[Request], Response]], frame.LambdaHandler]:
    """Make a Lambda handler of a function that answers anybody; requests count per source address.

    Parameters
    ----------
    check
        Raises if nobody is answered. Such a request does not count, so that it writes nothing.
    """

    def decorate(function: Callable[[Request], Response]) -> frame.LambdaHandler:
        def respond(request: Request, count: Count) -> Response:
            check()
            _refuse_if_large(request, count, MAX_BODY_BYTES)
            count.take()
            return function(request)

        return _handler(runtime, respond)

    return decorate


def unknown_route(runtime: HasLimiter, request: Request) -> Response:
    """Return the answer for a route or method that does not exist; it counts per source address."""

    def respond(_request: Request, count: Count) -> Response:
        count.take()
        return not_found()

    return frame.answered(dialect, None, lambda: _counted(runtime, request, respond, None))


def _handler(runtime: HasLimiter, respond: Callable[[Request, Count], Response]) -> frame.LambdaHandler:
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        route = event.get("routeKey")
        # Bodies that are too large are refused further in, for they count.
        return frame.answer(
            dialect, event, context, lambda request: _counted(runtime, request, respond, route), max_body_bytes=None
        )

    return handler


def _counted(
    runtime: HasLimiter, request: Request, respond: Callable[[Request, Count], Response], route: str | None
) -> Response:
    """Return an answer with the headers that tell of the limit, errors included."""
    count = Count(runtime.limiter, request)
    response = frame.answered(dialect, route, lambda: respond(request, count))
    if count.is_broken:
        return response
    return replace(response, headers={**count.headers(), **response.headers})


def _caller(
    runtime: Runtime,
    request: Request,
    count: Count,
    scopes: tuple[str, ...],
    bucket: Bucket,
    max_body: int,
    *,
    session: bool = False,
) -> Caller:
    _refuse_if_large(request, count, max_body)
    try:
        caller = _authenticate(request, runtime.credentials, session=session)
    except Unauthenticated:
        count.take()
        raise
    count.belongs_to(bucket, caller)
    try:
        for scope in scopes:
            caller.require(scope)
    except Forbidden:
        count.note()
        raise
    return caller


def _refuse_if_large(request: Request, count: Count, max_body: int) -> None:
    if len(request.body) > max_body:
        count.note()
        raise BodyTooLarge


def _authenticate(request: Request, credentials: Credentials, *, session: bool) -> Caller:
    authorization = request.headers.get("authorization", "").strip()
    key = request.headers.get("x-api-key", "").strip()
    if session:
        caller = credentials.team_token(bearer(authorization), certain=True)
        if caller.session_id is None:
            raise Unauthenticated("an API token has no session")
        return caller
    if authorization or not key:
        return credentials.team_token(bearer(authorization))
    return credentials.api_token(key)


def session_of(caller: Caller) -> tuple[str, str]:
    """Return the e-mail address and the session of who called an endpoint for sessions."""
    assert caller.email is not None
    assert caller.session_id is not None
    return caller.email, caller.session_id


def parse(model: type[Body], values: Mapping[str, Any]) -> Body:
    """Check a body or query against its model; `Invalid` has a whole sentence for each wrong field."""
    try:
        return model.model_validate(values)
    except ValidationError as wrong:
        raise Invalid({field: _sentence(found) for field, found in first_errors(wrong)}) from wrong


def query(request: Request) -> dict[str, Any]:
    """Return the query without its empty values, which count as absent."""
    return {name: value for name, value in request.query.items() if value.strip()}


def object_id(request: Request, what: str, name: str = "id") -> str:
    """Return the id that the path names, in lower case; `NotFound` if nothing can have it."""
    return checked_id(request.params[name], what)


def checked_id(text: str, what: str) -> str:
    """Return an id in lower case; `NotFound` if it is none of ours, so that it needs no look-up."""
    if not is_id(text):
        raise NotFound(what)
    return text.lower()


def is_id(text: str) -> bool:
    """Tell whether a text is a UUID in its usual form."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _sentence(found: Any) -> str:
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in found["loc"]).lstrip(".")
    return f"{field} {_reason(found)}"


def _reason(found: Any) -> str:
    limits = found.get("ctx", {})
    if found["type"] == "literal_error":
        choices = limits["expected"].replace(" or ", ", ").replace("'", "")
        return f"must be one of {choices}" if isinstance(found["input"], str) else "must be a string"
    reason = _REASONS.get(found["type"])
    return reason.format(**limits) if reason else str(found["msg"])


def _message(status: int, text: str) -> Response:
    return Response(status, {"message": text})


def lead_object(lead: Lead) -> dict[str, Any]:
    """Return a lead as this API shows it."""
    return {
        "id": lead.id,
        "full_name": lead.full_name,
        "email": lead.email,
        "company": lead.company,
        "job_title": lead.job_title,
        "industry": lead.industry,
        "status": lead.status,
        "score": lead.score,
        "created_at": to_iso(lead.created_at),
        "updated_at": to_iso(lead.updated_at),
    }


def campaign_object(campaign: Campaign) -> dict[str, Any]:
    """Return a campaign as this API shows it."""
    return {
        "id": campaign.id,
        "name": campaign.name,
        "description": campaign.description,
        "type": campaign.type,
        "status": campaign.status,
        "target_audience": campaign.target_audience,
        "created_at": to_iso(campaign.created_at),
        "updated_at": to_iso(campaign.updated_at),
    }


def logged_in(status: int, login: LoggedIn) -> Response:
    """Return the answer to a registration or login."""
    return Response(status, {**_tokens(login), "user": account_object(login.account)})


def refreshed(login: LoggedIn) -> Response:
    """Return the answer to a refresh."""
    return Response(200, _tokens(login))


def _tokens(login: LoggedIn) -> dict[str, Any]:
    return {"token": login.token, "refresh_token": login.refresh_token, "expires_in": ACCESS_SECONDS}
