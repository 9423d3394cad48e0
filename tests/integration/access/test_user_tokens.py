"""The keys that sign user tokens: encrypted where they are stored, and read once a minute."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from nereid.auth.user_tokens import UserTokens
from nereid.aws.access.user_token_cipher import KmsUserTokenCipher
from nereid.core.access.teams import create_client_key
from nereid.errors import Invalid, Unavailable
from nereid.models.team import ClientKey, Scope
from tests.support.cloud import Cloud, World


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def now(self) -> datetime:
        return self.moment

    def wait(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Environment:
    """An environment, and a sandbox that checks its user tokens.

    Parameters
    ----------
    cloud : Cloud
        Where it is.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.world = World(cloud)
        self.clock = Clock()
        key_id = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
        self.cipher = KmsUserTokenCipher(self.world.runtime.clients, key_id)
        store = self.world.runtime.account_store
        self.user_tokens = UserTokens(store, self._open, self.clock, cache_seconds=60)

    def _open(self, key: ClientKey) -> str:
        assert key.sealed
        return self.cipher.open(Scope(key.team_id, key.environment), key.id, key.sealed)

    def make_key(self) -> tuple[ClientKey, str]:
        world = self.world
        store, clock = world.runtime.account_store, world.runtime.clock
        return create_client_key(store, lambda: self.cipher, clock, world.team_id, world.identifier, "user_token", None)

    def takes(self, secret: str) -> bool:
        """Tell whether a token that a secret signed is taken."""
        token = jwt.encode({"sub": "2", "exp": self.clock.moment.timestamp() + 3600}, secret)
        return self.user_tokens.read(self.world.scope, token) is not None

    def calls(self, secret: str) -> list[str]:
        """Check a token that is taken; return the calls that it made."""
        self.cloud.requests.clear()
        assert self.takes(secret)
        return [name for name, _ in self.cloud.requests]


@pytest.fixture
def environment(cloud: Cloud) -> Environment:
    return Environment(cloud)


def test_keys_are_read_once_a_minute_and_decrypted_once(environment: Environment) -> None:
    _, secret = environment.make_key()
    assert environment.calls(secret) == ["dynamodb:Query", "kms:Decrypt"]
    assert environment.calls(secret) == []
    environment.clock.wait(61)
    assert environment.calls(secret) == ["dynamodb:Query"]


def test_tokens_end_within_a_minute_after_their_key(environment: Environment) -> None:
    (old, first), (_, second) = environment.make_key(), environment.make_key()
    assert environment.takes(first)
    environment.world.runtime.account_store.delete_client_key(old.team_id, old.id)
    environment.clock.wait(61)
    assert not environment.takes(first)
    assert environment.takes(second)


def test_tokens_of_a_new_key_are_taken_within_a_minute(environment: Environment) -> None:
    environment.make_key()
    assert not environment.takes("x" * 64)
    _, secret = environment.make_key()
    environment.clock.wait(61)
    assert environment.takes(secret)


def test_a_token_without_a_key_asks_no_more_than_once_a_minute(environment: Environment) -> None:
    environment.cloud.requests.clear()
    for _ in range(3):
        assert not environment.takes("x" * 64)
    assert [name for name, _ in environment.cloud.requests].count("dynamodb:Query") == 1


def test_no_table_has_a_secret_that_can_be_read(environment: Environment) -> None:
    _, secret = environment.make_key()
    items = environment.cloud.client("dynamodb").scan(TableName="AccountsTable")["Items"]
    assert "sealed" in json.dumps(items, default=str)
    assert secret not in json.dumps(items, default=str)
    assert secret.removeprefix(secret[:8]) not in json.dumps(items, default=str)


def test_a_secret_is_good_for_its_own_key_and_environment_alone(environment: Environment) -> None:
    record, secret = environment.make_key()
    assert record.sealed
    scope = environment.world.scope
    assert environment.cipher.open(scope, record.id, record.sealed) == secret
    for where, key_id in ((scope, "other"), (Scope(scope.team_id, "live"), record.id), (Scope("x", "dev"), record.id)):
        with pytest.raises(ClientError):
            environment.cipher.open(where, key_id, record.sealed)


def test_a_key_that_cannot_be_decrypted_now_refuses_nobody_but_asks_for_patience(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = environment.make_key()

    def fail(**_: object) -> None:
        raise ConnectTimeoutError(endpoint_url="kms")

    with monkeypatch.context() as patch:
        patch.setattr(environment.world.runtime.clients.kms, "decrypt", fail)
        with pytest.raises(Unavailable):
            environment.takes(secret)
    assert environment.takes(secret)


def test_a_token_is_judged_by_the_clock_of_now(environment: Environment) -> None:
    _, secret = environment.make_key()
    token = jwt.encode({"sub": "2", "exp": time.time() + 3600}, secret)
    assert environment.user_tokens.read(environment.world.scope, token)
    environment.clock.wait(3601)
    assert environment.user_tokens.read(environment.world.scope, token) is None


def test_a_stack_without_user_tokens_makes_no_key_of_them_and_opens_none_of_before(environment: Environment) -> None:
    world = environment.world
    key, secret = environment.make_key()
    assert key.sealed
    environment.cipher = KmsUserTokenCipher(world.runtime.clients, "")
    with pytest.raises(Invalid) as caught:
        environment.make_key()
    assert caught.value.problems == {"scope": "the stack takes no user tokens"}
    with pytest.raises(Unavailable):
        environment.takes(secret)


def test_a_key_of_user_tokens_is_a_422_where_the_stack_takes_none(cloud: Cloud, world: World) -> None:
    cloud.parameters = {"TakesUserTokens": "false"}
    request = {
        "routeKey": "POST /manage/client_keys",
        "rawPath": "/manage/client_keys",
        "headers": {"authorization": f"Bearer {world.token}", "content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
        "body": json.dumps({"environment": "dev", "scope": "user_token"}),
    }
    answer = cloud.invoke("manage/create_client_key", request)
    cloud.parameters = {}
    assert answer["statusCode"] == 422
    assert json.loads(answer["body"])["errors"] == [{"field": "scope", "message": "the stack takes no user tokens"}]
