"""Accounts: register, log in, change the password."""

import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple

from nereid.auth.passwords import hash_password, verify_password
from nereid.core.access.sessions import Sessions
from nereid.core.access.sources import source_of
from nereid.core.access.verification import Verification
from nereid.errors import Invalid, NotFound, RegistrationClosed, TooMany, Unavailable, WrongPassword
from nereid.logs import logger
from nereid.models.account import ONE_TIME_LIFE, Account, LoggedIn, Role
from nereid.models.addresses import comparable
from nereid.models.team import NO_CHANNELS, Channels, Environment, Registration, Team
from nereid.ports.access import AccountStore, LimitStore
from nereid.ports.clock import Clock

_FIRST_ENVIRONMENT = "dev"


#: How many random bytes a one-time password has.
_ONE_TIME_BYTES = 15


class NewAccount(NamedTuple):
    """The data of a registration; the e-mail address in the form in which addresses are compared."""

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


#: So few from one source that nobody can guess, and so many from all that no single one locks the owner out.
_LOGINS_PER_EMAIL_AND_SOURCE = _Limit("login#email#source", 10, timedelta(minutes=15), only_failed=True)
_LOGINS_PER_EMAIL = _Limit("login#email", 100, timedelta(minutes=15), only_failed=True)
_LOGINS_PER_SOURCE = _Limit("login#address", 100, timedelta(minutes=15), only_failed=True)
_REGISTRATIONS_PER_EMAIL = _Limit("register#email", 10, timedelta(hours=1))
_LINKS_PER_EMAIL = _Limit("verify#email", 5, timedelta(hours=1))
_REGISTRATIONS_PER_SOURCE = _Limit("register#address", 100, timedelta(hours=1))
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
    """Registers accounts, logs them in and changes their passwords.

    Parameters
    ----------
    pause
        Waits for some seconds.
    registration
        Who can register, and whether the stack's own providers serve the team: of `trusted` ones they do, of `open`
        ones none does, until an operator grants senders.
    verification
        Verifies the addresses of `open` registrations; None where the stack cannot mail.
    """

    store: AccountStore
    limits: LimitStore
    clock: Clock
    sessions: Sessions
    pause: Callable[[float], None] = time.sleep
    registration: Registration = "closed"
    verification: Verification | None = None

    def may_register(self) -> Literal["open", "trusted"]:
        """Return how somebody registers; `RegistrationClosed` if nobody can."""
        if self.registration == "closed":
            raise RegistrationClosed
        return self.registration

    def register(self, person: NewAccount, source: str, domain: str = "") -> LoggedIn:
        """Make an account in a new team of its own, and log it in.

        Where registration is open, the next login wants its address verified, by a link that is mailed to it.

        Parameters
        ----------
        source
            The address that the request comes from.
        domain
            Where the API was reached.

        Raises
        ------
        RegistrationClosed
        TooMany
            If too many registrations, refused ones included, came from there or for the e-mail address.
        AlreadyExists
            If the e-mail address is taken.
        """
        registered = self.may_register()
        self._attempt(_REGISTRATIONS_PER_SOURCE, source_of(source))
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
        if registered == "open" and self.verification is not None:
            account = account.model_copy(update={"verified": False})
        self.store.create_team(team, environment, None, account)
        if not account.verified:
            self._send_link(account, domain)
        return self.sessions.begin(account)

    def add_member(
        self, team_id: str, environment: str, email: str, full_name: str | None, role: Role, source: str
    ) -> tuple[Account, str]:
        """Make an account in a team that is there.

        Parameters
        ----------
        environment
            That of the account's requests that name none.
        email
            In the form in which addresses are compared.
        source
            The address that the request comes from.

        Returns
        -------
        The account, and the password of its first login, which replaces it; it is shown this once.

        Raises
        ------
        TooMany
            If the team registered itself where anybody can, and too many registrations came from there.
        AlreadyExists
            If the e-mail address is taken.
        """
        team = self.store.team(team_id)
        # Nobody vouches for such a team: it registers others as it registered itself.
        is_strangers = team is not None and team.registered == "open"
        if is_strangers:
            self._attempt(_REGISTRATIONS_PER_SOURCE, source_of(source))
        password = secrets.token_urlsafe(_ONE_TIME_BYTES)
        account = new_account(self.clock, team_id, environment, NewAccount(email, password, full_name or email))
        account = account.model_copy(
            update={
                "role": role,
                "verified": not is_strangers or self.verification is None,
                "password_expires_at": account.created_at + ONE_TIME_LIFE,
            }
        )
        self.store.add_account(account)
        return account, password

    def log_in(
        self, email: str, password: str, source: str, domain: str = "", new_password: str | None = None
    ) -> LoggedIn:
        """Log in with a password; an unknown e-mail address takes the same steps and time as a wrong password.

        An attempt is counted before the password is looked at and uncounted if it is right, so that no number of
        guesses at the same time gets past the limit. A login that finds the limit reached by others that are still
        under way waits for them.

        Parameters
        ----------
        email
            In any spelling.
        new_password
            What replaces a one-time password; any other stays.

        Raises
        ------
        Invalid
            On `new_password`, if the password is a one-time one and nothing else is to replace it.
        TooMany
            If too many logins failed: for the e-mail address from this source, for it from anywhere, or from here.
        WrongPassword, TeamStopped
        NotVerified
            If the account's address is not verified; the link that does it is mailed once more.
        """
        account = self._checked(email, password, source)
        if not account.verified:
            self._send_link(account, domain)
        self.sessions.check_account(account)
        try:
            if account.password_expires_at is not None:
                account = self._with_own_password(account, password, new_password)
            return self.sessions.begin(account)
        except NotFound as error:  # the password or the role was changed just now
            raise WrongPassword from error

    def _with_own_password(self, account: Account, given: str, new: str | None) -> Account:
        if new is None or new == given:
            raise Invalid({"new_password": "new_password is required: the password was good for this login alone"})
        hashed = hash_password(new)
        self.store.change_password(account, hashed, self.clock.now())
        return account.model_copy(update={"password_hash": hashed, "password_expires_at": None})

    def change_password(self, email: str, session_id: str, old: str, new: str, source: str) -> None:
        """Change an account's password and end all its sessions but one.

        A wrong old password counts as a failed login does.

        Raises
        ------
        TooMany, WrongPassword
        """
        account = self._checked(email, old, source)
        # Before, so that no failure leaves one; and afterwards those that began in between.
        self.sessions.end_all(email, but=session_id)
        try:
            self.store.change_password(account, hash_password(new), self.clock.now())
        except NotFound as error:
            raise WrongPassword from error
        self.sessions.end_all(email, but=session_id)

    def _checked(self, email: str, password: str, source: str) -> Account:
        """Return the account with a password; an unknown e-mail address takes as long as a wrong password."""
        counted: list[tuple[_Limit, str]] = []
        address = comparable("email", email)
        try:
            for limit, whose in (
                (_LOGINS_PER_EMAIL_AND_SOURCE, f"{source_of(source)}#{address}"),
                (_LOGINS_PER_EMAIL, address),
                (_LOGINS_PER_SOURCE, source_of(source)),
            ):
                self._attempt(limit, whose)
                counted.append((limit, whose))
        except TooMany:
            for limit, whose in counted:
                self._attempt_ended(limit, whose, failed=False)
            raise
        account = self.store.account(email)
        right = verify_password(password, account.password_hash if account else None)
        if account is not None and account.password_expires_at is not None:
            right = right and self.clock.now() < account.password_expires_at
        for limit, whose in counted:
            self._attempt_ended(limit, whose, failed=account is None or not right)
        if account is None or not right:
            raise WrongPassword
        return account

    def _send_link(self, account: Account, domain: str) -> None:
        """Mail the link that verifies an account's address, unless that was done too often or cannot be done now."""
        if self.verification is None:
            return
        try:
            self._attempt(_LINKS_PER_EMAIL, account.email)
            self.verification.send(account, domain)
        except (TooMany, Unavailable) as error:
            # The next login mails it.
            logger.warning("no link was mailed", reason=type(error).__name__, account_id=account.id)

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
