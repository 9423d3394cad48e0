"""What an SMS may cost and where it may go, and what SNS is told for countries that want to know more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nereid.aws.messaging.sms_channel import SmsChannel
from nereid.models.delivery import DeliveryJob
from tests.support.cloud import Cloud, World
from tests.support.notifications import TEXT

PUBLISH = "sns:Publish"
FUNCTION = "pipeline/deliver_sms"


@pytest.fixture
def told(cloud: Cloud) -> Iterator[Callable[..., None]]:
    """Return a function that sets parameters of the stack."""

    def tell(**parameters: str) -> None:
        cloud.parameters.update(parameters)
        cloud.restart(FUNCTION)

    yield tell
    for name in ("SmsCountries", "SmsMaxPrice"):
        cloud.parameters.pop(name, None)
    cloud.restart(FUNCTION)


def text(world: World, *numbers: str, template: dict[str, str] | None = None) -> list[tuple[str, str | None]]:
    """Send an SMS to each number; return how the deliveries ended."""
    world.configure("login", {**TEXT, "template": {**TEXT["template"], **(template or {})}})
    contacts = [{"type": "mobile_number", "value": number} for number in numbers]
    message_id = world.ingest("login", data={"otp": 1}, contact_infos=contacts)
    world.cloud.pump("message", "sms")
    return world.outcomes(message_id)


def attributes(cloud: Cloud) -> dict[str, tuple[str, str]]:
    """Return type and value of each attribute of the one message that SNS was handed."""
    [request] = cloud.sent(PUBLISH)
    entries = {key: text for key, text in request.items() if key.startswith("MessageAttributes.entry.")}
    return {
        name: (entries[key.replace("Name", "Value.DataType")], entries[key.replace("Name", "Value.StringValue")])
        for key, name in entries.items()
        if key.endswith(".Name")
    }


def test_a_message_to_a_country_that_is_not_listed_costs_nothing(
    cloud: Cloud, world: World, told: Callable[..., None]
) -> None:
    told(SmsCountries="DE, fr")
    outcomes = text(world, "+4915112345678", "+33612345678", "+12025550123", "+881612345678", "+8823451234567")
    assert outcomes == [("success", None)] * 2 + [("failed", "country not allowed")] * 3
    assert [request["PhoneNumber"] for request in cloud.sent(PUBLISH)] == ["+4915112345678", "+33612345678"]


def test_without_a_list_all_countries_are_sent_to(cloud: Cloud, world: World) -> None:
    assert text(world, "+4915112345678", "+12025550123", "+881612345678") == [("success", None)] * 3


@pytest.mark.parametrize("number", ["911", "no number", "4915112345678", "+49 151 1234567a", "arn:aws:sns:a:b:c"])
def test_what_is_no_number_is_not_handed_over(
    cloud: Cloud, world: World, told: Callable[..., None], number: str
) -> None:
    told(SmsCountries="DE")
    assert text(world, number) == [("failed", "unreachable: not a phone number")]
    assert cloud.sent(PUBLISH) == []


@pytest.mark.parametrize(("number", "paced"), [("+4915112345678", True), ("+12025550123", False)])
def test_what_is_not_handed_over_takes_nobodys_turn(world: World, number: str, *, paced: bool) -> None:
    world.configure("login", TEXT)
    world.ingest("login", contact_infos=[{"type": "mobile_number", "value": number}])
    world.cloud.pump("message")
    [record] = world.cloud.receive("sms")
    job = DeliveryJob.model_validate_json(record["body"])
    assert SmsChannel(world.runtime.clients, {"DE"}).is_paced(job) is paced


def test_in_a_mock_environment_any_number_will_do(cloud: Cloud, told: Callable[..., None]) -> None:
    told(SmsCountries="DE")
    assert text(World(cloud, mock=True), "911", "+12025550123") == [("mocked", None)] * 2


def test_sns_is_told_the_highest_price(cloud: Cloud, world: World, told: Callable[..., None]) -> None:
    told(SmsMaxPrice="0.10")
    assert text(world, "+4915112345678") == [("success", None)]
    assert attributes(cloud)["AWS.SNS.SMS.MaxPrice"] == ("Number", "0.10")


def test_sns_is_told_nothing_that_nobody_gave(cloud: Cloud, world: World) -> None:
    text(world, "+4915112345678")
    assert attributes(cloud) == {"AWS.SNS.SMS.SMSType": ("String", "Transactional")}


IDS = {"sender_id": "SHOP", "origination_number": "+12065550100", "entity_id": "1101", "template_id": "1107"}


@pytest.mark.parametrize(("template", "template_id"), [({}, "1107"), ({"template_id": "1108"}, "1108")])
def test_india_and_the_united_states_are_told_what_they_want(
    cloud: Cloud, template: dict[str, Any], template_id: str
) -> None:
    assert text(World(cloud, channels={"sms": IDS}), "+919812345678", template=template) == [("success", None)]
    assert attributes(cloud) == {
        "AWS.SNS.SMS.SMSType": ("String", "Transactional"),
        "AWS.SNS.SMS.SenderID": ("String", "SHOP"),
        "AWS.MM.SMS.OriginationNumber": ("String", "+12065550100"),
        "AWS.MM.SMS.EntityId": ("String", "1101"),
        "AWS.MM.SMS.TemplateId": ("String", template_id),
    }


@pytest.mark.parametrize(
    ("listed", "outcome"),
    [
        (["sms:SHOP", "sms:+12065550100"], ("success", None)),
        (["sms:SHOP"], ("failed", "sender not allowed")),
        (["sms:+12065550100"], ("failed", "sender not allowed")),
    ],
)
def test_a_message_from_another_teams_number_is_not_handed_over(
    cloud: Cloud, listed: list[str], outcome: tuple[str, str | None]
) -> None:
    world = World(cloud, channels={"sms": IDS})
    world.runtime.account_store.set_senders(world.team_id, listed)
    assert text(world, "+919812345678") == [outcome]
