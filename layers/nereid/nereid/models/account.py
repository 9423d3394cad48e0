"""Accounts: people who log in with an e-mail address and a password."""

from datetime import datetime
from typing import Literal, NamedTuple, get_args

from pydantic import BaseModel

from nereid.models.team import Permission

#: How long an access token of an account is good for.
ACCESS_SECONDS = 3600

Role = Literal["Admin", "User"]

_ALL: frozenset[str] = frozenset(get_args(Permission))
#: The scopes of an account, by role.
PERMISSIONS: dict[str, frozenset[str]] = {"Admin": _ALL, "User": _ALL - {"admin:all"}}


class Account(BaseModel):
    """A person's access to one team. The e-mail address, in lower case, is unique among all accounts."""

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
    created_at: datetime


class Session(BaseModel):
    """A login: the family of refresh tokens that follow one another, of which the last is valid."""

    id: str
    email: str
    #: SHA-256 of the valid refresh token, in hex.
    token_hash: str
    expires_at: datetime


class LoggedIn(NamedTuple):
    """The tokens of a login."""

    account: Account
    token: str
    refresh_token: str
