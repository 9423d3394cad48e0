"""Which body is refused, with which text; the order of the checks is part of the contract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from nereid.auth.credentials import ClientCaller
from nereid.dialects.client import bodies as client_bodies
from nereid.dialects.client.checks import Refused
from nereid.dialects.http import Request
from nereid.models.team import Scope

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
CALLER = ClientCaller(Scope("t", "dev"), "k", is_secret=False)
NO_ID = "Must have required property 'anonymous_id'"
DEVICE = {"external_id": "u", "device_id": "d", "os": "iOS 16.3", "model": "m", "app_build": "465", "app_version": "1"}


def request(**headers: str) -> Request:
    return Request("POST", "/api/client/events", headers, {}, {}, b"", "")


def refusal(kind: str, body: Any, **headers: str) -> str:
    """Return the text with which a body is refused."""
    with pytest.raises(Refused) as refused:
        parse(kind, body, **headers)
    return str(refused.value)


def parse(kind: str, body: Any, **headers: str) -> Any:
    match kind:
        case "alias":
            return client_bodies.alias(body, CALLER, NOW)
        case "identify":
            return client_bodies.identify(body, CALLER, NOW)
        case "devices":
            return client_bodies.device(body, CALLER, NOW)
        case "events":
            return client_bodies.events(body, CALLER, request(**headers), NOW)
        case "track":
            return client_bodies.track(body, CALLER, request(**headers), NOW)
    return client_bodies.who(body)


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("alias", [], "The value of `` must be a object."),
        ("alias", None, "The value of `` must be a object."),
        ("alias", {}, "Must have required property 'external_id'"),
        ("alias", {"external_id": "u"}, "Must have required property 'anonymous_id'"),
        ("alias", {"external_id": None, "anonymous_id": "a"}, "The value of `external_id` must be a string."),
        ("alias", {"external_id": "", "anonymous_id": "a"}, "Must NOT have fewer than 1 characters"),
        ("alias", {"external_id": "u", "anonymous_id": "x" * 257}, "Must NOT have more than 256 characters"),
        ("alias", {"external_id": 5, "anonymous_id": 5}, "The value of `external_id` must be a string."),
        ("identify", [], "The value of `` must be a object."),
        ("identify", "text", "The value of `` must be a object."),
        ("identify", {}, NO_ID),
        ("identify", {"email": "a@example.com"}, NO_ID),
        ("identify", {"foo": 1}, NO_ID),
        ("identify", {"external_id": "", "anonymous_id": None}, NO_ID),
        ("identify", {"external_id": "u", "foo": 1, "email": 5}, "Must NOT have additional properties"),
        ("identify", {"external_id": {}}, "The value of `external_id` must be a string."),
        ("identify", {"external_id": 5}, "The value of `external_id` must be a string."),
        ("identify", {"external_id": "u", "email": 5}, "The value of `email` must be a string."),
        ("identify", {"external_id": "u", "data": []}, "The value of `data` must be a object."),
        ("identify", {"external_id": "u", "phone": 5, "data": []}, "The value of `phone` must be a string."),
        (
            "identify",
            {"external_id": "u", "timezone": "Nowhere/Land"},
            "The timezone value must be in the IANA format.",
        ),
        ("identify", {"external_id": "x" * 257}, "Must NOT have more than 256 characters"),
        ("identify", {"external_id": "u", "data": {"a": "x" * 65536}}, "Must NOT be larger than 65536 bytes"),
        ("devices", [], "The value of `` must be a object."),
        ("devices", {}, NO_ID),
        ("devices", {"external_id": "u"}, "Must have required property 'device_id'"),
        ("devices", without(DEVICE, "device_id", "os"), "Must have required property 'device_id'"),
        ("devices", without(DEVICE, "os", "model"), "Must have required property 'os'"),
        ("devices", without(DEVICE, "model", "app_build"), "Must have required property 'model'"),
        ("devices", without(DEVICE, "app_build", "app_version"), "Must have required property 'app_build'"),
        ("devices", without(DEVICE, "app_version"), "Must have required property 'app_version'"),
        ("devices", {**DEVICE, "app_build": 465}, "The value of `app_build` must be a string."),
        ("devices", {**DEVICE, "os_version": None}, "The value of `os_version` must be a string."),
        ("devices", {**DEVICE, "token": 5}, "The value of `token` must be a string."),
        ("devices", {**DEVICE, "more": "x" * 65536}, "Must NOT be larger than 65536 bytes"),
        ("events", {}, "The value of `` must be a array."),
        ("events", "text", "The value of `` must be a array."),
        ("events", [], "Must NOT have fewer than 1 items"),
        ("events", [{}] * 1001, "Must NOT have more than 1000 items"),
        ("events", ["x"], "The value of `0` must be a object."),
        ("events", [{}], NO_ID),
        ("events", [{"name": 5}], NO_ID),
        ("events", [{"external_id": "u"}, {}], NO_ID),
        ("events", [{"external_id": None, "anonymous_id": None}], NO_ID),
        ("events", [{"external_id": 5, "name": "x"}], "The value of `0/external_id` must be a string."),
        ("events", [{"external_id": "u", "name": 5}], "The value of `0/name` must be a string."),
        ("events", [{"external_id": "u"}, {"external_id": "u", "name": 5}], "The value of `1/name` must be a string."),
        ("events", [{"external_id": "u", "name": 5}, {}], "The value of `0/name` must be a string."),
        ("events", [{"external_id": "u", "data": "x"}], "The value of `0/data` must be a object."),
        ("events", [{"external_id": "u", "data": []}], "The value of `0/data` must be a object."),
        ("events", [{"external_id": "u", "user": "x"}], "The value of `0/user` must be a object."),
        ("events", [{"external_id": "u", "user": {"email": 5}}], "The value of `0/user/email` must be a string."),
        ("events", [{"external_id": "u", "user": {"data": []}}], "The value of `0/user/data` must be a object."),
        (
            "events",
            [{"external_id": "u", "user": {"timezone": "x"}}],
            "The timezone value must be in the IANA format.",
        ),
        ("events", [{"external_id": "u", "name": "x" * 257}], "Must NOT have more than 256 characters"),
        ("events", [{"external_id": "u", "message_id": ""}], "Must NOT have fewer than 1 characters"),
        ("events", [{"external_id": "u", "message_id": "x" * 257}], "Must NOT have more than 256 characters"),
        ("events", [{"external_id": "u", "data": {"a": "x" * 262144}}], "Must NOT be larger than 262144 bytes"),
        ("track", {}, NO_ID),
        ("track", {"external_id": "u", "event": 5}, "The value of `event` must be a string."),
        ("track", {"external_id": "u", "data": []}, "The value of `data` must be a object."),
        ("track", {"external_id": "u", "user": {"email": 5}}, "The value of `user/email` must be a string."),
        ("track", ["x"], "The value of `0` must be a object."),
        ("track", None, "The value of `` must be a object."),
        ("who", {}, NO_ID),
        ("who", {"external_id": 5}, "The value of `external_id` must be a string."),
    ],
)
def test_a_body_is_refused_with_the_first_problem(kind: str, body: Any, text: str) -> None:
    assert refusal(kind, body) == text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("alias", {"external_id": "u", "anonymous_id": "a", "more": 1}),
        ("identify", {"external_id": "u", "email": "notanemail", "phone": None, "locale": None, "data": None}),
        ("identify", {"external_id": "x" * 256, "anonymous_id": None, "timezone": "America/Chicago"}),
        ("devices", {**DEVICE, "token": None, "sdk_version": 3}),
        ("devices", {**DEVICE, "os_version": "16.3"}),
        ("events", [{"external_id": "u", "data": None, "user": None, "name": None, "message_id": None}]),
        ("events", [{"external_id": "u"}] * 1000),
        ("track", {"anonymous_id": "a"}),
        ("track", [{"anonymous_id": "a"}]),
    ],
)
def test_a_body_that_keeps_the_rules_is_taken(kind: str, body: Any) -> None:
    assert parse(kind, body)


def test_what_a_trait_does_not_mention_differs_from_null() -> None:
    operation = client_bodies.identify({"external_id": "u", "email": None}, CALLER, NOW)
    assert operation.traits.model_fields_set == {"email"}


def test_an_empty_id_beside_a_real_one_is_no_id() -> None:
    assert client_bodies.identify({"external_id": "u", "anonymous_id": ""}, CALLER, NOW).who.ids() == (None, "u")


def test_an_event_without_data_takes_its_properties_as_data() -> None:
    [event] = parse("events", [{"external_id": "u", "properties": {"screen": "home"}, "distinct_id": 7}])
    assert event.message.data == {"screen": "home"}
    assert event.message.extra == {"distinct_id": 7}


def test_an_event_with_data_keeps_its_properties_beside() -> None:
    [event] = parse("events", [{"external_id": "u", "data": {"a": 1}, "properties": {"b": 2}}])
    assert event.message.data == {"a": 1}
    assert event.message.extra == {"properties": {"b": 2}}


@pytest.mark.parametrize("name", [None, ""])
def test_an_event_without_a_name_is_unnamed(name: str | None) -> None:
    [event] = parse("events", [{"external_id": "u", "name": name}])
    assert event.message.event_type == "unnamed"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"event": "E"}, "E"),
        ({"event": "E", "name": "N"}, "E"),
        ({"name": "N"}, "N"),
        ({"event": None, "name": "N"}, "N"),
        ({}, "unnamed"),
    ],
)
def test_track_names_its_event(body: dict[str, Any], name: str) -> None:
    [event] = parse("track", {"external_id": "u", **body})
    assert event.message.event_type == name


def test_a_message_id_is_made_for_an_event_that_brings_none() -> None:
    first, second = parse("events", [{"external_id": "u"}, {"external_id": "u"}])
    assert first.message.message_id != second.message.message_id


def test_an_idempotency_key_names_the_only_event() -> None:
    [event] = parse("events", [{"external_id": "u"}], **{"idempotency-key": "k"})
    assert event.message.message_id == "k"


def test_an_idempotency_key_names_each_of_several_events_by_its_place() -> None:
    body = [{"external_id": "u"}, {"external_id": "u", "message_id": "m"}, {"external_id": "u"}]
    events = parse("events", body, **{"idempotency-key": "k"})
    assert [event.message.message_id for event in events] == ["k:0", "m", "k:2"]


def test_an_idempotency_key_that_is_too_long_is_refused() -> None:
    text = refusal("events", [{"external_id": "u"}], **{"idempotency-key": "k" * 257})
    assert text == "Must NOT have more than 256 characters"
