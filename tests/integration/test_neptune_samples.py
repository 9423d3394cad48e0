"""The samples in events/neptune are what they say: good ones succeed, bad ones are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infrastructure import stack
from tests.support.cloud import Cloud, World

FOLDER = stack.ROOT / "events" / "neptune"
FUNCTIONS = sorted(path.name for path in (stack.ROOT / "functions" / "neptune").iterdir() if path.is_dir())
REFUSED = {
    "ingest_event": 400,
    "get_user": 404,
    "update_user": 404,
    "delete_user": 404,
    "delete_contact_info": 404,
    "read_app_notifications": 404,
}
every_function = pytest.mark.parametrize("function", FUNCTIONS)


def sample(function: str, name: str, token: str | None = None) -> dict[str, Any]:
    text = (FOLDER / function / f"{name}.json").read_text(encoding="utf-8")
    event: dict[str, Any] = json.loads(text.replace("{{api_token}}", token) if token else text)
    return event


@pytest.fixture
def world(cloud: Cloud) -> World:
    """Return a team with the user that the samples name."""
    world = World(cloud)
    world.user("2", ("mobile_number", "+91"), name="Rajiv Seelam")
    return world


@every_function
def test_a_good_event_succeeds(world: World, function: str) -> None:
    answer = world.cloud.invoke(f"neptune/{function}", sample(function, "good", world.token))
    assert answer["statusCode"] == 200, answer


@every_function
def test_a_bad_event_is_refused(world: World, function: str) -> None:
    answer = world.cloud.invoke(f"neptune/{function}", sample(function, "bad", world.token))
    assert answer["statusCode"] == REFUSED.get(function, 422), answer


@every_function
@pytest.mark.parametrize("name", ["good", "bad"])
def test_an_event_is_one_of_the_functions_route(function: str, name: str) -> None:
    event = sample(function, name)
    folders = {stack.folder(logical): key for key, logical in stack.routes().items()}
    method, path = folders[stack.ROOT / "functions" / "neptune" / function]
    http = event["requestContext"]["http"]
    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"] == f"{method} {path}"
    assert (http["method"], http["path"]) == (method, event["rawPath"])
    given = event.get("pathParameters", {})
    filled = path
    for parameter, value in given.items():
        filled = filled.replace(f"{{{parameter}}}", value).replace(f"{{{parameter}+}}", value)
    assert filled == event["rawPath"]
    if "body" in event:
        assert int(event["headers"]["content-length"]) == len(event["body"].encode())


def test_the_good_event_to_ingest_is_the_one_of_neptunes_documentation() -> None:
    assert json.loads(sample("ingest_event", "good")["body"]) == {
        "environment": "dev",
        "api_token": "{{api_token}}",
        "event_type": "request_otp_to_verify_email_during_registration",
    }
