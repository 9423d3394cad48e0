"""What a secret of several keys signs and still takes, and what a key is no good for."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import jwt
import pytest

from nereid.auth import keys, links, tokens
from nereid.core.access.teams import create_api_token
from nereid.core.messaging.unsubscribe import Unsubscriber
from nereid.errors import NotFound, Unauthenticated
from tests.security import world
from tests.security.world import Estate
from tests.support.api import Call
from tests.support.cloud import LINK_SECRET, SECRET

NOW = datetime.now(UTC).replace(microsecond=0)
SOON, LATER, LAST = NOW + timedelta(minutes=15), NOW + timedelta(days=30), NOW + timedelta(days=60)
OLD, NEW = "o" * 64, "n" * 64
ROTATED = keys.parse(OLD).rotated("1", NEW, NOW, SOON, LATER).text()
CLAIMS = {"team": "t", "jti": "j", "iat": NOW, "exp": NOW + timedelta(days=90)}


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with world.running() as running:
        yield running


def token(secret: str, at: datetime) -> str:
    return tokens.sign(secret, "nereid:api_token", {**CLAIMS, "iat": at})


def kid(secret: str, at: datetime) -> str:
    return str(jwt.get_unverified_header(token(secret, at))["kid"])


def unsubscriber(secret: str, at: datetime = NOW) -> Unsubscriber:
    clock: Any = SimpleNamespace(now=lambda: at)
    return Unsubscriber(lambda: secret, "https://nereid.example.com", clock)


def link(secret: str, at: datetime = NOW) -> str:
    return unsubscriber(secret, at).url("team-1", "sam@example.com").rpartition("/")[2]


def test_a_new_key_signs_once_everybody_knows_it() -> None:
    assert kid(ROTATED, NOW) == "0"
    assert kid(ROTATED, SOON) == "1"


def test_a_former_key_verifies_until_its_end() -> None:
    old = token(OLD, NOW)
    assert tokens.verify(ROTATED, "nereid:api_token", old, LATER - timedelta(seconds=1))["jti"] == "j"
    with pytest.raises(Unauthenticated):
        tokens.verify(ROTATED, "nereid:api_token", old, LATER)


def test_a_token_that_names_no_key_is_of_the_first_one() -> None:
    bare = jwt.encode({**CLAIMS, "aud": "nereid:api_token"}, OLD)
    assert "kid" not in jwt.get_unverified_header(bare)
    assert tokens.verify(ROTATED, "nereid:api_token", bare, NOW)["kid"] == "0"


def test_a_key_signs_under_its_own_name_alone() -> None:
    forged = jwt.encode({**CLAIMS, "aud": "nereid:api_token"}, OLD, headers={"kid": "1"})
    with pytest.raises(Unauthenticated):
        tokens.verify(ROTATED, "nereid:api_token", forged, SOON)


def test_keys_that_have_ended_are_forgotten_at_the_next_rotation() -> None:
    again = keys.parse(ROTATED).rotated("2", "x" * 64, LATER, LATER, LAST)
    assert [(each.kid, each.until) for each in again.former] == [("1", LAST)]


def test_a_link_is_read_with_the_key_that_made_it_until_that_ends() -> None:
    old = link(OLD)
    assert unsubscriber(ROTATED, SOON).read(old) == ("team-1", "sam@example.com")
    assert unsubscriber(ROTATED, SOON).read(link(ROTATED, SOON)) == ("team-1", "sam@example.com")
    with pytest.raises(NotFound):
        unsubscriber(ROTATED, LATER).read(old)


def test_a_link_of_former_versions_still_works() -> None:
    former = jwt.encode({"team": "team-1", "email": "sam@example.com", "aud": "nereid:unsubscribe"}, OLD)
    assert unsubscriber(OLD).read(former) == ("team-1", "sam@example.com")
    assert unsubscriber(ROTATED).read(former) == ("team-1", "sam@example.com")


def test_a_link_shows_neither_address_nor_team() -> None:
    raw = link(OLD)
    data = base64.urlsafe_b64decode(raw.partition(".")[2] + "==")
    for text in ("sam", "example.com", "team-1", "email"):
        assert text not in raw
        assert text.encode() not in data


def test_the_same_link_is_made_for_the_same_mail() -> None:
    assert link(OLD) == link(OLD)


def test_links_to_two_addresses_share_nothing_that_could_be_compared() -> None:
    one = base64.urlsafe_b64decode(link(OLD).partition(".")[2] + "==")
    other = base64.urlsafe_b64decode(
        unsubscriber(OLD).url("team-1", "sal@example.com").rpartition("/")[2].partition(".")[2] + "=="
    )
    assert sum(each == that for each, that in zip(one, other, strict=True)) < 8


@pytest.mark.parametrize("position", [0, 15, 16, 40, -1])
def test_a_link_with_one_changed_bit_is_none(position: int) -> None:
    name, _, data = link(OLD).partition(".")
    raw = bytearray(base64.urlsafe_b64decode(data + "=="))
    raw[position] ^= 1
    changed = base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
    with pytest.raises(NotFound):
        unsubscriber(OLD).read(f"{name}.{changed}")


@pytest.mark.parametrize(
    "token", ["", ".", "0", "0.", "0.A", "0.é", "0." + "A" * 22, "9.AAAA", "a.b.c", "0." + "A" * 99999]
)
def test_what_is_no_link_is_none(token: str) -> None:
    with pytest.raises(NotFound):
        unsubscriber(OLD).read(token)


def test_a_link_of_one_purpose_is_none_of_another() -> None:
    sealed = links.seal(OLD, "unsubscribe", {"a": 1}, NOW)
    assert links.unseal(OLD, "unsubscribe", sealed, NOW) == {"a": 1}
    with pytest.raises(Unauthenticated):
        links.unseal(OLD, "verify", sealed, NOW)


def ask(estate: Estate, credential: str) -> int:
    return estate.api.call(Call("GET", "/manage/environments", {}, {"authorization": f"Bearer {credential}"})).status


def test_the_secret_of_links_makes_no_token(estate: Estate) -> None:
    claims = tokens.verify(SECRET, "nereid:api_token", estate.first.credentials.api_token, datetime.now(UTC))
    assert ask(estate, estate.first.credentials.api_token) == 200
    assert ask(estate, jwt.encode({**claims, "aud": "nereid:api_token"}, LINK_SECRET)) == 401


def test_the_secret_of_tokens_makes_no_link(estate: Estate) -> None:
    path = "/u/" + link(SECRET)
    assert estate.api.call(Call("GET", path)).status == 404
    assert estate.api.call(Call("GET", "/u/" + estate.first.credentials.link)).status == 200


def test_the_first_key_is_no_good_for_a_token_that_was_made_with_another(estate: Estate) -> None:
    # A stack that is updated has the former secret, which links go on using, as the first key of its tokens.
    keyring = json.dumps({"kid": "1", "key": SECRET, "former": [{"kid": "0", "key": LINK_SECRET}]})
    first = estate.first
    record, token = create_api_token(
        first.runtime.account_store, first.runtime.clock, keyring, first.team_id, "n", ["admin:all"], "dev", 30
    )
    assert record.kid == "1"
    claims = tokens.verify(keyring, "nereid:api_token", token, datetime.now(UTC))
    assert first.runtime.account_store.api_token(first.team_id, claims["jti"]) == record
    forged = jwt.encode({**claims, "aud": "nereid:api_token"}, LINK_SECRET, headers={"kid": "0"})
    vars(first.runtime)["token_secret"] = lambda: keyring
    vars(first.runtime).pop("credentials", None)
    try:
        credentials = first.runtime.credentials
        assert credentials.api_token(token).credential_id == record.id
        with pytest.raises(Unauthenticated):
            credentials.api_token(forged)
    finally:
        for name in ("token_secret", "credentials"):
            vars(first.runtime).pop(name)
