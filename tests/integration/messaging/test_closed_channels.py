"""By a channel that the stack does not have nobody sends: deliveries end, and nothing is handed over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cloud import Cloud, World
from tests.support.notifications import MAIL, PHONE, SAM, TEXT

NUMBER = [{"type": "mobile_number", "value": "+15550001"}]
TOKEN = [{"type": "firebase_token", "value": "a-device"}]
CLOSED = {
    "sms": ({"HasSms": "false"}, TEXT, NUMBER),
    "push": ({"HasPush": "false"}, PHONE, TOKEN),
    "email": ({"HasEmail": "false"}, MAIL, SAM),
}
CHANNELS = {
    "sms": {"sender_id": "ACME"},
    "push": {"fcm": "arn:aws:sns:us-east-1:123456789012:app/GCM/acme"},
    "email": {"from": "hello@acme.example"},
}


@pytest.fixture(autouse=True)
def opened(cloud: Cloud) -> Iterator[None]:
    """Leave the channels open to other tests."""
    yield
    cloud.parameters = {}


def delivered(world: World, channel: str, **members: Any) -> dict[str, Any]:
    """Send an event by a closed channel and run the function of the e-mail queue; return the delivery."""
    parameters, notification, contacts = CLOSED[channel]
    world.cloud.parameters = parameters
    world.configure("login", {**notification, **members})
    message_id = world.ingest("login", data={"otp": 1}, contact_infos=contacts)
    world.cloud.pump("message")
    world.cloud.requests.clear()
    world.cloud.pump("email")
    (delivery,) = world.deliveries(message_id)
    return {"status": delivery.status, "reason": delivery.reason, "rendered": delivery.rendered}


def handed_over(cloud: Cloud) -> list[str]:
    """Return the calls of providers."""
    return [name for name, _ in cloud.requests if name.startswith(("sns:", "sesv2:"))]


@pytest.mark.parametrize("members", [{}, {"priority": "high"}], ids=["normal", "high"])
@pytest.mark.parametrize("channel", CLOSED)
def test_a_delivery_ends_without_a_provider(cloud: Cloud, channel: str, members: dict[str, Any]) -> None:
    world = World(cloud, channels={channel: CHANNELS[channel]})
    delivery = delivered(world, channel, **members)
    assert (delivery["status"], delivery["reason"]) == ("no_provider", f"no {channel} provider")
    assert handed_over(cloud) == []


@pytest.mark.parametrize("channel", CLOSED)
def test_a_delivery_of_a_mock_environment_is_mocked(cloud: Cloud, channel: str) -> None:
    delivery = delivered(World(cloud, mock=True), channel)
    assert delivery["status"] == "mocked"
    assert "1" in json.dumps(delivery["rendered"])
    assert handed_over(cloud) == []


def test_the_other_channels_send(cloud: Cloud, world: World) -> None:
    cloud.parameters = {"HasSms": "false", "HasPush": "false"}
    world.configure("login", MAIL)
    message_id = world.ingest("login", data={"otp": 1}, contact_infos=SAM)
    cloud.pump("message")
    cloud.pump("email")
    (delivery,) = world.deliveries(message_id)
    assert delivery.status == "success"


@pytest.mark.parametrize("route", ["POST", "PUT"])
@pytest.mark.parametrize("channel", CLOSED)
def test_an_environment_names_no_sender_for_it(cloud: Cloud, world: World, channel: str, route: str) -> None:
    cloud.parameters = CLOSED[channel][0]
    answer = sent(cloud, world, route, {channel: CHANNELS[channel]})
    assert answer["statusCode"] == 422
    refused = [{"field": f"channels.{channel}", "message": "the stack does not send by this channel"}]
    assert json.loads(answer["body"])["errors"] == refused


@pytest.mark.parametrize("channel", CLOSED)
def test_an_environment_may_say_that_it_has_no_provider_for_it(cloud: Cloud, world: World, channel: str) -> None:
    cloud.parameters = CLOSED[channel][0]
    assert sent(cloud, world, "PUT", {channel: None})["statusCode"] == 200


def sent(cloud: Cloud, world: World, route: str, channels: dict[str, Any]) -> dict[str, Any]:
    """Create or change an environment."""
    name = "create_environment" if route == "POST" else "update_environment"
    event = {
        "routeKey": f"{route} /manage/environments",
        "rawPath": "/manage/environments",
        "headers": {"authorization": f"Bearer {world.token}", "content-type": "application/json"},
        "requestContext": {"http": {"method": route, "sourceIp": "192.0.2.1"}},
        "pathParameters": {"identifier": world.identifier},
        "body": json.dumps({**({"identifier": "other"} if route == "POST" else {}), "channels": channels}),
    }
    answer: dict[str, Any] = cloud.invoke(f"manage/{name}", event)
    return answer
