"""What is asked alike of every API's endpoints: an outage and a bug are answered in its envelope, and leave a line."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from nereid import logs
from nereid.auth.credentials import Caller, ClientCaller
from nereid.clock import SystemClock
from nereid.core.access.rate_limits import GENERAL, Quota, RateLimiter
from nereid.dialects import endpoint as frame
from nereid.dialects import public, unknown_routes
from nereid.dialects.client import frame as client
from nereid.dialects.manage import frame as manage
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.vibetrace import frame as vibetrace
from nereid.errors import Unavailable
from nereid.models.team import Scope

ADDRESS = "sam@example.com"


class Limits:
    """The store of the limits; every call fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def use(self, *_: Any) -> NoReturn:
        raise self._error

    used = use


class Limiter:
    """Counts nothing; fails where it is told to."""

    def __init__(self, *, take: Exception | None = None, look: Exception | None = None) -> None:
        self._take, self._look = take, look

    def take(self, *_: Any) -> Quota:
        if self._take:
            raise self._take
        return Quota(allowed=True, limit=1, remaining=1, reset=1, retry_after=1)

    def look(self, *_: Any) -> Quota:
        if self._look:
            raise self._look
        return Quota(allowed=True, limit=1, remaining=1, reset=1, retry_after=1)


def runtime(limiter: Limiter | RateLimiter | None = None) -> Any:
    caller = Caller("team", "credential", frozenset({"admin:all"}), "dev")
    credentials = SimpleNamespace(
        api_token=lambda _: caller,
        team_token=lambda _, **__: caller,
        client_key=lambda _: ClientCaller(Scope("team", "dev"), "key", is_secret=True),
    )
    return SimpleNamespace(credentials=credentials, limiter=limiter or Limiter())


#: How each API makes a handler.
HANDLERS: dict[str, Callable[[Any, Callable[..., Any]], frame.LambdaHandler]] = {
    "neptune": lambda made, function: neptune.endpoint(made)(function),
    "client": lambda made, function: client.endpoint(made)(function),
    "vibetrace": lambda made, function: vibetrace.endpoint(made, "post_events")(function),
    "manage": lambda made, function: manage.endpoint(made)(function),
    "neptie": lambda made, function: neptie.endpoint(made)(function),
    "neptie, open": lambda made, function: neptie.open_endpoint(made)(function),
    "neptie, counting": lambda made, function: counting(made)(function),
    "unknown routes": lambda _, function: public.endpoint(unknown_routes.dialect)(function),
}
#: What each API's contract says of an outage and of a bug.
BODIES: dict[str, tuple[Any, Any]] = {
    "neptune": ({"message": "Service temporarily unavailable"}, {"message": "Something went wrong"}),
    "client": (
        {"status": "error", "error": "Service unavailable."},
        {"status": "error", "error": "An error occurred with this request."},
    ),
    "vibetrace": (
        {"errors": [{"message": "Service unavailable", "description": "Please try again later."}]},
        {"errors": [{"message": "Internal error", "description": "Please try again later."}]},
    ),
    "manage": ({"message": "Service unavailable"}, {"message": "Internal server error"}),
    "neptie": ({"message": "Service unavailable"}, {"message": "Internal server error"}),
}
BODIES |= {"neptie, open": BODIES["neptie"], "neptie, counting": BODIES["neptie"], "unknown routes": BODIES["manage"]}
EVENT: dict[str, Any] = {
    "routeKey": "GET /x/{user_id}",
    "rawPath": f"/x/{ADDRESS}",
    "requestContext": {"http": {"method": "GET", "sourceIp": "192.0.2.1"}},
    "headers": {"authorization": "Bearer t", "x-api-key": "t"},
}


def counting(made: Any) -> Callable[[Callable[..., Any]], frame.LambdaHandler]:
    return neptie.counting_endpoint(made, bucket=GENERAL, max_body=1000)


def failing(error: Exception) -> Callable[..., NoReturn]:
    def respond(*_: Any) -> NoReturn:
        raise error

    return respond


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    """Return what is logged."""
    logger = logging.getLogger("nereid")
    monkeypatch.setattr(logger, "propagate", True)
    monkeypatch.setattr(logger, "filters", [])
    return caplog


def logged(lines: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in lines.records]


@pytest.mark.parametrize("name", HANDLERS)
def test_an_outage_is_a_503_and_one_warning(name: str, lines: pytest.LogCaptureFixture) -> None:
    answer = HANDLERS[name](runtime(), failing(Unavailable("ThrottlingException")))(EVENT, None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (503, BODIES[name][0])
    assert answer["headers"]["Retry-After"] == "5"
    assert logged(lines) == [("WARNING", "store or queue unavailable")]
    assert vars(lines.records[0])["route"] == EVENT["routeKey"]


def test_a_page_of_another_site_may_read_when_to_ask_the_client_api_again() -> None:
    answer = HANDLERS["client"](runtime(), failing(Unavailable("ThrottlingException")))(EVENT, None)
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
    assert answer["headers"]["Access-Control-Expose-Headers"] == "Retry-After"


@pytest.mark.parametrize("name", HANDLERS)
def test_a_bug_is_a_500_and_one_error_that_holds_nothing_private(name: str, lines: pytest.LogCaptureFixture) -> None:
    answer = HANDLERS[name](runtime(), failing(KeyError(ADDRESS)))(EVENT, None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (500, BODIES[name][1])
    assert logged(lines) == [("ERROR", "endpoint failed")]
    assert ADDRESS not in str(vars(lines.records[0]))


def test_a_bug_in_counting_is_a_500_in_the_envelope(lines: pytest.LogCaptureFixture) -> None:
    denied = Limiter(take=KeyError("denied"), look=KeyError("denied"))
    answer = neptie.endpoint(runtime(denied))(failing(AssertionError()))(EVENT, None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (500, BODIES["neptie"][1])
    assert logged(lines) == [("ERROR", "endpoint failed")]


def test_limits_that_cannot_be_read_are_a_500_in_the_envelope(lines: pytest.LogCaptureFixture) -> None:
    handler = counting(runtime(Limiter(look=KeyError("denied"))))(lambda *_: neptie.not_found())
    answer = handler(EVENT, None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (500, BODIES["neptie"][1])
    assert logged(lines) == [("ERROR", "endpoint failed")]


def test_an_outage_of_the_limits_still_tells_of_a_limit(lines: pytest.LogCaptureFixture) -> None:
    answer = neptie.endpoint(runtime(Limiter(take=Unavailable("throttled"))))(failing(AssertionError()))(EVENT, None)
    assert answer["statusCode"] == 503
    assert answer["headers"]["X-RateLimit-Limit"] == "1"
    assert logged(lines) == [("WARNING", "store or queue unavailable")]


#: Every way in which a request to the Neptie API is counted, and whether it is before the function is called.
COUNTED: dict[str, tuple[Callable[[Any], frame.LambdaHandler], bool]] = {
    "endpoint": (lambda made: neptie.endpoint(made)(lambda *_: neptie.not_found()), True),
    "open": (lambda made: neptie.open_endpoint(made)(lambda *_: neptie.not_found()), True),
    "counting": (lambda made: counting(made)(lambda *_: neptie.not_found()), False),
    "unknown route": (
        lambda made: public.endpoint(unknown_routes.dialect)(lambda request: neptie.unknown_route(made, request)),
        True,
    ),
}


def without_limits(name: str, error: Exception) -> Any:
    limits: Any = Limits(error)
    return COUNTED[name][0](runtime(RateLimiter(limits, SystemClock())))(EVENT, None)


@pytest.mark.parametrize("name", COUNTED)
def test_an_outage_of_the_limits_is_a_503_where_a_request_counts_first(
    name: str, lines: pytest.LogCaptureFixture
) -> None:
    answer = without_limits(name, Unavailable("ThrottlingException"))
    counts_first = COUNTED[name][1]
    assert answer["statusCode"] == (503 if counts_first else 404)
    assert answer["headers"]["X-RateLimit-Remaining"] == "0"
    assert logged(lines) == [("WARNING", "store or queue unavailable")] * counts_first


@pytest.mark.parametrize("name", COUNTED)
def test_limits_that_are_denied_are_a_500_and_one_error(name: str, lines: pytest.LogCaptureFixture) -> None:
    answer = without_limits(name, KeyError(ADDRESS))
    assert (answer["statusCode"], json.loads(answer["body"])) == (500, BODIES["neptie"][1])
    assert logged(lines) == [("ERROR", "endpoint failed")]
    assert ADDRESS not in str(vars(lines.records[0]))


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (Unavailable("ThrottlingException"), 503, ("WARNING", "store or queue unavailable")),
        (KeyError(ADDRESS), 500, ("ERROR", "endpoint failed")),
    ],
)
def test_a_page_for_people_says_what_failed_and_the_log_has_one_line(
    error: Exception, status: int, line: tuple[str, str], lines: pytest.LogCaptureFixture
) -> None:
    answer = public.endpoint(public.pages)(failing(error))(EVENT, None)
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert ADDRESS not in answer["body"]
    assert logged(lines) == [line]
    assert ADDRESS not in str(vars(lines.records[0]))


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (Unavailable("ThrottlingException"), ("WARNING", "store or queue unavailable")),
        (KeyError(ADDRESS), ("ERROR", "endpoint failed")),
    ],
)
def test_a_health_check_that_fails_is_unavailable_and_leaves_one_line(
    error: Exception, line: tuple[str, str], lines: pytest.LogCaptureFixture
) -> None:
    answer = public.endpoint(public.health, max_body_bytes=None)(failing(error))(EVENT, None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (503, {"status": "unavailable"})
    assert logged(lines) == [line]


class TestSlowIngest:
    """An answer to events that took long is counted; a slow answer to anything else is not."""

    @pytest.fixture
    def counted(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        counted: list[int] = []
        monkeypatch.setattr("nereid.metrics.write_slow_ingest", lambda: counted.append(1))
        return counted

    def answered(self, monkeypatch: pytest.MonkeyPatch, seconds: float, *, ingests: bool) -> None:
        def respond(_: Any) -> Any:
            if ingests:
                logs.note_ingest()
            passed = time.monotonic() + seconds
            monkeypatch.setattr(time, "monotonic", lambda: passed)
            return neptune.ok({})

        event = {"rawPath": "/", "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}}}
        frame.answer(neptune.dialect, event, None, respond)

    @pytest.mark.parametrize(
        ("seconds", "ingests", "times"), [(1.1, True, 1), (0.9, True, 0), (1.1, False, 0)], ids=["slow", "quick", "no"]
    )
    def test_it_is_counted_if_it_took_over_a_second(
        self, monkeypatch: pytest.MonkeyPatch, counted: list[int], seconds: float, times: int, *, ingests: bool
    ) -> None:
        self.answered(monkeypatch, seconds, ingests=ingests)
        assert len(counted) == times

    def test_the_next_invocation_begins_anew(self, monkeypatch: pytest.MonkeyPatch, counted: list[int]) -> None:
        self.answered(monkeypatch, 1.1, ingests=True)
        self.answered(monkeypatch, 1.1, ingests=False)
        assert len(counted) == 1
