"""Requests that once were answered wrongly, found by trying: each the shortest that showed it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import cloud as clouds
from tests.support.api import Answer, Api, Call
from tests.support.cloud import World


class Caller:
    """A team that may do everything, and the API."""

    def __init__(self, cloud: clouds.Cloud) -> None:
        self.world = World(cloud)
        self.api = Api(cloud)

    def __call__(self, method: str, path: str, body: Any = b"", **query: str) -> Answer:
        """Send a request; bytes go as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.world.token}", "content-type": "application/json"}
        return self.api.call(Call(method, path, query, headers, data))


@pytest.fixture(scope="module")
def ask() -> Iterator[Caller]:
    with clouds.running(in_memory=True) as cloud:
        cloud.forget()
        yield Caller(cloud)


def test_health_is_good_whatever_is_sent_along(ask: Caller) -> None:
    assert ask("GET", "/health", b" " * 300_000).status == 200


def test_a_route_that_does_not_exist_is_404_whatever_is_sent_along(ask: Caller) -> None:
    for path in ("/neptune/x", "/v1/x", "/v1/event/x/y", "/manage/x", "/x"):
        assert ask("DELETE", path, b" " * 300_000).status == 404


def test_a_token_carries_each_permission_at_most_once(ask: Caller) -> None:
    body = {"name": "n", "permissions": ["post_events"] * 5000, "default_environment": "dev"}
    answer = ask("POST", "/manage/api_tokens", body)
    assert answer.status == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["permissions"]
    made = ask("POST", "/manage/api_tokens", {**body, "permissions": ["post_events", "post_events"]}).json()
    assert made["permissions"] == ["post_events"]


def test_a_body_that_is_said_to_be_base64_and_is_not_is_read_as_it_is(ask: Caller) -> None:
    for path, function in (("/neptune/dev/users", "NeptuneCreateUser"), ("/api/leads", "NeptieCreateLead")):
        event = {
            "rawPath": path,
            "headers": {"authorization": f"Bearer {ask.world.token}"},
            "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
            "pathParameters": {"environment": "dev"},
            "body": "\u2028",
            "isBase64Encoded": True,
        }
        assert ask.api.invoke(function, event).status == 400
