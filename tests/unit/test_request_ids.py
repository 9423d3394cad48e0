"""Every line that a function logs says of which request it is."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.consumer import consume
from nereid.core.access.rate_limits import GENERAL
from nereid.dialects import public
from nereid.dialects.client import frame as client
from nereid.dialects.manage import frame as manage
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.vibetrace import frame as vibetrace
from nereid.logs import logger

FUNCTIONS = Path(__file__).parents[2] / "functions"
ANYBODY: Any = SimpleNamespace(require=lambda _: None, team_id="t", credential_id="c", is_secret=True)
RUNTIME: Any = SimpleNamespace(
    credentials=SimpleNamespace(
        team_token=lambda _, **__: ANYBODY, api_token=lambda _: ANYBODY, client_key=lambda _: ANYBODY
    ),
    limiter=SimpleNamespace(
        take=lambda *_: SimpleNamespace(allowed=True, headers={}), look=lambda *_: SimpleNamespace(headers={})
    ),
)


def breaks(*_: Any) -> Any:
    logger.info("asked")
    raise RuntimeError


ENDPOINTS: dict[str, Callable[[dict[str, Any], Any], Any]] = {
    "client": client.endpoint(RUNTIME)(breaks),
    "manage": manage.endpoint(RUNTIME)(breaks),
    "neptie": neptie.endpoint(RUNTIME)(breaks),
    "neptie, counting": neptie.counting_endpoint(RUNTIME, bucket=GENERAL, max_body=9)(breaks),
    "neptie, open": neptie.open_endpoint(RUNTIME)(breaks),
    "neptune": neptune.endpoint(RUNTIME, "p")(breaks),
    "vibetrace": vibetrace.endpoint(RUNTIME, "p")(breaks),
    "public": public.endpoint(public.pages)(breaks),
}


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """Return a function that returns what was logged, line by line."""
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def request(number: int) -> dict[str, Any]:
    return {
        "rawPath": "/x",
        "headers": {"authorization": "Bearer t"},
        "requestContext": {"requestId": f"api-{number}", "http": {"method": "GET", "sourceIp": "192.0.2.1"}},
    }


def context(number: int) -> Any:
    return SimpleNamespace(aws_request_id=f"lambda-{number}", get_remaining_time_in_millis=lambda: 60_000)


@pytest.mark.parametrize("api", ENDPOINTS)
def test_each_line_of_an_endpoint_has_the_ids_of_its_request(api: str, lines: Callable[[], list[Any]]) -> None:
    for number in (1, 2):
        assert ENDPOINTS[api](request(number), context(number))["statusCode"] == 500
    assert [(line["message"], line["function_request_id"], line["api_request_id"]) for line in lines()] == [
        ("asked", "lambda-1", "api-1"),
        ("endpoint failed", "lambda-1", "api-1"),
        ("asked", "lambda-2", "api-2"),
        ("endpoint failed", "lambda-2", "api-2"),
    ]


def test_each_line_of_a_consumer_has_the_id_of_its_record(lines: Callable[[], list[Any]]) -> None:
    def handle(_body: str, _left: Callable[[], float]) -> None:
        logger.info("handling")
        raise RuntimeError

    record = {
        "eventSource": "aws:sqs",
        "eventSourceARN": "q",
        "body": "{}",
        "receiptHandle": "r",
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    records = [{**record, "messageId": name} for name in ("one", "two")]
    consume({"Records": records}, context(3), handle)
    assert [(line["message"], line["function_request_id"], line["record"]) for line in lines()] == [
        ("handling", "lambda-3", "one"),
        ("record failed", "lambda-3", "one"),
        ("handling", "lambda-3", "two"),
        ("record failed", "lambda-3", "two"),
    ]


def test_the_id_of_a_record_does_not_stay_behind(lines: Callable[[], list[Any]]) -> None:
    record: dict[str, Any] = {"eventSourceARN": "q", "body": "{}", "messageId": "one", "receiptHandle": "r"}
    record["attributes"] = {"ApproximateReceiveCount": "1"}
    consume({"Records": [record]}, context(4), lambda *_: None)
    logger.info("afterwards")
    assert "record" not in lines()[-1]


def test_a_handler_that_no_frame_makes_says_of_which_request_its_lines_are() -> None:
    own = {path: text for path in FUNCTIONS.glob("*/*/app.py") if "context: Any" in (text := path.read_text())}
    assert own
    says = re.compile(
        r"\b(?:identify\(context\)|(?:answer|consume)\([^)]*\bcontext\b|answering\(\w+\)\(event, context\))"
    )
    assert [str(path) for path, text in own.items() if not says.search(text)] == []
