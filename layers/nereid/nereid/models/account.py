"""Accounts: people who log in with an e-mail address and a password."""

from datetime import datetime
from typing import Literal, get_args

from pydantic import BaseModel

from nereid.models.team import Permission

Role = Literal["Admin", "User"]

_ALL: frozenset[str] = frozenset(get_args(Permission))
#: What an account of each role may do.
PERMISSIONS: dict[str, frozenset[str]] = {"Admin": _ALL, "User": _ALL - {"admin:all"}}


class Account(BaseModel):
    """A person's access to one team. The e-mail address, in lower case, is unique among all accounts."""

    id: str
    team_id: str
    email: str
    full_name: str
    company: str | None = None
    role: Role
    #: The environment that what the account does belongs to where a request names none.
    environment: str
    #: As argon2 writes it, parameters included.
    password_hash: str
    created_at: datetime


class Session(BaseModel):
    """What one login began: the family of refresh tokens that follow one another, of which the last is valid."""

    id: str
    email: str
    #: SHA-256 of the valid refresh token, in hex.
    token_hash: str
    expires_at: datetime
