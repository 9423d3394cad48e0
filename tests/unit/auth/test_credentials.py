"""How often the store is asked about a credential: one that does not exist costs a read a minute, not a request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.auth import client_keys, tokens
from nereid.auth.credentials import _KEPT, Credentials, Environments, Teams
from nereid.errors import NotFound, Unauthenticated, UnknownKey
from nereid.models.team import ApiToken, ClientKey, Team

SECRET = "s" * 64
BEGIN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.moment = BEGIN

    def now(self) -> datetime:
        return self.moment

    def wait(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Store:
    """The store of accounts, with what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.keys: dict[str, ClientKey] = {}
        self.tokens: dict[tuple[str, str], ApiToken] = {}

    def client_key(self, key_hash: str) -> ClientKey | None:
        self.asked.append(key_hash)
        return self.keys.get(key_hash)

    def api_token(self, team_id: str, token_id: str) -> ApiToken | None:
        self.asked.append((team_id, token_id))
        return self.tokens.get((team_id, token_id))

    def team(self, team_id: str) -> Team:
        return Team(id=team_id, name="Team", created_at=BEGIN)

    def environment(self, *named: str) -> None:
        self.asked.append(named)


class Door:
    """The check of credentials over that store."""

    def __init__(self, cache_seconds: float) -> None:
        self.clock, self.store = Clock(), Store()
        accounts: Any = self.store
        self.environments = Environments(accounts, self.clock, cache_seconds=cache_seconds)
        teams = Teams(accounts, self.clock, cache_seconds=cache_seconds)
        self.credentials = Credentials(
            accounts, teams, self.environments, lambda: SECRET, self.clock, cache_seconds=cache_seconds
        )

    def knocks(self, key: str) -> None:
        """Send a client key that nobody knows."""
        with pytest.raises(UnknownKey):
            self.credentials.client_key(f"Bearer {key}")

    def shows(self, token_id: str) -> None:
        """Send a genuine API token without a record."""
        claims = {"team": "t", "jti": token_id, "iat": BEGIN, "exp": BEGIN + timedelta(days=1)}
        with pytest.raises(Unauthenticated):
            self.credentials.api_token(tokens.sign(SECRET, "nereid:api_token", claims))

    def make_key(self) -> str:
        """Store a new key."""
        key = client_keys.mint("public")
        record = {"team_id": "t", "id": "k", "environment": "dev", "scope": "public", "shown": key, "created_at": BEGIN}
        hashed = client_keys.hash_key(key)
        self.store.keys[hashed] = ClientKey.model_validate({**record, "key_hash": hashed})
        return key


@pytest.fixture(params=[0, 60], ids=["nothing believed", "believed for a minute"])
def door(request: pytest.FixtureRequest) -> Door:
    return Door(request.param)


def test_an_unknown_key_costs_one_read_a_minute_not_one_a_request(door: Door) -> None:
    key = client_keys.mint("secret")
    for _ in range(100):
        door.knocks(key)
    assert len(door.store.asked) == 1
    door.clock.wait(59)
    door.knocks(key)
    assert len(door.store.asked) == 1
    door.clock.wait(2)
    door.knocks(key)
    assert len(door.store.asked) == 2


def test_a_revoked_token_costs_one_read_a_minute_not_one_a_request(door: Door) -> None:
    for _ in range(100):
        door.shows("gone")
    assert door.store.asked == [("t", "gone")]
    door.clock.wait(61)
    door.shows("gone")
    assert len(door.store.asked) == 2


@pytest.mark.parametrize(
    "key",
    [
        "pk_",
        "sk_x",
        "pk_" + "0" * 36,
        "pk_0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9 ",
        "pk_0F1E2D3C-4B5A-4978-8695-A4B3C2D1E0F9",
        "sk_0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9\n",
        "pk_" + "\ud800" * 10,
        "pk_" + "x" * 100_000,
    ],
)
def test_what_no_key_looks_like_costs_no_read(door: Door, key: str) -> None:
    door.knocks(key)
    assert door.store.asked == []


def test_a_flood_of_unknown_keys_takes_no_more_memory_than_some(door: Door) -> None:
    for _ in range(3 * _KEPT):
        door.knocks(client_keys.mint("public"))
    assert len(door.credentials._keys._unknown) <= _KEPT


def test_a_flood_of_unknown_keys_forgets_no_key_that_exists() -> None:
    door = Door(60)
    key = door.make_key()
    door.credentials.client_key(f"Bearer {key}")
    for _ in range(2 * _KEPT):
        door.knocks(client_keys.mint("public"))
    door.store.asked.clear()
    assert door.credentials.client_key(f"Bearer {key}").key_id == "k"
    assert door.store.asked == []


def test_a_key_works_from_the_moment_it_is_made_whatever_was_asked_for_before(door: Door) -> None:
    for _ in range(10):
        door.knocks(client_keys.mint("public"))
    assert door.credentials.client_key(f"Bearer {door.make_key()}").key_id == "k"


def test_an_outage_is_not_taken_for_an_unknown_key(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    key = door.make_key()

    def fail(_: str) -> ClientKey | None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(door.store, "client_key", fail)
        with pytest.raises(ConnectionError):
            door.credentials.client_key(f"Bearer {key}")
    assert door.credentials.client_key(f"Bearer {key}").key_id == "k"


def test_an_environment_is_asked_for_each_time_until_it_exists(door: Door) -> None:
    for _ in range(2):
        with pytest.raises(NotFound):
            door.environments.get("t", "new")
    assert len(door.store.asked) == 2
