"""The APIs of a stack over HTTP, and what their refusals mean to whoever typed the command."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any, Self
from urllib.parse import quote

import httpx

from nereid_cli.errors import Mistake, Refused
from nereid_cli.targets import LOCAL, Target

#: API Gateway ends a request after 30 seconds.
_TIMEOUT = httpx.Timeout(35, connect=10)
#: How often a request is made at most, and the seconds before another try if the answer names none, and at most.
_TRIES, _PAUSE, _LONGEST_PAUSE = 4, 1.0, 20.0
_UNAVAILABLE, _TOO_MANY, _NOT_FOUND = 503, 429, 404
#: As many as a page of the management API may have.
PAGE = 100


class Api:
    """A client of one stack, in one environment.

    Parameters
    ----------
    target : Target
        Which stack, with which token.
    environment : str
        The identifier of the environment.
    """

    def __init__(self, target: Target, environment: str) -> None:
        self.target = target
        self.environment = environment
        try:
            self._client = httpx.Client(
                headers={"User-Agent": f"nereid-cli/{version()}"},
                timeout=_TIMEOUT,
                # A proxy cannot reach this machine's own names.
                trust_env=not target.is_here,
            )
        except (OSError, ValueError, ImportError) as error:
            raise Mistake(
                f"The proxy or the certificates that the environment names cannot be used: {error}"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def manage(self, path: str) -> str:
        """Return a path of the management API in the environment."""
        return f"/manage/{self.part(self.environment)}/{path}"

    def part(self, text: str) -> str:
        """Return an id as a part of a path."""
        escaped = quote(text, safe="")
        if text in {".", ".."}:
            escaped = text.replace(".", "%2E")
        # API Gateway decodes paths twice and cuts them at a ? (docs/deploy.md, "Ids in paths"); the local stack once.
        return quote(escaped, safe="") if not self.target.is_here and set(text) & {"%", "?"} else escaped

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        what: str = "",
        query: Mapping[str, Any] | None = None,
        repeatable: bool | None = None,
        key: bool = False,
    ) -> Any:
        """Make a request, and return its answer.

        Parameters
        ----------
        method, path : str
            What to ask; ids in the path are escaped.
        body : Any
            Sent as JSON.
        what : str
            What a 404 did not find, in words.
        query : mapping, optional
            Parameters; those that are None are left out.
        repeatable : bool, optional
            Whether it may be made again when no answer came; all but POST if not given.
        key : bool
            Whether the token goes as X-API-Key, as the Neptie API wants it.

        Raises
        ------
        Refused
            If the answer is no success.
        Mistake
            If there is no answer.
        """
        answer = self.send(method, path, body=body, query=query, repeatable=repeatable, key=key)
        if not answer.is_success:
            raise self.refused(answer, what)
        return _parsed(answer, self.target)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        content_type: str | None = None,
        query: Mapping[str, Any] | None = None,
        repeatable: bool | None = None,
        key: bool = False,
    ) -> httpx.Response:
        """Make a request, again where the stack did not take it, and return the answer whatever its status.

        Raises
        ------
        Mistake
            If there is no answer.
        """
        headers = {"X-API-Key": self.target.token} if key else {"Authorization": f"Bearer {self.target.token}"}
        if body is not None:
            # In ASCII, in which half a character can be sent as well; the API replaces it.
            content, content_type = json.dumps(body).encode(), "application/json"
        if content_type:
            headers["Content-Type"] = content_type
        given = {name: value for name, value in (query or {}).items() if value is not None}
        again = method != "POST" if repeatable is None else repeatable
        for left in range(_TRIES - 1, -1, -1):
            try:
                answer = self._client.request(
                    method, self.target.url + path, content=content, params=given or None, headers=headers
                )
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise Mistake(self._unreachable(error)) from error
            except httpx.InvalidURL as error:
                raise Mistake(f"{self.target.url}: {error}") from error
            except httpx.RequestError as error:
                if left and again:
                    time.sleep(_PAUSE)
                    continue
                raise Mistake(f"No answer from {self.target.url}: {str(error) or type(error).__name__}") from error
            # API Gateway says 429 without a time when it has too much to do, before a function has seen the request.
            throttled = answer.status_code == _TOO_MANY and "Retry-After" not in answer.headers
            if not left or not (throttled or answer.status_code == _UNAVAILABLE):
                return answer
            # Nothing was stored, so any request may be made again.
            time.sleep(min(retry_after(answer.headers) or _PAUSE, _LONGEST_PAUSE))
        raise AssertionError("unreachable")

    def pages(self, path: str, *, what: str = "", query: Mapping[str, Any] | None = None) -> Iterator[list[Any]]:
        """Give a list page by page."""
        cursor = None
        while True:
            page = self.call("GET", path, what=what, query={"limit": PAGE, **(query or {}), "cursor": cursor})
            if not isinstance(page, dict) or not isinstance(page.get("data"), list):
                raise Mistake(f"{self.target.url} answered with something else than a list: is it a stack of Nereid?")
            yield page["data"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def refused(self, answer: httpx.Response, what: str = "") -> Refused:
        """Return what an answer that is no success means."""
        try:
            body = answer.json()
        except ValueError:
            body = None
        path = answer.request.url.path.removeprefix(httpx.URL(self.target.url).path.rstrip("/"))
        in_environment = path.startswith((f"/manage/{self.environment}/", f"/neptune/{self.environment}/"))
        text = self._meaning(answer.status_code, body, what, in_environment=in_environment)
        return Refused(text, answer.status_code, body, answer.headers)

    def _meaning(self, status: int, body: Any, what: str, *, in_environment: bool) -> str:
        where = self.target.url
        said = _said(body)
        match status:
            case 401:
                return (
                    f"{where} does not accept the token of {self.target.source}: it is expired, revoked, or of "
                    f"another stack. {self._other_token()}"
                )
            case 403 if said in ("", "Forbidden"):
                return f"The token of {self.target.source} lacks the permission for this, or its team is stopped."
            case 404:
                thing = what or "what was asked for"
                return self._not_found(thing) if in_environment else f"There is no {thing}."
            case 429:
                return f"{said or 'Too many requests'}: try again later."
            case 503:
                return f"{where} is not available at the moment and stored nothing. Try again."
        if body is None:
            return f"{where} answered {status} with something that is not the API's: is it a stack of Nereid?"
        fields = field_errors(body)
        if fields:
            return "\n".join(f"{each.field}: {each.message}" for each in fields)
        return f"{where} answered {status}: {said or body}"

    def _other_token(self) -> str:
        if self.target.source == str(LOCAL):
            return "Start the stack again (make run)."
        if self.target.source == "NEREID_URL":
            return "Set another NEREID_TOKEN."
        return "Log in again: nereid login."

    def _not_found(self, what: str) -> str:
        """Say what was not found; look whether the environment is there, which answers in the same way."""
        try:
            answer = self._client.get(
                f"{self.target.url}/manage/environments",
                params={"limit": PAGE},
                headers={"Authorization": f"Bearer {self.target.token}"},
            )
            if answer.status_code == _NOT_FOUND:
                return f"{self.target.url} has no management API: is it the base URL of a stack of Nereid?"
            listed = answer.json()
            there = [each["identifier"] for each in listed["data"]] if answer.is_success else None
            more = listed.get("next_cursor") is not None
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError):
            there, more = None, False
        if there is not None and self.environment not in there and not more:
            return f"There is no environment {self.environment}; there are {', '.join(there) or 'none'}."
        return f"There is no {what}."

    def _unreachable(self, error: Exception) -> str:
        if self.target.is_here:
            return f"Nothing answers at {self.target.url} ({self.target.source}). Is `make run` on?"
        return f"{self.target.url} ({self.target.source}) cannot be reached: {error}"


class FieldError:
    """A field that an answer complains about.

    Parameters
    ----------
    field : str
        Its path, as `notifications[0].template.subject`.
    message : str
        What is wrong.
    line : int, optional
        The line inside the field's text.
    """

    def __init__(self, field: str, message: str, line: int | None = None) -> None:
        self.field = field
        self.message = message
        self.line = line


def field_errors(body: Any) -> list[FieldError]:
    """Return the fields that an answer complains about, in the form of any of the APIs."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if isinstance(errors, dict):
        return [FieldError(str(field), "; ".join(map(str, texts))) for field, texts in errors.items()]
    if not isinstance(errors, list):
        return []
    return [
        FieldError(str(each["field"]), str(each.get("message", "")), each.get("line"))
        for each in errors
        if isinstance(each, dict) and "field" in each
    ]


def retry_after(headers: Any) -> float | None:
    """Return the seconds after which to try again, if the answer says so."""
    value = headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None


def version() -> str:
    """Return the version of what is installed; a copy of the repository that is run as it is has none."""
    try:
        return metadata.version("nereid")
    except metadata.PackageNotFoundError:
        return "development"


def _said(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    return str(body.get("message") or body.get("error") or "")


def _parsed(answer: httpx.Response, target: Target) -> Any:
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError as error:
        raise Mistake(f"{target.url} answered with something that is not JSON: is it a stack of Nereid?") from error
