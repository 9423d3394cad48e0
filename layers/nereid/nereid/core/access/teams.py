"""Teams, environments and the credentials that open them."""

import base64
import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import NamedTuple

from nereid.auth import client_keys, keys, tokens
from nereid.contention import until_uncontested
from nereid.core.access.accounts import NewAccount, new_account
from nereid.errors import Invalid, NotFound
from nereid.models.account import Account
from nereid.models.senders import REFUSED, Senders, named
from nereid.models.team import (
    DEFAULT_TOKEN_DAYS,
    MAX_ENVIRONMENT_IDENTIFIER,
    ApiToken,
    Channels,
    ClientAccess,
    ClientKey,
    ClientKeyScope,
    Environment,
    Permission,
    Scope,
    Team,
)
from nereid.ports.access import AccountStore, UserTokenCipher
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
    senders: Sequence[str] = (),
    quota_times: int = 1,
) -> NewTeam:
    """Make a team with one environment, an API token that may do everything, and perhaps a first account.

    Parameters
    ----------
    senders
        Whom it may send as beside the stack's own senders, as models/senders has them.
    quota_times
        How many times the stack's quotas it may have.

    Raises
    ------
    AlreadyExists
        If the account's e-mail address is taken, by one that is verified; nothing is made then.
    """
    now = clock.now()
    team = Team(id=_new_id(), name=name, created_at=now, senders=list(senders), quota_times=quota_times)
    first = Environment(team_id=team.id, identifier=environment, name=environment, created_at=now)
    record = _token_record(clock, secret, team.id, "first token", ["admin:all"], environment, DEFAULT_TOKEN_DAYS)
    account = new_account(clock, team.id, environment, admin) if admin else None
    accounts.create_team(team, first, record, account)
    if account is not None:
        # It may have replaced the account of a stranger, whose address was not verified.
        for session_id in accounts.sessions(account.email):
            accounts.end_session(account.email, session_id)
    return NewTeam(team, account, _sign(secret, record))


def _new_id() -> str:
    """Return an id that no other team has: 80 random bits, short because it stands in nearly every stored key."""
    random = uuid.uuid4().bytes
    # Its middle says what kind of UUID it is.
    return base64.b32encode(random[:5] + random[-5:]).decode().lower()


def find_team(accounts: AccountStore, named: str, *, registered: bool) -> Team:
    """Return the team with an id, or the only one of a name.

    Parameters
    ----------
    registered
        Whether a name may be that of a team which registered itself: anybody can take any name there.

    Raises
    ------
    NotFound
    Invalid
        On `team` if several have the name.
    """
    team = accounts.team(named)
    if team is not None:
        return team
    found = [team for team in accounts.teams() if team.name == named and (registered or team.registered is None)]
    if len(found) > 1:
        raise Invalid({"team": f"several have this name: {', '.join(sorted(team.id for team in found))}"})
    if not found:
        raise NotFound("team")
    return found[0]


#: What is said of a channel that the operator has not opened.
CLOSED = "the stack does not send by this channel"


def change_team(
    accounts: AccountStore,
    clock: Clock,
    named: str,
    senders: Sequence[str] | None = None,
    quota_times: int | None = None,
    *,
    stopped: bool | None = None,
) -> Team:
    """Change what an operator says of a team: its list of senders, its quotas, and whether it is stopped.

    Parameters
    ----------
    named
        As :func:`find_team` has it; whoever registered a team under a name gets no senders by that name.

    Raises
    ------
    NotFound, Invalid
        As :func:`find_team` does.
    """
    team = find_team(accounts, named, registered=senders is None)
    if senders is not None:
        team = accounts.set_senders(team.id, senders)
    if quota_times is not None:
        team = accounts.set_quota_times(team.id, quota_times)
    if stopped is not None:
        change = accounts.stop_team if stopped else accounts.resume_team
        team = change(team.id, clock.now())
    return team


def check_senders(senders: Senders, channels: Channels, closed: Collection[str] = ()) -> None:
    """Raise `Invalid`, naming each member of channels that names whom the team may not send as.

    Parameters
    ----------
    closed
        The channels that nobody may send by.
    """
    refused = {f"channels.{member}": REFUSED for member, sender in named(channels).items() if not senders.allow(sender)}
    refused |= {f"channels.{channel}": CLOSED for channel, one in channels if one is not None and channel in closed}
    if refused:
        raise Invalid(refused)


def allowed_channels(team: Team, senders: Senders, channels: Channels, closed: Collection[str] = ()) -> Channels:
    """Return the channels of an environment as they are stored, if the team may send as whom they name.

    One that is left out stays so, for the stack's provider to serve; a team that registered itself where that gives no
    providers has none there, unless an operator gave it the stack's.

    Raises
    ------
    Invalid
        Naming each member that the team may not use.
    """
    check_senders(senders, channels, closed)
    if team.registered != "open":
        return channels
    missing = [
        name for name, provider in senders.defaults if provider is None and name not in channels.model_fields_set
    ]
    return channels.model_copy(update=dict.fromkeys(missing))


def create_environment(
    accounts: AccountStore,
    clock: Clock,
    team_id: str,
    identifier: str,
    name: str | None,
    *,
    mock: bool,
    channels: Channels,
    client_access: ClientAccess | None = None,
    keep_rendered: bool = False,
    default_country: str | None = None,
) -> Environment:
    """Make an environment; `AlreadyExists` if the team has one with the identifier."""
    environment = Environment(
        team_id=team_id,
        identifier=identifier,
        name=name or identifier,
        mock=mock,
        channels=channels,
        client_access=client_access or ClientAccess(),
        keep_rendered=keep_rendered,
        default_country=default_country,
        created_at=clock.now(),
    )
    accounts.create_environment(environment)
    return environment


def update_environment(
    accounts: AccountStore,
    team_id: str,
    identifier: str,
    *,
    name: str | None,
    channels: Channels,
    client_access: ClientAccess,
    keep_rendered: bool | None = None,
    default_country: str | None = "",
) -> Environment:
    """Change an environment, member by member.

    Parameters
    ----------
    name, keep_rendered
        None if it stays.
    default_country
        Empty if it stays.
    channels, client_access
        Their members that were not set stay.

    Raises
    ------
    NotFound
        If the team has no environment with the identifier.
    Unavailable
        If others kept changing it at the same time.
    """
    if len(identifier) > MAX_ENVIRONMENT_IDENTIFIER:  # no key of a store holds just any length
        raise NotFound("environment")

    def attempt() -> Environment:
        environment = accounts.environment(team_id, identifier)
        if environment is None:
            raise NotFound("environment")
        changed = environment.model_copy(
            update={
                "name": name or environment.name,
                "channels": environment.channels.changed(channels),
                "client_access": environment.client_access.changed(client_access),
                "keep_rendered": environment.keep_rendered if keep_rendered is None else keep_rendered,
                "default_country": environment.default_country if default_country == "" else default_country,
            }
        )
        accounts.update_environment(changed)
        return changed

    return until_uncontested("environment", attempt)


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
    cipher: Callable[[], UserTokenCipher],
    clock: Clock,
    team_id: str,
    environment: str,
    scope: ClientKeyScope,
    name: str | None,
) -> tuple[ClientKey, str]:
    """Make a client key; `NotFound` if the team lacks the environment.

    Parameters
    ----------
    cipher
        Returns the cipher; asked if the key is one that signs.

    Returns
    -------
    The key's record, and the key itself; one that is not public is shown this once.
    """
    if accounts.environment(team_id, environment) is None:
        raise NotFound("environment")
    key, key_id = client_keys.mint(scope), str(uuid.uuid4())
    record = ClientKey(
        team_id=team_id,
        id=key_id,
        environment=environment,
        scope=scope,
        name=name,
        shown=key if scope == "public" else key[:8],
        key_hash=client_keys.hash_key(key),
        sealed=cipher().seal(Scope(team_id, environment), key_id, key) if scope == "user_token" else None,
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
