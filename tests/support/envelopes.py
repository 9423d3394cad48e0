"""What an answer of each API has to look like, whatever was asked: its statuses, and the body that goes with each.

Written from the contracts in docs/apis/, not from the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.support import described_answers
from tests.support.api import Answer

_JSON = "application/json"
_RATE = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


def api_of(path: str) -> str:
    """Return the API that a path belongs to, whether it is served or not."""
    first, second = [*path.split("/")[1:], "", ""][:2]
    if first == "neptune":
        return "neptune"
    if (first, second) == ("api", "client"):
        return "client"
    if first == "v1" and second in ("event", "user"):
        return "vibetrace"
    if first in ("api", "v1"):
        return "neptie"
    if re.fullmatch("/(u|verify)/[^/]+", path):
        return "page"
    if first == "console":
        return "console"
    return {"/health": "health", "/openapi.json": "openapi"}.get(path, "manage")


def is_for_browsers(path: str) -> bool:
    """Tell whether pages of other sites may read the answers of a path."""
    api = api_of(path)
    return path.split("/")[1] == "manage" if api == "manage" else api in ("client", "neptune", "neptie")


def check(path: str, answer: Answer) -> None:
    """Fail unless an answer is of the form that the path's API promises, for any but an outage."""
    assert answer.status < 500, answer
    _CHECKS[api_of(path)](answer)
    # The routes for a slash at the end take whatever is behind it, which is no operation.
    if answer.function in described_answers.OPERATIONS and not (answer.api == "vibetrace" and answer.status == 404):
        operation = described_answers.operation_of(answer.function, path)
        described_answers.check_operation(operation, answer.status, answer.headers, answer.body.encode())
    for name, value in answer.headers.items():
        assert not re.search(r"[\r\n\x00]", name + str(value)), answer
    kept = {"openapi": "public, max-age=300", "console": "no-cache"}
    if path.startswith("/console/assets/"):
        kept["console"] = "public, max-age=31536000, immutable"
    expected = kept.get(api_of(path), "no-store") if answer.status in (200, 304) else "no-store"
    assert answer.headers["cache-control"] == expected, answer
    assert answer.headers["x-content-type-options"] == "nosniff", answer
    cors = {name for name in answer.headers if name.startswith("access-control-")}
    assert bool(cors) == is_for_browsers(path), answer


def _neptune(answer: Answer) -> None:
    assert answer.headers["content-type"] == _JSON
    body = answer.json()
    match answer.status:
        case 200:
            assert isinstance(body, dict)
        case 400:
            texts = ("The body is not valid JSON", "The body must be a JSON object")
            assert body in [{"message": text, "errorCode": "InputNotValid"} for text in texts]
        case 401:
            assert body == {"error": "Unauthenticated"}
        case 403:
            assert body == {"message": "Forbidden"}
        case 404:
            assert body in ({"errorCode": "NotFound", "message": "Not Found"}, {"error": "Not Found"})
        case 413:
            text = "The body must not be larger than 262144 bytes"
            assert body == {"message": text, "errorCode": "PayloadTooLarge"}
        case 422:
            assert set(body) == {"message", "errorCode", "errors"}
            assert body["errorCode"] == "InputNotValid"
            assert body["errors"]
            assert all(isinstance(texts, list) and texts for texts in body["errors"].values())
            found = f"Validation failed. {len(body['errors'])} error(s)"
            assert body["message"] in (found, "Contact info already exists")
        case _:
            raise AssertionError(answer)


def _manage(answer: Answer) -> None:
    assert answer.headers["content-type"] == _JSON
    body = answer.json()
    match answer.status:
        case 200:
            assert isinstance(body, dict)
        case 400:
            texts = ("Invalid JSON", "The body must be a JSON object", "Invalid cursor")
            assert body in [{"message": text} for text in texts]
        case 401:
            assert body == {"message": "Unauthenticated"}
        case 403:
            assert body == {"message": "Forbidden"}
        case 404:
            assert body == {"message": "Not Found"}
        case 413:
            assert body == {"message": "Request too large"}
        case 422:
            assert set(body) == {"message", "errors"}
            assert body["message"] == "Validation failed"
            assert body["errors"]
            for each in body["errors"]:
                assert set(each) - {"line"} == {"field", "message"}
                assert all(isinstance(each[name], str) and each[name] for name in ("field", "message"))
        case 429:
            assert body == {"message": "Too many requests"}
            assert int(answer.headers["retry-after"]) > 0
        case _:
            raise AssertionError(answer)


def _neptie(answer: Answer) -> None:
    assert answer.headers["content-type"] == _JSON
    for name in _RATE:
        assert answer.headers[name].isdigit(), answer
    body = answer.json()
    assert isinstance(body, dict)
    if answer.status in (200, 201, 202):
        return
    assert isinstance(body["message"], str)
    assert body["message"]
    match answer.status:
        case 400:
            assert set(body) <= {"message", "errors"}
            for each in body.get("errors", []):
                assert set(each) == {"field", "message"}
                assert isinstance(each["message"], str)
            if "errors" in body:
                assert body["message"] == body["errors"][0]["message"]
            else:
                assert body["message"] in ("Invalid JSON", "The body must be a JSON object")
        case 401:
            texts = ("Authentication required", "Invalid token", "Expired token")
            assert body["message"] in (*texts, "Invalid email or password", "Invalid refresh token")
        case 403:
            assert body == {"message": "Insufficient permissions"}
        case 404:
            assert re.fullmatch(r"Not Found|(Lead|Campaign|Email) not found|(?s:Lead not found: .*)", body["message"])
        case 413:
            assert body == {"message": "Request too large"}
        case 429:
            assert body == {"message": "Rate limit exceeded"}
            assert int(answer.headers["retry-after"]) >= 1
        case _:
            raise AssertionError(answer)
    assert set(body) <= {"message", "errors"}


_VIBETRACE: Mapping[int, set[tuple[str, str]]] = {
    401: {("Unauthorized", "Please send a valid API key in the Authorization header.")},
    403: {("Forbidden", "This API key does not allow this operation.")},
    404: {
        ("User not found", "This email does not exist in our database."),
        ("Not Found", "This endpoint does not exist."),
    },
    413: {("Request too large", "The body must not be larger than 262144 bytes.")},
    400: {
        ("Invalid data format/type", "The request body is not a valid JSON object."),
        ("Invalid data format/type", "Error validating event attributes"),
        ("Invalid data format/type", "Error validating user attributes"),
        ("Missing event information", "Please send event information along with user"),
        ("Missing user information", "Please send user information along with event"),
        ("User already exists", "This email already exists in our database."),
    },
}


def _vibetrace(answer: Answer) -> None:
    if answer.status == 308:
        assert answer.headers["location"] in ("/v1/event", "/v1/user")
        return
    assert answer.headers["content-type"] == _JSON
    body = answer.json()
    if answer.status == 200:
        assert "results" in body or "_id" in body
        return
    assert set(body) == {"errors"}
    [error] = body["errors"]
    assert (error["message"], error["description"]) in _VIBETRACE[answer.status]


_CLIENT: Mapping[int, list[Any]] = {
    400: [{"status": "error", "error": "An error occurred with this request."}],
    401: [
        {"status": "error", "error": "Authorization error.", "code": 1000},
        {"status": "error", "error": "User token required.", "code": 1008},
    ],
    403: [{"status": "error", "error": "Access denied.", "code": 1007}],
    404: [{"status": "error", "error": "The requested project does not exist.", "code": 6000}],
}


def _client(answer: Answer) -> None:
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["vary"] == "Origin"
    if answer.status == 204 or (answer.status == 200 and answer.body == ""):
        assert answer.body == ""
        return
    if answer.headers["content-type"] == "text/plain; charset=utf-8":
        assert (answer.status, answer.body) in ((404, "Not Found"), (405, "Method Not Allowed"))
        return
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    body = answer.json()
    if answer.status == 200:
        assert set(body) - {"nextCursor"} == {"results", "limit"}
    elif answer.status == 422:
        assert set(body) == {"status", "error"}
        assert body["status"] == "error"
        assert isinstance(body["error"], str)
        assert body["error"]
    else:
        assert body in _CLIENT[answer.status]


def _page(answer: Answer) -> None:
    if answer.function == "PublicNotFound":  # another method
        _manage(answer)
        return
    assert answer.status in (200, 404, 413), answer
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.body.startswith("<!doctype html>")


def _health(answer: Answer) -> None:
    if answer.function == "PublicNotFound":  # another method
        _manage(answer)
        return
    assert (answer.status, answer.json()) == (200, {"status": "ok"})


def _console(answer: Answer) -> None:
    if answer.function == "PublicNotFound":  # another method
        _manage(answer)
        return
    assert answer.status in (200, 304, 404)
    if answer.status == 404:
        assert (answer.body, answer.headers["content-type"]) == ("Not Found", "text/plain; charset=utf-8")
    elif answer.headers.get("content-type", "").startswith("text/html"):
        _page(answer)


def _openapi(answer: Answer) -> None:
    if answer.function == "PublicNotFound":  # another method
        _manage(answer)
        return
    assert answer.status in (200, 304)
    assert answer.status == 304 or answer.json()["openapi"] == "3.1.0"


_CHECKS: Mapping[str, Callable[[Answer], None]] = {
    "neptune": _neptune,
    "manage": _manage,
    "neptie": _neptie,
    "vibetrace": _vibetrace,
    "client": _client,
    "page": _page,
    "health": _health,
    "console": _console,
    "openapi": _openapi,
}
