"""The product's own errors.

Adapters turn a provider's errors into these; dialects turn these into their API's statuses and envelopes.

::

    NereidError
    ├── Unauthenticated      no valid credential
    │   ├── NoCredential     none at all
    │   ├── ExpiredToken     a genuine token whose time is over
    │   ├── UnknownKey       a client key in form, but not one of ours, or no longer
    │   └── UserTokenRequired  a public key names a user, and no token says that it may
    ├── WrongPassword        no account has this e-mail address and password
    ├── NotVerified          an account's address is not verified yet
    ├── BadRefreshToken      a refresh token that is unknown, expired or used up
    ├── Forbidden            the credential lacks the permission
    │   └── TeamStopped      an operator has stopped the team
    ├── Invalid              a value breaks a rule; names the fields
    ├── NotFound             no such object in this team
    │   └── UnknownLead      a lead named among others; says which
    ├── RegistrationClosed   operators make the teams, nobody else
    ├── LastAdmin            a team would have no Admin left
    ├── AlreadyExists        an object with this identity is there
    │   └── BeingDeleted     one is there that will soon not be
    ├── LimitReached         a team has as many of something as it may
    ├── TooMany              a limit is reached; says when to try again
    ├── Unavailable          a store or queue did not take or give it; try again
    │
    │   These never leave the core and the consumers:
    ├── Conflict             another call wrote the item that was read; read again and retry
    ├── TryAgain             a job is not done yet; says why, and when to hand it over again
    ├── TemplateFailed       a template cannot be rendered with the data at hand
    ├── WriterFailed         the model did not write a mail
    ├── ProviderRefused      the provider said no for good; has its code
    ├── ProviderBusy         the provider did not take it now; has its code
    └── OutcomeUnknown       the provider may or may not have accepted it
"""

from collections.abc import Mapping, Sequence
from typing import Literal

#: What keeps a provider from taking something: `rate`, too many in this second; `quota`, too many in this day;
#: `account`, something that a person mends and that stops everything; `job`, anything else, which may concern one
#: alone. `team` is no provider: an operator has stopped the team.
StoppedBy = Literal["rate", "quota", "account", "job", "team"]


class NereidError(Exception):
    """Base of all errors that Nereid raises on purpose."""


class Unauthenticated(NereidError):
    """The credential is missing, malformed, unknown, revoked or of the wrong kind."""


class NoCredential(Unauthenticated):
    """The request carries no credential."""


class ExpiredToken(Unauthenticated):
    """The token is genuine, but its time is over."""


class UnknownKey(Unauthenticated):
    """The key has the form of a client key, but none is known by it: never made, or revoked."""


class UserTokenRequired(Unauthenticated):
    """An app with a public key names a user, and the app's server has not said by a token that it may."""


class WrongPassword(NereidError):
    """No account has this e-mail address and password."""


class NotVerified(NereidError):
    """The account's e-mail address is not verified yet, so it cannot log in."""


class BadRefreshToken(NereidError):
    """The refresh token is unknown, expired or used up."""


class Forbidden(NereidError):
    """The credential is valid but lacks the permission that the operation needs."""


class NotFound(NereidError):
    """No such object in the caller's team and environment."""


class RegistrationClosed(NereidError):
    """Nobody can register: operators make the teams."""


class AlreadyExists(NereidError):
    """An object with this identity exists already; nothing was changed."""


class LastAdmin(NereidError):
    """The account is the only one that can administer its team."""


class TeamStopped(Forbidden):
    """An operator has stopped the team: its credentials open nothing until it goes on."""


class Invalid(NereidError):
    """A value breaks a rule.

    Parameters
    ----------
    problems
        Field path (``notifications[0].channel``) to the reason in words.
    line
        Line of a template in which the problem lies, from 1, if it lies in one.
    """

    def __init__(self, problems: Mapping[str, str], *, line: int | None = None) -> None:
        super().__init__("; ".join(f"{field}: {reason}" for field, reason in problems.items()))
        self.problems = dict(problems)
        self.line = line


class BeingDeleted(AlreadyExists):
    """An object with this identity was deleted, and not all that belongs to it is gone yet."""


class LimitReached(NereidError):
    """A team has as many of something as it may; nothing was made.

    Parameters
    ----------
    what
        In words, in the plural.
    most
        How many it may have.
    """

    def __init__(self, what: str, most: int) -> None:
        super().__init__(f"too many {what} ({most})")
        self.what = what


class TooMany(NereidError):
    """A limit is reached.

    Parameters
    ----------
    retry_after
        In how many seconds it is worth trying again.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"again in {retry_after} s")
        self.retry_after = retry_after


class Unavailable(NereidError):
    """A store, queue or secret could not be reached or refused for now; nothing was promised."""


class UnknownLead(NotFound):
    """A lead named among others is not there."""

    def __init__(self, lead_id: str) -> None:
        super().__init__("lead")
        self.lead_id = lead_id


class Conflict(NereidError):
    """Another call wrote the item that was read here; read again and retry. Never leaves the core."""


class TryAgain(NereidError):
    """A job is not done yet.

    Parameters
    ----------
    seconds
        In how many seconds it is worth handing the job over again.
    reason
        The reason for waiting, in words.
    """

    def __init__(self, seconds: int, reason: str) -> None:
        super().__init__(f"{reason}: again in {seconds} s")
        self.seconds = seconds
        self.reason = reason


class TemplateFailed(NereidError):
    """A template could not be filled in; the text says why, without any value.

    Parameters
    ----------
    missing_variables
        Those that nobody gave, if it fails for want of one.
    """

    def __init__(self, text: str, missing_variables: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.missing_variables = missing_variables


class WriterFailed(NereidError):
    """The model did not write a mail: too slow, too busy, refused, or no answer of the agreed form."""


class NotSendable(NereidError):
    """The provider is not asked, for good; `reason` says why, and names nobody."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ProviderRefused(NereidError):
    """The provider said no for good; `code` is its word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = f"provider: {code}"


class ProviderBusy(NereidError):
    """The provider did not take it now (throttling, 5xx, no connection); it may later. `code` as above."""

    def __init__(self, code: str, stopped_by: StoppedBy = "job") -> None:
        super().__init__(code)
        self.code = code
        self.stopped_by = stopped_by


class OutcomeUnknown(NereidError):
    """The request went out and no answer came: the provider may or may not have accepted it."""
