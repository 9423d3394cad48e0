"""What opens something is stored as a hash or encrypted, and looked up in ways that tell nothing about it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from nereid.auth import passwords
from nereid.core.access import accounts, sessions
from nereid.errors import BadRefreshToken
from tests.infrastructure import stack
from tests.security import world
from tests.security.world import EVERYTHING, Estate
from tests.support.api import Call
from tests.support.cloud import LINK_SECRET, REGION, SECRET

PASSWORD = "a password that nobody else has"
OAUTH_TOKEN = "ya29.a-token-that-nobody-else-has"
OTHER_PASSWORD = "another password that nobody else has"


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with world.running() as running:
        yield running


@pytest.fixture(scope="module")
def secrets(estate: Estate) -> dict[str, str]:
    """Make one of every kind of secret through the API, use it, and return all of them."""
    token = estate.first.credentials.api_token

    def ask(method: str, path: str, body: Any, bearer: str = "") -> Any:
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        answer = estate.api.call(Call(method, path, {}, headers, json.dumps(body).encode()))
        assert answer.status in (200, 201, 202, 204), answer
        return answer.json() if answer.body else None

    person = {"email": "secret@example.com", "password": PASSWORD, "full_name": "Sam"}
    registered = ask("POST", "/api/auth/register", person)
    logged_in = ask("POST", "/api/auth/login", person)
    refreshed = ask("POST", "/api/auth/refresh", {"refresh_token": logged_in["refresh_token"]})
    permissions = list(EVERYTHING)
    api_token = ask(
        "POST", "/manage/api_tokens", {"name": "n", "permissions": permissions, "default_environment": "dev"}, token
    )["token"]
    key = ask("POST", "/manage/client_keys", {"environment": "dev", "scope": "secret"}, token)["key"]
    account = {"email": "sales@example.com", "provider": "gmail", "oauth_token": OAUTH_TOKEN}
    ask("POST", "/api/email/accounts", account, api_token)
    event = {"environment": "dev", "api_token": api_token, "event_type": "login_otp", "user_id": "2", "data": {}}
    ask("POST", "/neptune/events/ingest", event)
    ask("POST", "/api/client/events", [{"external_id": "2", "name": "login_otp"}], key)
    admin = {**person, "email": "operator@example.com", "password": OTHER_PASSWORD}
    made = estate.cloud.invoke("manage/create_team", {"name": "New", "account": admin})
    assert estate.cloud.pump() == []
    return {
        "secret of tokens": SECRET,
        "secret of links": LINK_SECRET,
        "password": PASSWORD,
        "password of a team's maker": OTHER_PASSWORD,
        "API token": api_token,
        "API token of a new team": made["api_token"],
        "secret key": key,
        "OAuth token": OAUTH_TOKEN,
        **{
            f"{name} of {how}": str(answer[name])
            for how, answer in (("a registration", registered), ("a login", logged_in), ("a refresh", refreshed))
            for name in ("token", "refresh_token")
        },
    }


def test_no_table_holds_a_secret_as_it_is(estate: Estate, secrets: dict[str, str]) -> None:
    stored = {
        f"{table}: {pk} {sk}": json.dumps(item, default=str) for (table, pk, sk), item in estate.everything().items()
    }
    assert len(stored) > 40
    for name, secret in secrets.items():
        # A token is known by its signature alone, too.
        for text in (secret, secret.rpartition(".")[2]):
            assert [item for item, content in stored.items() if text in content] == [], name


def test_no_queue_and_no_table_is_ever_told_a_secret(estate: Estate, secrets: dict[str, str]) -> None:
    told = [(name, json.dumps(body, default=str)) for name, body in estate.cloud.requests]
    assert {"dynamodb:PutItem", "dynamodb:TransactWriteItems", "sqs:SendMessage"} <= {name for name, _ in told}
    for label, secret in secrets.items():
        for text in (secret, secret.rpartition(".")[2]):
            assert {name for name, body in told if text in body} == set(), label


def test_what_is_stored_is_what_it_should_be(estate: Estate, secrets: dict[str, str]) -> None:
    runtime = estate.first.runtime
    account = runtime.account_store.account("secret@example.com")
    assert account is not None
    assert account.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    key = runtime.account_store.client_key(hashlib.sha256(secrets["secret key"].encode()).hexdigest())
    assert key is not None
    assert key.shown == secrets["secret key"][:8]
    sealed = runtime.email_accounts.get(estate.first.team_id, "sales@example.com")
    assert sealed is not None
    assert OAUTH_TOKEN.encode() not in b"".join(sealed.token)
    assert runtime.token_cipher.open(estate.first.team_id, "sales@example.com", sealed.token) == OAUTH_TOKEN


def test_an_encrypted_token_opens_for_its_own_mailbox_alone(estate: Estate, secrets: dict[str, str]) -> None:
    runtime = estate.first.runtime
    sealed = runtime.email_accounts.get(estate.first.team_id, "sales@example.com")
    assert sealed is not None
    kms = boto3.client("kms", region_name=REGION)
    for team_id, email in ((estate.second.team_id, "sales@example.com"), (estate.first.team_id, "other@example.com")):
        with pytest.raises(kms.exceptions.ClientError):
            runtime.token_cipher.open(team_id, email, sealed.token)


def test_lists_show_no_secret_again(estate: Estate, secrets: dict[str, str]) -> None:
    headers = {"authorization": f"Bearer {estate.first.credentials.api_token}"}
    for path in ("/manage/api_tokens", "/manage/client_keys", "/api/email/accounts", "/manage/dev/messages"):
        shown = estate.api.call(Call("GET", path, {}, headers)).body
        for name, secret in secrets.items():
            assert secret not in shown, (path, name)


def test_a_client_key_is_looked_up_by_its_hash(estate: Estate) -> None:
    estate.cloud._sandboxes.clear()
    estate.cloud.requests.clear()
    key = estate.first.credentials.secret_key
    estate.api.call(
        Call("GET", "/api/client/notifications", {}, {"authorization": f"Bearer {key}", "x-external-id": "2"})
    )
    told = json.dumps(estate.cloud.requests, default=str)
    # How long the store takes to find it tells something of the hash, of which nobody can make the key.
    assert hashlib.sha256(key.encode()).hexdigest() in told
    assert key not in told


def test_a_refresh_token_is_compared_in_constant_time(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(sessions, "compare_digest", compare)
    token = estate.first.refresh_token()
    wrong = token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB")
    with pytest.raises(BadRefreshToken):
        estate.first.runtime.sessions.refresh(wrong)
    assert [(len(one), len(other)) for one, other in compared] == [(64, 64)]


def test_an_unknown_address_costs_as_much_as_a_wrong_password(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str | None] = []
    original = passwords.verify_password

    def verify(password: str, stored: str | None) -> bool:
        verified.append(stored)
        return original(password, stored)

    monkeypatch.setattr(accounts, "verify_password", verify)
    body = json.dumps({"email": "nobody@example.com", "password": PASSWORD}).encode()
    assert estate.api.call(Call("POST", "/api/auth/login", body=body)).status == 401
    assert verified == [None]


def test_keys_and_tokens_cannot_be_guessed() -> None:
    from nereid.auth import client_keys

    keys = {client_keys.mint("secret") for _ in range(1000)}
    assert len(keys) == 1000
    assert all(len(key) == len("sk_") + 36 for key in keys)


def test_the_signing_secret_is_made_by_aws_and_long() -> None:
    for secret in stack.of_type("AWS::SecretsManager::Secret").values():
        made = secret["Properties"]["GenerateSecretString"]
        assert made["PasswordLength"] >= 64
        assert "SecretString" not in secret["Properties"]
