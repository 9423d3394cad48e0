"""Teams, environments and the credentials that open them."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, NamedTuple

from nereid.auth import client_keys, keys, tokens
from nereid.core.access.accounts import NewAccount, new_account
from nereid.errors import NotFound
from nereid.models.account import Account
from nereid.models.team import DEFAULT_TOKEN_DAYS, ApiToken, Channels, ClientKey, Environment, Permission, Team
from nereid.ports.access import AccountStore
from nereid.ports.clock import Clock


class NewTeam(NamedTuple):
    """A team that was just created, with its credentials."""

    team: Team
    admin: Account | None
    #: The API token itself, which is shown this once.
    token: str


def create_team(
    accounts: AccountStore,
    clock: Clock,
    secret: str,
    name: str,
    environment: str,
    admin: NewAccount | None = None,
) -> NewTeam:
    """Make a team with one environment, an API token that may do everything, and perhaps a first account.

    Raises
    ------
    AlreadyExists
        If the account's e-mail address is taken; nothing is made then.
    """
    now = clock.now()
    team = Team(id=str(uuid.uuid4()), name=name, created_at=now)
    first = Environment(team_id=team.id, identifier=environment, name=environment, created_at=now)
    record = _token_record(clock, secret, team.id, "first token", ["admin:all"], environment, DEFAULT_TOKEN_DAYS)
    account = new_account(clock, team.id, environment, admin) if admin else None
    accounts.create_team(team, first, record, account)
    return NewTeam(team, account, _sign(secret, record))


def create_environment(
    accounts: AccountStore,
    clock: Clock,
    team_id: str,
    identifier: str,
    name: str | None,
    *,
    mock: bool,
    channels: Channels,
) -> Environment:
    """Make an environment; `AlreadyExists` if the team has one with the identifier."""
    environment = Environment(
        team_id=team_id,
        identifier=identifier,
        name=name or identifier,
        mock=mock,
        channels=channels,
        created_at=clock.now(),
    )
    accounts.create_environment(environment)
    return environment


def create_api_token(
    accounts: AccountStore,
    clock: Clock,
    secret: str,
    team_id: str,
    name: str,
    permissions: Sequence[Permission],
    default_environment: str,
    days: int,
) -> tuple[ApiToken, str]:
    """Make an API token; `NotFound` if the team lacks the default environment.

    Returns
    -------
    The token's record, and the token itself, which is shown this once.
    """
    if accounts.environment(team_id, default_environment) is None:
        raise NotFound("environment")
    record = _token_record(clock, secret, team_id, name, permissions, default_environment, days)
    accounts.create_api_token(record)
    return record, _sign(secret, record)


def create_client_key(
    accounts: AccountStore,
    clock: Clock,
    team_id: str,
    environment: str,
    scope: Literal["public", "secret"],
    name: str | None,
) -> tuple[ClientKey, str]:
    """Make a client key; `NotFound` if the team lacks the environment.

    Returns
    -------
    The key's record, and the key itself; a secret one is shown this once.
    """
    if accounts.environment(team_id, environment) is None:
        raise NotFound("environment")
    key = client_keys.mint(scope)
    record = ClientKey(
        team_id=team_id,
        id=str(uuid.uuid4()),
        environment=environment,
        scope=scope,
        name=name,
        shown=key if scope == "public" else key[:8],
        key_hash=client_keys.hash_key(key),
        created_at=clock.now(),
    )
    accounts.create_client_key(record)
    return record, key


def _token_record(
    clock: Clock,
    secret: str,
    team_id: str,
    name: str,
    permissions: Sequence[Permission],
    environment: str,
    days: int,
) -> ApiToken:
    now = clock.now().replace(microsecond=0)
    return ApiToken(
        team_id=team_id,
        id=str(uuid.uuid4()),
        name=name,
        permissions=list(permissions),
        default_environment=environment,
        created_at=now,
        expires_at=now + timedelta(days=days),
        kid=keys.parse(secret).signing(now).kid,
    )


def _sign(secret: str, record: ApiToken) -> str:
    return tokens.sign(
        secret,
        "nereid:api_token",
        {
            "team": record.team_id,
            "jti": record.id,
            "permissions": record.permissions,
            "environment": record.default_environment,
            "iat": record.created_at,
            "exp": record.expires_at,
        },
    )
