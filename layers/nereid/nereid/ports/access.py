"""The interfaces of access: teams, accounts and credentials, and the counters of rate limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    # No port needs to know at run time what it is about, and models take long to load.
    from nereid.models.account import Account, Role, Session
    from nereid.models.team import ApiToken, ClientKey, Environment, Scope, Team


class AccountStore(Protocol):
    """Teams, environments and credentials."""

    def create_team(
        self, team: Team, environment: Environment, token: ApiToken | None, account: Account | None = None
    ) -> None:
        """Store a new team with its first environment and credentials, all or nothing.

        `AlreadyExists` if the account's e-mail address is taken: an account that is verified replaces one that is not.
        """
        ...

    def team(self, team_id: str) -> Team | None:
        """Return a team."""
        ...

    def set_senders(self, team_id: str, senders: Sequence[str]) -> Team:
        """Replace the list of a team's senders; return the team. `NotFound` if there is none."""
        ...

    def set_quota_times(self, team_id: str, times: int) -> Team:
        """Let a team have so many times the stack's quotas; return it. `NotFound` if there is none."""
        ...

    def stop_team(self, team_id: str, at: datetime) -> Team:
        """Stop a team, unless it is stopped already; return it. `NotFound` if there is none."""
        ...

    def resume_team(self, team_id: str, at: datetime) -> Team:
        """Let a team go on, if it is stopped; return it. `NotFound` if there is none."""
        ...

    def teams(self) -> Iterator[Team]:
        """Yield every team of the stack; one that was made just now may be missing."""
        ...

    def account(self, email: str) -> Account | None:
        """Return the account with this e-mail address, in any spelling."""
        ...

    def add_account(self, account: Account) -> None:
        """Store an account of a team that is there; `AlreadyExists` if its e-mail address is taken."""
        ...

    def members(self, team_id: str, after: str | None, limit: int) -> tuple[list[Account], str | None]:
        """Return a page of a team's accounts in order of their addresses, and the address to go on after.

        One that was made just now may be missing. None for the address is the end of the list.
        """
        ...

    def admins(self, team_id: str) -> Iterator[Account]:
        """Yield the Admins of a team, as they are when they are reached; one made just now may be missing."""
        ...

    def set_role(self, account: Account, role: Role, remaining: Account | None) -> None:
        """Give an account another role, if `remaining` is as it was read; `Conflict` if either of them is not."""
        ...

    def delete_account(self, account: Account, remaining: Account | None) -> None:
        """Delete an account, if `remaining` is as it was read; `Conflict` if either of them is not."""
        ...

    def verify_account(self, email: str, account_id: str) -> None:
        """Note that an account's address is its own; `NotFound` if the address has another account, or none."""
        ...

    def change_password(self, account: Account, password_hash: str, now: datetime) -> None:
        """Store another password of an account; `NotFound` if it has another one by now than the given account."""
        ...

    def begin_session(self, session: Session, ends_at: datetime, account: Account) -> None:
        """Store a login, which ends at `ends_at` at the latest.

        `NotFound` if the account is gone, or has another password or role than was read.
        """
        ...

    def list_session(self, session: Session, ends_at: datetime) -> None:
        """Let a login be found among those of its account."""
        ...

    def sessions(self, email: str) -> list[str]:
        """Return the ids of an account's sessions."""
        ...

    def session(self, session_id: str) -> Session | None:
        """Return a session; None if it is unknown or was ended."""
        ...

    def renew_session(self, session: Session, token_hash: str) -> None:
        """Replace the valid refresh token of a session; `NotFound` if `token_hash` is not the valid one any more."""
        ...

    def end_session(self, email: str, session_id: str) -> None:
        """End a session of an account, so that none of its tokens is valid."""
        ...

    def environment(self, team_id: str, identifier: str) -> Environment | None:
        """Return one environment of a team."""
        ...

    def environments(self, team_id: str) -> list[Environment]:
        """Return all environments of a team, oldest first."""
        ...

    def create_environment(self, environment: Environment) -> None:
        """Store a new environment; `AlreadyExists` if the identifier is taken, `LimitReached` if there are too many."""
        ...

    def delete_environment(self, scope: Scope, at: datetime) -> None:
        """Mark an environment as deleted and revoke its keys; `NotFound` if there is none.

        From then on it is not found any more; its data are there until they are erased (`core.messaging.erase`).
        """
        ...

    def update_environment(self, environment: Environment) -> None:
        """Store an environment read before, with `version` as read; `Conflict` if it was written or deleted since."""
        ...

    def api_token(self, team_id: str, token_id: str) -> ApiToken | None:
        """Return the record of a token, None if it was never issued or is revoked."""
        ...

    def api_tokens(self, team_id: str) -> list[ApiToken]:
        """Return a team's tokens, oldest first."""
        ...

    def create_api_token(self, token: ApiToken) -> None:
        """Store a new token; `LimitReached` if the team has too many."""
        ...

    def delete_api_token(self, team_id: str, token_id: str) -> None:
        """Revoke a token; `NotFound` if there is none."""
        ...

    def client_key(self, key_hash: str) -> ClientKey | None:
        """Return the client key with this hash."""
        ...

    def client_keys(self, team_id: str) -> list[ClientKey]:
        """Return a team's client keys, oldest first."""
        ...

    def user_token_keys(self, scope: Scope) -> list[ClientKey]:
        """Return the keys that sign the user tokens of an environment."""
        ...

    def create_client_key(self, key: ClientKey) -> None:
        """Store a new client key; `LimitReached` if the team has too many."""
        ...

    def delete_client_key(self, team_id: str, key_id: str) -> None:
        """Revoke a client key; `NotFound` if there is none."""
        ...

    def scopes(self) -> Iterator[Scope]:
        """Yield the environments that earlier releases made, in one order."""
        ...

    def ping(self) -> None:
        """Do the cheapest read there is; `Unavailable` if it fails."""
        ...


class UserTokenCipher(Protocol):
    """Encrypts the secrets that sign user tokens."""

    def seal(self, scope: Scope, key_id: str, secret: str) -> str:
        """Encrypt the secret of a key, bound to its environment and record."""
        ...

    def open(self, scope: Scope, key_id: str, sealed: str) -> str:
        """Decrypt a secret."""
        ...


class LimitStore(Protocol):
    """How much of each limit is used up."""

    def use(self, key: str, window: str, how_many: int, limit: int, until: datetime) -> tuple[bool, int]:
        """Use up some of a window's limit unless too little remains, by one conditional write.

        Returns
        -------
        Whether it was used up, and how much of the limit is used up now.
        """
        ...

    def used(self, key: str, window: str) -> int:
        """Return how much of a window's limit is used up."""
        ...

    def attempt(self, key: str, limit: int, now: datetime, until: datetime) -> FullWindow | None:
        """Count an attempt in the window that the first one opened.

        Parameters
        ----------
        until
            When a window that this attempt opens closes.

        Returns
        -------
        None if the attempt is within the limit.
        """
        ...

    def attempt_ended(self, key: str, now: datetime, *, failed: bool) -> None:
        """Note that an attempt failed, or uncount it."""
        ...


class FullWindow(NamedTuple):
    """A window with as many attempts as the limit allows."""

    closes: datetime
    #: Whether some of them have not ended yet, and may still be uncounted.
    under_way: bool
