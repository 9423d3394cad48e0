"""Forged, changed and borrowed tokens, at every place that reads one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import jwt
import pytest

from nereid.auth import tokens
from nereid.errors import ExpiredToken, Unauthenticated
from nereid.models.team import ApiToken
from tests.security import world
from tests.security.world import Estate, token_id
from tests.support import envelopes
from tests.support.api import Answer, Call
from tests.support.cloud import SECRET

#: Where a token is read: how it is sent there.
PLACES: Mapping[str, Callable[[str], Call]] = {
    "neptune": lambda token: Call("GET", "/neptune/environments", {}, {"authorization": f"Bearer {token}"}),
    "ingest": lambda token: Call(
        "POST",
        "/neptune/events/ingest",
        body=json.dumps({"environment": "dev", "event_type": "x", "api_token": token}).encode(),
    ),
    "vibetrace": lambda token: Call("GET", "/v1/user/sam@example.com", {}, {"authorization": token}),
    "manage": lambda token: Call("GET", "/manage/environments", {}, {"authorization": f"Bearer {token}"}),
    "neptie": lambda token: Call("GET", "/api/campaigns", {}, {"authorization": f"Bearer {token}"}),
    "neptie key": lambda token: Call("GET", "/v1/campaigns", {}, {"x-api-key": token}),
}
#: Places that also take the token of an account.
PERSONAL = ("manage", "neptie")
every_place = pytest.mark.parametrize("place", PLACES)


def encoded(value: Any) -> str:
    """Write a part of a JWT."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: Any, claims: Any, key: str = SECRET, digest: str = "sha256") -> str:
    """Sign anything as a JWT, as no library would."""
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{encoded(hmac.new(key.encode(), text.encode(), digest).digest())}"


def without_signature(algorithm: str, estate: Estate) -> str:
    """Return a token that would be good if nobody asked for its signature."""
    return unsigned(algorithm, claims_of(estate)) + "."


def unsigned(algorithm: str, claims: Any) -> str:
    """Write header and payload of a JWT."""
    return signed({**HEADER, "alg": algorithm}, claims).rpartition(".")[0]


HEADER = {"alg": "HS256", "typ": "JWT"}
HOUR = 3600


def claims_of(estate: Estate, **changes: Any) -> dict[str, Any]:
    """Return the claims of a token that is good, and of which all that is changed is the reason why it is not."""
    now = int(time.time())
    claims = {
        "team": estate.first.team_id,
        "jti": token_id(estate.first.credentials.api_token),
        "permissions": ["admin:all"],
        "environment": "dev",
        "iat": now,
        "exp": now + HOUR,
        "aud": "nereid:api_token",
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


def good(estate: Estate) -> str:
    """Return a token that every place takes."""
    return signed(HEADER, claims_of(estate))


def parts(estate: Estate) -> list[str]:
    """Return the parts of a good token."""
    return good(estate).split(".")


def flipped(position: int, estate: Estate) -> str:
    """Return a good token with one bit of its signature changed."""
    head, payload, signature = parts(estate)
    raw = bytearray(base64.urlsafe_b64decode(signature + "="))
    raw[position] ^= 1
    return f"{head}.{payload}.{encoded(bytes(raw))}"


def expiring(text: str, estate: Estate) -> str:
    """Return a token with anything as its `exp`."""
    return signed(HEADER, json.dumps(claims_of(estate, exp="EXP")).replace('"EXP"', text).encode())


def with_payload(estate: Estate, **changes: Any) -> str:
    """Return a good token with another payload and its old signature."""
    head, _, signature = parts(estate)
    return f"{head}.{encoded(claims_of(estate, **changes))}.{signature}"


ATTACKS: Mapping[str, Callable[[Estate], str]] = {
    **{f"alg {name}, no signature": partial(without_signature, name) for name in ("none", "None", "NONE", "nOnE", "")},
    "alg none, signed": lambda estate: signed({**HEADER, "alg": "none"}, claims_of(estate)),
    "alg none, without the last dot": lambda estate: unsigned("none", claims_of(estate)),
    "alg HS512": lambda estate: signed({**HEADER, "alg": "HS512"}, claims_of(estate), digest="sha512"),
    "alg HS384": lambda estate: signed({**HEADER, "alg": "HS384"}, claims_of(estate), digest="sha384"),
    "alg RS256, signed with what would be its public key": lambda estate: signed(
        {**HEADER, "alg": "RS256"}, claims_of(estate)
    ),
    "alg ES256": lambda estate: signed({**HEADER, "alg": "ES256"}, claims_of(estate)),
    "alg hs256": lambda estate: signed({**HEADER, "alg": "hs256"}, claims_of(estate)),
    "alg missing": lambda estate: signed({"typ": "JWT"}, claims_of(estate)),
    "alg a list": lambda estate: signed({"alg": ["HS256"]}, claims_of(estate)),
    "alg null": lambda estate: signed({"alg": None}, claims_of(estate)),
    "header no object": lambda estate: signed(["HS256"], claims_of(estate)),
    "payload no object": lambda _: signed(HEADER, ["nereid:api_token"]),
    "payload no JSON": lambda _: signed(HEADER, b"\xff"),
    "another key": lambda estate: signed(HEADER, claims_of(estate), "x" * 64),
    "the empty key": lambda estate: signed(HEADER, claims_of(estate), ""),
    "the key's hash": lambda estate: signed(HEADER, claims_of(estate), hashlib.sha256(SECRET.encode()).hexdigest()),
    "a key of its own": lambda estate: signed(
        {**HEADER, "jwk": {"kty": "oct", "k": encoded(b"mine")}, "kid": "mine"}, claims_of(estate), "mine"
    ),
    "a key elsewhere": lambda estate: signed(
        {**HEADER, "jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/keys"}, claims_of(estate), "mine"
    ),
    "kid of an empty file": lambda estate: signed({**HEADER, "kid": "../../../dev/null"}, claims_of(estate), ""),
    "kid with a query": lambda estate: signed({**HEADER, "kid": "x' UNION SELECT 'mine"}, claims_of(estate), "mine"),
    "payload changed": lambda estate: with_payload(estate, jti="x"),
    "longer life": lambda estate: with_payload(estate, exp=int(time.time()) + 99 * HOUR),
    "another team": lambda estate: with_payload(estate, team=estate.second.team_id),
    **{f"bit {position} of the signature": partial(flipped, position) for position in (0, 15, 31)},
    "signature cut": lambda estate: good(estate)[:-4],
    "no signature": lambda estate: good(estate).rpartition(".")[0] + ".",
    "signature of another token": lambda estate: ".".join(
        [*parts(estate)[:2], estate.first.credentials.api_token.split(".")[2]]
    ),
    "two parts": lambda estate: ".".join(parts(estate)[:2]),
    "four parts": lambda estate: good(estate) + ".x",
    "five parts": lambda estate: good(estate) + ".x.y",
    "nothing but dots": lambda _: "..",
    "no JWT": lambda _: "junk",
    "JWT as JSON": lambda estate: json.dumps(
        dict(zip(("protected", "payload", "signature"), parts(estate), strict=True))
    ),
    "a NUL at its end": lambda estate: good(estate) + "\x00",
    "beyond ASCII": lambda estate: good(estate)[:-1] + "é",
    "expired": lambda estate: signed(HEADER, claims_of(estate, exp=int(time.time()) - 1)),
    "expires this moment": lambda estate: signed(HEADER, claims_of(estate, exp=int(time.time()))),
    "never expires": lambda estate: signed(HEADER, claims_of(estate, exp=...)),
    **{f"exp {text}": partial(expiring, text) for text in ("null", "true", '"2099"', "[]", "NaN", "-1", "{}")},
    "made tomorrow": lambda estate: signed(HEADER, claims_of(estate, iat=int(time.time()) + 24 * HOUR)),
    "made at no time": lambda estate: signed(HEADER, claims_of(estate, iat=...)),
    "iat NaN": lambda estate: signed(HEADER, json.dumps(claims_of(estate, iat=float("nan"))).encode()),
    "good from tomorrow": lambda estate: signed(HEADER, claims_of(estate, nbf=int(time.time()) + 24 * HOUR)),
    "nbf a text": lambda estate: signed(HEADER, claims_of(estate, nbf="tomorrow")),
    "for nobody": lambda estate: signed(HEADER, claims_of(estate, aud=...)),
    "for an unsubscribe": lambda estate: signed(HEADER, claims_of(estate, aud="nereid:unsubscribe")),
    "for somebody else": lambda estate: signed(HEADER, claims_of(estate, aud="https://api.example.com")),
    "of no team": lambda estate: signed(HEADER, claims_of(estate, team=...)),
    "of a team that is no text": lambda estate: signed(HEADER, claims_of(estate, team={"$ne": ""})),
    "of no id": lambda estate: signed(HEADER, claims_of(estate, jti=...)),
    "of an id that is no text": lambda estate: signed(HEADER, claims_of(estate, jti=7)),
    "of another team's id": lambda estate: signed(
        HEADER, claims_of(estate, jti=token_id(estate.second.credentials.api_token))
    ),
    "of a deleted team": lambda estate: signed(HEADER, claims_of(estate, team="00000000-0000-4000-8000-000000000000")),
    "revoked": lambda estate: estate.first.credentials.revoked,
    "an unsubscribe link's": lambda estate: estate.first.credentials.link,
    "a refresh token": lambda estate: estate.first.credentials.refresh,
    "a secret client key": lambda estate: estate.first.credentials.secret_key,
    "very long": lambda estate: signed({**HEADER, "x": "x" * 100_000}, claims_of(estate), "mine"),
    "very long and no JWT": lambda _: "e" * 200_000,
    "very many dots": lambda _: "." * 200_000,
    "deep": lambda _: f"{encoded(HEADER)}.{encoded(b'[' * 100_000)}.x",
}


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with world.running() as running:
        yield running


def asked(estate: Estate, place: str, token: str) -> Answer:
    call = PLACES[place](token)
    # Limits per source address are not what this is about.
    answer = estate.api.call(Call(call.method, call.path, {}, call.headers, call.body, str(time.monotonic_ns())))
    envelopes.check(call.path, answer)
    return answer


@every_place
def test_a_token_made_like_those_below_is_good(estate: Estate, place: str) -> None:
    assert asked(estate, place, good(estate)).status == 200


@every_place
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_token_that_is_not_ours_is_refused(estate: Estate, attack: str, place: str) -> None:
    began = time.monotonic()
    assert asked(estate, place, ATTACKS[attack](estate)).status == 401
    assert time.monotonic() - began < 5


@every_place
def test_an_accounts_token_is_taken_only_where_people_log_in(estate: Estate, place: str) -> None:
    assert asked(estate, place, estate.first.credentials.admin).status == (200 if place in PERSONAL else 401)


@pytest.mark.parametrize("place", PERSONAL)
@pytest.mark.parametrize(
    "changes",
    [
        {"role": "Owner"},
        {"role": None},
        {"role": ["Admin"]},
        {"team": ""},
        {"sub": ...},
        {"environment": 5},
        {"exp": 1},
    ],
    ids=str,
)
def test_an_accounts_token_that_says_something_else_is_refused(
    estate: Estate, place: str, changes: dict[str, Any]
) -> None:
    claims = jwt.decode(estate.first.credentials.admin, options={"verify_signature": False})
    assert asked(estate, place, signed(HEADER, claims)).status == 200
    changed = {name: value for name, value in {**claims, **changes}.items() if value is not ...}
    assert asked(estate, place, signed(HEADER, changed)).status == 401


def test_what_a_token_may_do_is_what_its_record_says(estate: Estate) -> None:
    limited = estate.first.api_token("read_messages")
    claims = claims_of(estate, jti=token_id(limited), permissions=["admin:all"])
    call = Call("GET", "/manage/api_tokens", {}, {"authorization": f"Bearer {signed(HEADER, claims)}"})
    assert estate.api.call(call).status == 403


def test_a_token_whose_record_has_gone_opens_nothing(estate: Estate) -> None:
    token = estate.first.api_token("admin:all")
    estate.first.runtime.account_store.delete_api_token(estate.first.team_id, token_id(token))
    for place in PLACES:
        assert asked(estate, place, token).status == 401


def test_a_token_of_an_environment_that_has_gone_reaches_nothing(estate: Estate) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    record = ApiToken(
        team_id=estate.first.team_id,
        id="11111111-1111-4111-8111-111111111111",
        name="n",
        permissions=["admin:all"],
        default_environment="gone",
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )
    estate.first.runtime.account_store.create_api_token(record)
    token = signed(HEADER, claims_of(estate, jti=record.id))
    for call in (
        PLACES["vibetrace"](token),
        Call("GET", "/neptune/gone/users", {}, {"authorization": f"Bearer {token}"}),
        Call("GET", "/manage/gone/messages", {}, {"authorization": f"Bearer {token}"}),
    ):
        answer = estate.api.call(call)
        assert answer.status == 404
        envelopes.check(call.path, answer)


def test_a_signature_is_compared_in_constant_time(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    original = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return original(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    with pytest.raises(Unauthenticated):
        tokens.verify(SECRET, "nereid:api_token", flipped(31, estate), datetime.now(UTC))
    assert [len(each) for each in compared[0]] == [32, 32]


def test_a_link_is_read_with_its_signature_and_without_an_end(estate: Estate) -> None:
    claims = {"team": estate.first.team_id, "email": "sam@example.com", "aud": "nereid:unsubscribe"}
    assert tokens.verify(SECRET, "nereid:unsubscribe", signed(HEADER, claims), datetime.now(UTC), expires=False)
    with pytest.raises(Unauthenticated):
        tokens.verify(SECRET, "nereid:unsubscribe", signed(HEADER, claims), datetime.now(UTC))


def test_only_a_genuine_token_is_told_that_it_has_expired(estate: Estate) -> None:
    old = claims_of(estate, exp=1)
    with pytest.raises(ExpiredToken):
        tokens.verify(SECRET, "nereid:api_token", signed(HEADER, old), datetime.now(UTC))
    with pytest.raises(Unauthenticated) as refused:
        tokens.verify(SECRET, "nereid:api_token", signed(HEADER, old, "mine"), datetime.now(UTC))
    assert not isinstance(refused.value, ExpiredToken)
