"""Accounts: register, log in, stay logged in."""

import base64
import binascii
import hashlib
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Literal, NamedTuple

from nereid.auth import tokens
from nereid.auth.passwords import hash_password, verify_password
from nereid.errors import BadRefreshToken, NotFound, RegistrationClosed, TeamStopped, TooMany, WrongPassword
from nereid.models.account import ACCESS_SECONDS, Account, LoggedIn, Session
from nereid.models.team import NO_CHANNELS, Channels, Environment, Registration, Team
from nereid.ports.access import AccountStore, LimitStore
from nereid.ports.clock import Clock

_REFRESH_LIFE = timedelta(days=30)
_FIRST_ENVIRONMENT = "dev"
_REFRESH_PREFIX = "rt_"
_ID_BYTES = 16
_SECRET_BYTES = 32


class NewAccount(NamedTuple):
    """The data of a registration; the e-mail address in lower case."""

    email: str
    password: str
    full_name: str
    company: str | None = None


@dataclass(frozen=True)
class _Limit:
    """How many attempts a window holds, which the first attempt opens.

    Parameters
    ----------
    only_failed
        Whether only attempts that failed count: each counts until it has ended, and then only if it failed.
    """

    name: str
    most: int
    window: timedelta
    only_failed: bool = False


_LOGINS_PER_EMAIL = _Limit("login#email", 10, timedelta(minutes=15), only_failed=True)
_LOGINS_PER_ADDRESS = _Limit("login#address", 100, timedelta(minutes=15), only_failed=True)
_REGISTRATIONS_PER_EMAIL = _Limit("register#email", 10, timedelta(hours=1))
_REGISTRATIONS_PER_ADDRESS = _Limit("register#address", 100, timedelta(hours=1))
#: How often, and for how many seconds each time, a login waits for others that are under way.
_WAITS, _WAIT_SECONDS = 10, 0.2


def new_account(clock: Clock, team_id: str, environment: str, person: NewAccount) -> Account:
    """Return an account that administers a team; it is not stored yet."""
    return Account(
        id=str(uuid.uuid4()),
        team_id=team_id,
        email=person.email,
        full_name=person.full_name,
        company=person.company,
        role="Admin",
        environment=environment,
        password_hash=hash_password(person.password),
        created_at=clock.now(),
    )


@dataclass(frozen=True)
class Accounts:
    """Registers accounts, logs them in and keeps them logged in.

    Parameters
    ----------
    secret
        Returns the signing secret.
    pause
        Waits for some seconds.
    registration
        Who can register, and whether the stack's own providers serve the team: of `trusted` ones they do, of `open`
        ones none does, until an operator grants senders.
    """

    store: AccountStore
    limits: LimitStore
    clock: Clock
    secret: Callable[[], str]
    pause: Callable[[float], None] = time.sleep
    registration: Registration = "closed"

    def may_register(self) -> Literal["open", "trusted"]:
        """Return how somebody registers; `RegistrationClosed` if nobody can."""
        if self.registration == "closed":
            raise RegistrationClosed
        return self.registration

    def register(self, person: NewAccount, source: str) -> LoggedIn:
        """Make an account in a new team of its own.

        Parameters
        ----------
        source
            The address that the request comes from.

        Raises
        ------
        RegistrationClosed
        TooMany
            If too many registrations, refused ones included, came from there or for the e-mail address.
        AlreadyExists
            If the e-mail address is taken.
        """
        registered = self.may_register()
        self._attempt(_REGISTRATIONS_PER_ADDRESS, source)
        self._attempt(_REGISTRATIONS_PER_EMAIL, person.email)
        now = self.clock.now()
        team = Team(
            id=str(uuid.uuid4()),
            name=person.company or person.full_name,
            created_at=now,
            senders=[],
            registered=registered,
        )
        environment = Environment(
            team_id=team.id,
            identifier=_FIRST_ENVIRONMENT,
            name=_FIRST_ENVIRONMENT,
            channels=NO_CHANNELS if registered == "open" else Channels(),
            created_at=now,
        )
        account = new_account(self.clock, team.id, environment.identifier, person)
        self.store.create_team(team, environment, None, account)
        return self._begin(account)

    def log_in(self, email: str, password: str, source: str) -> LoggedIn:
        """Log in with a password; an unknown e-mail address takes the same steps and time as a wrong password.

        An attempt is counted before the password is looked at and uncounted if it is right, so that no number of
        guesses at the same time gets past the limit. A login that finds the limit reached by others that are still
        under way waits for them.

        Raises
        ------
        TooMany
            If too many logins failed, for the e-mail address or from the source address.
        WrongPassword, TeamStopped
        """
        self._attempt(_LOGINS_PER_EMAIL, email)
        try:
            self._attempt(_LOGINS_PER_ADDRESS, source)
        except TooMany:
            self._attempt_ended(_LOGINS_PER_EMAIL, email, failed=False)
            raise
        account = self.store.account(email)
        right = verify_password(password, account.password_hash if account else None)
        failed = account is None or not right
        self._attempt_ended(_LOGINS_PER_EMAIL, email, failed=failed)
        self._attempt_ended(_LOGINS_PER_ADDRESS, source, failed=failed)
        if account is None or failed:
            raise WrongPassword
        self._check_team(account)
        return self._begin(account)

    def refresh(self, refresh_token: str) -> LoggedIn:
        """Exchange a refresh token for a new pair. A token that was exchanged before ends its whole family.

        Raises
        ------
        BadRefreshToken, TeamStopped
        """
        session_id = _session_id(refresh_token)
        session = self.store.session(session_id) if session_id else None
        if session is None or session.expires_at <= self.clock.now():
            raise BadRefreshToken
        if not compare_digest(session.token_hash, _hash(refresh_token)):
            # Its id is known to holders of its tokens alone, so this is one of them, and not the last.
            self.store.end_session(session.id)
            raise BadRefreshToken
        account = self.store.account(session.email)
        if account is None:
            raise BadRefreshToken
        self._check_team(account)
        renewed, new_token = _session(session.id, account, self.clock.now())
        try:
            # Comes last: whatever fails before leaves the token valid.
            self.store.renew_session(renewed, session.token_hash)
        except NotFound as error:
            self.store.end_session(session.id)
            raise BadRefreshToken from error
        return LoggedIn(account, self._access_token(account), new_token)

    def _check_team(self, account: Account) -> None:
        team = self.store.team(account.team_id)
        if team is None or team.stopped_at is not None:
            raise TeamStopped(account.team_id)

    def _begin(self, account: Account) -> LoggedIn:
        session, refresh_token = _session(str(uuid.uuid4()), account, self.clock.now())
        self.store.begin_session(session)
        return LoggedIn(account, self._access_token(account), refresh_token)

    def _access_token(self, account: Account) -> str:
        now = self.clock.now().replace(microsecond=0)
        claims = {
            "sub": account.id,
            "team": account.team_id,
            "role": account.role,
            "environment": account.environment,
            "email": account.email,
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + timedelta(seconds=ACCESS_SECONDS),
        }
        return tokens.sign(self.secret(), "nereid:account", claims)

    def _attempt(self, limit: _Limit, whose: str) -> None:
        for waited in range(_WAITS + 1):
            now = self.clock.now()
            full = self.limits.attempt(f"{limit.name}#{whose}", limit.most, now, now + limit.window)
            if full is None:
                return
            if not (limit.only_failed and full.under_way):
                raise TooMany(max(1, round((full.closes - now).total_seconds())))
            if waited < _WAITS:
                self.pause(_WAIT_SECONDS)
        raise TooMany(1)

    def _attempt_ended(self, limit: _Limit, whose: str, *, failed: bool) -> None:
        self.limits.attempt_ended(f"{limit.name}#{whose}", self.clock.now(), failed=failed)


def _session(session_id: str, account: Account, now: datetime) -> tuple[Session, str]:
    """Return a session as a new refresh token makes it, and the token."""
    raw = uuid.UUID(session_id).bytes + secrets.token_bytes(_SECRET_BYTES)
    token = _REFRESH_PREFIX + base64.urlsafe_b64encode(raw).decode()
    expires_at = now.replace(microsecond=0) + _REFRESH_LIFE
    return Session(id=session_id, email=account.email, token_hash=_hash(token), expires_at=expires_at), token


def _session_id(refresh_token: str) -> str | None:
    """Return the session that a refresh token names; None if it is none of ours."""
    try:
        raw = base64.b64decode(refresh_token.removeprefix(_REFRESH_PREFIX), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    is_ours = refresh_token.startswith(_REFRESH_PREFIX) and len(raw) == _ID_BYTES + _SECRET_BYTES
    return str(uuid.UUID(bytes=raw[:_ID_BYTES])) if is_ours else None


def _hash(token: str) -> str:
    # A plain SHA-256, because a token is random: there is nothing to guess that a slow hash would protect.
    return hashlib.sha256(token.encode()).hexdigest()
