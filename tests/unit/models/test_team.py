from __future__ import annotations

import pytest

from nereid.models.team import Channels, PushProvider

HEX = "0a" * 32
FCM_TOKEN = "fXq3:APA91bH-x_0"
BOTH = {"fcm": "f", "apns": "a"}


@pytest.mark.parametrize(
    ("token", "system", "expected"),
    [
        (FCM_TOKEN, "Android 14", "f"),
        (FCM_TOKEN, "iOS 16.3", "a"),
        (FCM_TOKEN, "ios", "a"),
        (FCM_TOKEN, "iPadOS 17", "a"),
        (FCM_TOKEN, " iOS16", "a"),
        (FCM_TOKEN, "studios", "f"),
        (FCM_TOKEN, None, "f"),
        (HEX, None, "a"),
        (HEX, "work", "a"),
        (HEX.upper() + "0b", "", "a"),
        (HEX, "Android 14", "f"),
        (HEX[1:], None, "f"),
        (HEX + "g", None, "f"),
        (HEX + "\n", None, "f"),
    ],
)
def test_the_system_decides_which_application_serves_a_device_and_then_the_tokens_form(
    token: str, system: str | None, expected: str
) -> None:
    assert PushProvider(**BOTH).application_for(token, system) == expected


@pytest.mark.parametrize(
    ("applications", "apple", "google"),
    [
        ({"application_arn": "all"}, "all", "all"),
        ({"fcm": "f"}, None, "f"),
        ({"apns": "a"}, "a", None),
        ({"apns_sandbox": "s"}, "s", None),
        ({"apns": "a", "apns_sandbox": "s", "fcm": "f"}, "a", "f"),
        ({"application_arn": "all", "fcm": "f"}, "all", "f"),
        ({"application_arn": "all", "apns_sandbox": "s"}, "s", "all"),
    ],
)
def test_a_platform_without_an_application_of_its_own_has_the_one_for_all_or_none(
    applications: dict[str, str], apple: str | None, google: str | None
) -> None:
    provider = PushProvider(**applications)
    assert provider.application_for(HEX, None) == apple
    assert provider.application_for(FCM_TOKEN, None) == google


def test_what_was_stored_for_all_platforms_is_read_and_written_as_it_was() -> None:
    stored = {"push": {"application_arn": "arn"}}
    channels = Channels.model_validate(stored)
    assert channels.push == PushProvider(application_arn="arn")
    assert channels.model_dump(mode="json", exclude_unset=True) == stored
