from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from nereid.aws.messaging.push_payload import MAX_BYTES, publication
from nereid.errors import ProviderRefused

ARN = "arn:aws:sns:us-east-1:123456789012:app/"
FCM, APNS, SANDBOX = f"{ARN}GCM/shop", f"{ARN}APNS/shop", f"{ARN}APNS_SANDBOX/shop"
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SHOWN = {"title": "t", "body": "b"}
ALL = {
    "sound": "ping.caf",
    "badge": 3,
    "channel": "orders",
    "collapse": "order-1",
    "priority": "high",
    "time_to_live": 60,
}


def fcm(**members: Any) -> Any:
    """Return what FCM is handed."""
    message = json.loads(publication(FCM, {**SHOWN, **members}, NOW)["Message"])
    assert list(message) == ["default", "GCM"]
    return json.loads(message["GCM"])["fcmV1Message"]["message"]


def apns(**members: Any) -> Any:
    """Return what APNs is handed."""
    message = json.loads(publication(APNS, {**SHOWN, **members}, NOW)["Message"])
    assert list(message) == ["default", "APNS"]
    return json.loads(message["APNS"])


def attributes(application: str, **members: Any) -> dict[str, str]:
    """Return the headers that SNS is told of."""
    given = publication(application, {**SHOWN, **members}, NOW)["MessageAttributes"]
    assert all(value["DataType"] == "String" for value in given.values())
    return {name: value["StringValue"] for name, value in given.items()}


def test_a_push_of_texts_alone_is_as_short_as_can_be() -> None:
    assert fcm() == {"notification": SHOWN, "data": {}}
    assert apns() == {"aps": {"alert": SHOWN}}
    assert attributes(FCM) == attributes(APNS) == {}


def test_fcm_takes_texts_alone_and_apns_values_of_any_kind() -> None:
    data = {"text": "x", "number": 1, "list": [1, "ä"], "none": None}
    assert fcm(data=data)["data"] == {"text": "x", "number": "1", "list": '[1,"ä"]', "none": "null"}
    assert apns(data=data) == {"aps": {"alert": SHOWN}, **data}


def test_fcm_is_told_how_android_and_apple_show_it() -> None:
    assert fcm(**ALL) == {
        "notification": SHOWN,
        "data": {},
        "android": {
            "collapse_key": "order-1",
            "priority": "high",
            "ttl": "60s",
            "notification": {"sound": "ping.caf", "channel_id": "orders"},
        },
        "apns": {
            "headers": {
                "apns-collapse-id": "order-1",
                "apns-priority": "10",
                "apns-expiration": str(int(NOW.timestamp()) + 60),
            },
            "payload": {"aps": {"alert": SHOWN, "sound": "ping.caf", "badge": 3}},
        },
    }
    assert attributes(FCM, **ALL) == {}


def test_apns_is_told_in_its_payload_and_by_headers() -> None:
    assert apns(**ALL) == {"aps": {"alert": SHOWN, "sound": "ping.caf", "badge": 3}}
    headers = {"AWS.SNS.MOBILE.APNS.PRIORITY": "10", "AWS.SNS.MOBILE.APNS.COLLAPSE_ID": "order-1"}
    assert attributes(APNS, **ALL) == {"AWS.SNS.MOBILE.APNS.TTL": "60", **headers}
    assert attributes(SANDBOX, **ALL) == {"AWS.SNS.MOBILE.APNS_SANDBOX.TTL": "60", **headers}


def test_a_time_of_zero_is_a_single_try() -> None:
    assert fcm(time_to_live=0)["android"] == {"ttl": "0s"}
    assert fcm(time_to_live=0)["apns"] == {"headers": {"apns-expiration": "0"}}
    assert attributes(APNS, time_to_live=0) == {"AWS.SNS.MOBILE.APNS.TTL": "0"}


def test_a_badge_of_zero_is_one() -> None:
    assert apns(badge=0)["aps"]["badge"] == 0
    assert fcm(badge=0)["apns"]["payload"]["aps"]["badge"] == 0


def test_a_normal_priority_is_the_lower_one() -> None:
    assert fcm(priority="normal")["android"] == {"priority": "normal"}
    assert attributes(APNS, priority="normal") == {"AWS.SNS.MOBILE.APNS.PRIORITY": "5"}


def test_a_long_word_to_collapse_by_is_one_that_apns_takes() -> None:
    longest = "ä" * 32
    assert attributes(APNS, collapse=longest) == {"AWS.SNS.MOBILE.APNS.COLLAPSE_ID": longest}
    [shortened] = attributes(APNS, collapse=longest + "x").values()
    [other] = attributes(APNS, collapse=longest + "y").values()
    assert len(shortened) == 64
    assert shortened != other
    assert fcm(collapse=longest + "x")["android"] == {"collapse_key": longest + "x"}


class TestOwnAps:
    def test_it_is_merged_into_ours_and_comes_before_it(self) -> None:
        own = {"category": "ORDER", "sound": "other.caf", "alert": {"subtitle": "s", "title": "own"}}
        merged = {
            "alert": {"title": "own", "body": "b", "subtitle": "s"},
            "sound": "other.caf",
            "badge": 1,
            "category": "ORDER",
        }
        assert apns(data={"aps": own, "x": "y"}, sound="ping.caf", badge=1) == {"aps": merged, "x": "y"}

    def test_fcm_has_it_for_apple_alone(self) -> None:
        message = fcm(data={"aps": {"category": "ORDER"}, "x": "y"})
        assert message["data"] == {"x": "y"}
        assert message["apns"] == {"payload": {"aps": {"alert": SHOWN, "category": "ORDER"}}}

    def test_an_alert_that_is_a_text_takes_the_place_of_ours(self) -> None:
        assert apns(data={"aps": {"alert": "short"}}) == {"aps": {"alert": "short"}}

    def test_one_that_is_no_object_is_let_go(self) -> None:
        assert apns(data={"aps": "x"}) == {"aps": {"alert": SHOWN}}


@pytest.mark.parametrize(
    ("application", "frame"),
    [
        (FCM, {"notification": SHOWN, "data": {"x": ""}}),
        (APNS, {"x": "", "aps": {"alert": SHOWN}}),
    ],
)
def test_what_is_larger_than_the_platform_takes_is_refused(application: str, frame: dict[str, Any]) -> None:
    longest = MAX_BYTES - len(json.dumps(frame, separators=(",", ":")))
    assert publication(application, {**SHOWN, "data": {"x": "x" * longest}}, NOW)
    # Bytes count, not characters.
    for text in ("x" * (longest + 1), "ä" * longest):
        with pytest.raises(ProviderRefused, match=r"^too large$"):
            publication(application, {**SHOWN, "data": {"x": text}}, NOW)


def test_another_platform_is_handed_the_text_alone() -> None:
    assert publication(f"{ARN}ADM/shop", {**SHOWN, **ALL}, NOW) == {
        "Message": '{"default":"b"}',
        "MessageAttributes": {},
    }
