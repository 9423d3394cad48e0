"""Authentication: turns the credential of a request into a `Caller`, or refuses it.

JWTs are for some APIs alone, and their library takes long to load: the frames of those APIs load it as they start.
"""

from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cachetools import TTLCache

from nereid.auth import keys
from nereid.auth.client_keys import PREFIXES, can_be_key, hash_key
from nereid.errors import (
    ExpiredToken,
    Forbidden,
    NoCredential,
    NotFound,
    TeamStopped,
    Unauthenticated,
    UnknownKey,
)
from nereid.models.account import PERMISSIONS, Session
from nereid.models.team import MAX_ENVIRONMENT_IDENTIFIER, ApiToken, ClientKey, Environment, Scope, Team
from nereid.ports.access import AccountStore
from nereid.ports.clock import Clock

#: How many teams, environments, tokens and keys are kept in memory, of each, and as many tokens and keys that do not
#: exist.
_KEPT = 1024
#: For how many seconds a token or key that does not exist is not asked for again.
_UNKNOWN_SECONDS = 60
_Record = TypeVar("_Record")


@dataclass(frozen=True)
class Caller:
    """A team, as one of its credentials."""

    team_id: str
    credential_id: str
    permissions: frozenset[str]
    default_environment: str
    #: The address of the account, if a person is calling.
    email: str | None = None
    #: The session of the account.
    session_id: str | None = None

    def require(self, permission: str) -> None:
        """Raise `Forbidden` unless the credential carries the permission."""
        if permission not in self.permissions and "admin:all" not in self.permissions:
            raise Forbidden(permission)


@dataclass(frozen=True)
class ClientCaller:
    """An app or server of a team, as the client key of one environment."""

    scope: Scope
    key_id: str
    is_secret: bool


class Environments:
    """Looks environments up, keeping those that exist for a bounded time; see `Credentials`."""

    def __init__(self, accounts: AccountStore, clock: Clock, *, cache_seconds: float) -> None:
        self._accounts = accounts
        self._known: TTLCache[tuple[str, str], Environment] = TTLCache(
            _KEPT, cache_seconds, lambda: clock.now().timestamp()
        )

    def get(self, team_id: str, identifier: str) -> Environment:
        """Return an environment of a team; `NotFound` if it has none of that name."""
        if len(identifier) > MAX_ENVIRONMENT_IDENTIFIER:  # no key of a store holds just any length
            raise NotFound("environment")
        environment = self._known.get((team_id, identifier))
        if environment is None:
            environment = self._accounts.environment(team_id, identifier)
            if environment is None:
                raise NotFound("environment")
            self._known[team_id, identifier] = environment
        return environment


class Teams:
    """Looks teams up, keeping those that exist for a bounded time; see `Credentials`."""

    def __init__(self, accounts: AccountStore, clock: Clock, *, cache_seconds: float) -> None:
        self._accounts = accounts
        self._known: TTLCache[str, Team] = TTLCache(_KEPT, cache_seconds, lambda: clock.now().timestamp())

    def get(self, team_id: str, *, certain: bool = False) -> Team:
        """Return a team; `NotFound` if there is none. The store is asked if it has to be `certain`."""
        team = None if certain else self._known.get(team_id)
        if team is None:
            team = self._accounts.team(team_id)
            if team is None:
                raise NotFound("team")
            self._known[team_id] = team
        return team


class _Records(Generic[_Record]):
    """The store's answers about tokens, keys or sessions, kept for a bounded time and in a bounded number.

    That one does not exist is kept, too. Whatever `cache_seconds` is, no credential works later for it: it is random,
    made by us and shown once it is stored, so that nobody can ask for it before.
    """

    def __init__(self, clock: Clock, cache_seconds: float) -> None:
        def timer() -> float:
            return clock.now().timestamp()

        self._known: TTLCache[Hashable, _Record] = TTLCache(_KEPT, cache_seconds, timer)
        self._unknown: TTLCache[Hashable, bool] = TTLCache(_KEPT, _UNKNOWN_SECONDS, timer)

    def get(self, key: Hashable, read: Callable[[], _Record | None], *, certain: bool = False) -> _Record | None:
        """Return a record; `read` asks the store for it, if that is needed or the answer has to be `certain`."""
        if key in self._unknown:
            return None
        record = None if certain else self._known.get(key)
        if record is None:
            record = read()
            if record is None:
                self._unknown[key] = True
            else:
                self._known[key] = record
        return record


class Credentials:
    """Checks credentials, caching the store's answers for a bounded time.

    A warm function checks a token's signature itself and asks the store about it and its team at most once per
    `cache_seconds`; so a revoked token, and every one of a stopped team, is refused within that time, and within it no
    request reads a table.
    About a token or key that does not exist it asks once a minute. A credential works from the moment it is made, and
    so does an environment, of which only those that exist are cached: others can ask for its name before.

    Parameters
    ----------
    secret
        Returns the secret of tokens.
    cache_seconds
        How long an answer of the store is believed, in seconds; 0 asks every time.
    """

    def __init__(
        self,
        accounts: AccountStore,
        teams: Teams,
        environments: Environments,
        secret: Callable[[], str],
        clock: Clock,
        *,
        cache_seconds: float,
    ) -> None:
        self._accounts = accounts
        self._secret = secret
        self._clock = clock
        self._teams = teams
        self._environments = environments
        self._tokens: _Records[ApiToken] = _Records(clock, cache_seconds)
        self._keys: _Records[ClientKey] = _Records(clock, cache_seconds)
        self._sessions: _Records[Session] = _Records(clock, cache_seconds)

    def api_token(self, token: str, *, certain: bool = False) -> Caller:
        """Return the caller behind an API token.

        Parameters
        ----------
        certain
            Whether to ask the store whatever is cached: what makes credentials is done for no revoked one, and for no
            team that is stopped.

        Raises
        ------
        ExpiredToken, Unauthenticated, TeamStopped
        """
        from nereid.auth import tokens

        claims = tokens.verify(self._secret(), "nereid:api_token", token, self._clock.now())
        return self._of_api_token(claims, certain=certain)

    def team_token(self, token: str, *, certain: bool = False) -> Caller:
        """Return the caller behind an API token or the token of an account that logged in, whose session goes on.

        Parameters
        ----------
        certain
            As for :meth:`api_token`.

        Raises
        ------
        ExpiredToken, Unauthenticated, TeamStopped
        """
        from nereid.auth import tokens

        claims = tokens.verify(self._secret(), ("nereid:api_token", "nereid:account"), token, self._clock.now())
        if claims["aud"] != "nereid:account":
            return self._of_api_token(claims, certain=certain)
        if "sid" not in claims or claims["kid"] == keys.FIRST != keys.parse(self._secret()).kid:
            # Former versions made it, and it would live for minutes yet. Its owner refreshes.
            raise ExpiredToken("made by a former version")
        permissions = PERMISSIONS.get(_text(claims, "role"))
        if permissions is None:
            raise Unauthenticated("no such role")
        environment, email, session_id = (_text(claims, name) for name in ("environment", "email", "sid"))
        caller = Caller(_text(claims, "team"), _text(claims, "sub"), permissions, environment, email, session_id)
        self._check_session(email, session_id, certain=certain)
        self._check_team(caller.team_id, certain=certain)
        return caller

    def _check_session(self, email: str, session_id: str, *, certain: bool) -> None:
        session = self._sessions.get(session_id, lambda: self._accounts.session(session_id), certain=certain)
        if session is None or session.email != email or session.expires_at <= self._clock.now():
            raise Unauthenticated("the session has ended")

    def _of_api_token(self, claims: dict[str, Any], *, certain: bool) -> Caller:
        team_id, token_id = _text(claims, "team"), _text(claims, "jti")
        record = self._tokens.get(
            (team_id, token_id), lambda: self._accounts.api_token(team_id, token_id), certain=certain
        )
        if record is None:
            raise Unauthenticated("revoked")
        if record.kid != claims["kid"]:
            raise Unauthenticated("signed with a key that it was not made with")
        self._check_team(record.team_id, certain=certain)
        return Caller(record.team_id, record.id, frozenset(record.permissions), record.default_environment)

    def client_key(self, header: str | None) -> ClientCaller:
        """Return the caller behind the client key of an ``Authorization`` header: ``Bearer <key>``, to the letter.

        Raises
        ------
        Unauthenticated
            If there is no key, or something else than a client key.
        UnknownKey
            If it has the form of a client key and is none, or was revoked.
        TeamStopped
        """
        scheme, _, key = (header or "").partition(" ")
        if scheme != "Bearer" or not key.startswith(PREFIXES):
            raise Unauthenticated("no client key")
        if not can_be_key(key):
            raise UnknownKey
        key_hash = hash_key(key)
        record = self._keys.get(key_hash, lambda: self._accounts.client_key(key_hash))
        if record is None:
            raise UnknownKey
        self._check_team(record.team_id)
        return ClientCaller(Scope(record.team_id, record.environment), record.id, record.scope == "secret")

    def _check_team(self, team_id: str, *, certain: bool = False) -> None:
        """Raise `TeamStopped` if an operator has stopped a team."""
        with suppress(NotFound):  # what it opens is nothing, then
            if self._teams.get(team_id, certain=certain).stopped_at is not None:
                raise TeamStopped(team_id)

    def environment(self, caller: Caller, identifier: str) -> Environment:
        """Return an environment of the caller's team; `NotFound` for any other."""
        return self._environments.get(caller.team_id, identifier)


def bearer(header: str | None) -> str:
    """Return the token of an ``Authorization: Bearer`` header; `Unauthenticated` if there is none."""
    scheme, _, token = (header or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NoCredential("no bearer token")
    return token.strip()


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise Unauthenticated(f"{name} missing")
    return value
