"""Accounts: people who log in with an e-mail address and a password."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple, get_args

from nereid.models.base import Model
from nereid.models.team import Permission

#: How long an access token of an account is good for.
ACCESS_SECONDS = 3600

#: How long an account waits for its address to be verified.
UNVERIFIED_LIFE = timedelta(days=7)
#: How long an account whose password somebody else was shown waits for its owner to choose another.
ONE_TIME_LIFE = timedelta(days=7)

Role = Literal["Admin", "User"]

_ALL: frozenset[str] = frozenset(get_args(Permission))
#: The scopes of an account, by role.
PERMISSIONS: dict[str, frozenset[str]] = {"Admin": _ALL, "User": _ALL - {"admin:all"}}


class Account(Model):
    """A person's access to one team. The e-mail address, as it is compared, is unique among all accounts."""

    id: str
    team_id: str
    email: str
    full_name: str
    company: str | None = None
    role: Role
    #: The environment of the account's requests that name none.
    environment: str
    #: As argon2 writes it, parameters included.
    password_hash: str
    password_changed_at: datetime | None = None
    #: Until when the password is good for the one login that replaces it; None if its owner chose it.
    password_expires_at: datetime | None = None
    #: Whether its owner has shown to have the address, or an operator vouches for it.
    verified: bool = True
    created_at: datetime

    @property
    def has_joined(self) -> bool:
        """Whether its owner can log in with a password that nobody else was shown."""
        return self.verified and self.password_expires_at is None


class Exchange(Model):
    """A refresh token that was exchanged just now, as its SHA-256 in hex, and what makes its successor of it."""

    token_hash: str
    nonce: str
    at: datetime


class Session(Model):
    """A login: the family of refresh tokens that follow one another, of which the last is valid."""

    id: str
    email: str
    #: SHA-256 of the valid refresh token, in hex.
    token_hash: str
    #: None if a former version stored it.
    begun_at: datetime | None = None
    expires_at: datetime
    #: The last exchanges, oldest first.
    former: list[Exchange] = []


class LoggedIn(NamedTuple):
    """The tokens of a login."""

    account: Account
    token: str
    refresh_token: str
