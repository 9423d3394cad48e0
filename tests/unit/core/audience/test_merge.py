"""What a user is after absorbing an anonymous profile."""

from datetime import UTC, datetime, timedelta
from typing import Any

from nereid import jsontext
from nereid.core.audience.merge import Merging, combined, renamed
from nereid.models.user import MAX_META_BYTES, ContactInfo, Device, User

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def user(user_id: str = "u", *contacts: ContactInfo, **members: Any) -> User:
    return User(
        user_id=user_id,
        generation="g",
        created_at=NOW,
        updated_at=NOW,
        contact_infos=list(contacts),
        **members,
    )


def contact(value: str, origin: str | None = None) -> ContactInfo:
    return ContactInfo(type="email", value=value, origin=origin, created_at=NOW, updated_at=NOW)


def device(token: str | None) -> Device:
    return Device(
        device_id="d",
        token=token,
        os="iOS 17",
        model="m",
        app_build="1",
        app_version="1",
        created_at=NOW,
        updated_at=NOW,
    )


def test_the_users_own_address_stays_whatever_its_case() -> None:
    assert Merging().contact(user("u", contact("Sam@example.com")), contact("sam@EXAMPLE.com")) is None


def test_an_address_that_the_user_lacks_arrives_as_it_is() -> None:
    arriving = contact("sam@example.com", "identify")
    assert Merging().contact(user("u", contact("kim@example.com")), arriving) == arriving


def test_a_second_address_of_identify_arrives_as_one_that_identify_leaves_alone() -> None:
    merged = Merging().contact(
        user("u", contact("kim@example.com", "identify")), contact("sam@example.com", "identify")
    )
    assert merged is not None
    assert merged.origin == "alias"


def test_the_users_own_device_stays_and_gets_back_the_token_that_the_profile_had_taken() -> None:
    merging = Merging()
    assert merging.device(device("own"), device("theirs")).token == "own"
    assert merging.device(device(None), device("theirs")).token == "theirs"
    assert merging.device(None, device("theirs")).token == "theirs"


def test_the_user_keeps_what_it_knows_and_gains_what_it_does_not() -> None:
    profile = user("anon", meta={"theme": "dark", "plan": "free"}, timezone="Europe/Rome", locale="it", opens=[3, 1])
    known = user("u", meta={"plan": "paid"}, timezone="Europe/Paris", opens=[2, 3])
    merged = combined(profile, known, NOW + timedelta(days=1))
    assert merged.meta == {"plan": "paid", "theme": "dark"}
    assert (merged.timezone, merged.locale, merged.opens) == ("Europe/Paris", "it", [1, 2, 3])
    assert (merged.user_id, merged.updated_at) == ("u", NOW + timedelta(days=1))


def test_what_does_not_fit_in_the_users_record_is_left_out() -> None:
    full = {"full": "x" * (MAX_META_BYTES - 20)}
    merged = combined(user("anon", meta={"long": "y" * 100, "s": 1}), user("u", meta=full), NOW)
    assert merged.meta == {**full, "s": 1}
    assert jsontext.size(merged.meta) <= MAX_META_BYTES


def test_a_profile_that_becomes_a_new_user_begins_anew_under_its_id() -> None:
    profile, later = user("anon", meta={"theme": "dark"}, version=7), NOW + timedelta(days=1)
    became = renamed(profile, "u", later)
    assert (became.user_id, became.version, became.meta) == ("u", 1, profile.meta)
    assert (became.created_at, became.there_since) == (profile.created_at, later)
    assert became.generation != profile.generation
