"""Links that prove that an e-mail address is its account's: mailed to it where strangers may register."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from nereid.auth import links
from nereid.clock import from_iso, to_iso
from nereid.errors import NotFound, Unauthenticated
from nereid.models.account import UNVERIFIED_LIFE, Account
from nereid.ports.access import AccountStore
from nereid.ports.clock import Clock

_PURPOSE = "verify"
_SUBJECT = "Confirm your e-mail address"
_TEXT = """Somebody registered an account with this e-mail address. If it was you, confirm the address:

{url}

If it was not, do nothing: the account cannot be used without this, and is deleted in {days} days.
"""


@dataclass(frozen=True)
class Verification:
    """Mails links and takes them.

    Parameters
    ----------
    secret
        Returns the secret of links.
    base_url
        Where the API is reached, without a slash at the end; empty if that is known from the requests alone.
    mail
        Sends an address a subject and a text, or raises `Unavailable`.
    """

    store: AccountStore
    clock: Clock
    secret: Callable[[], str]
    base_url: str
    mail: Callable[[str, str, str], None]

    def send(self, account: Account, domain: str) -> None:
        """Mail an account the link that verifies its address; `Unavailable` if that cannot be done now.

        Parameters
        ----------
        domain
            Where the API was reached.
        """
        now = self.clock.now()
        claims = {"email": account.email, "id": account.id, "until": to_iso(now + UNVERIFIED_LIFE)}
        url = f"{self.base_url or 'https://' + domain}/verify/{links.seal(self.secret(), _PURPOSE, claims, now)}"
        self.mail(account.email, _SUBJECT, _TEXT.format(url=url, days=UNVERIFIED_LIFE // timedelta(days=1)))

    def check(self, token: str) -> None:
        """Raise `NotFound` if a token is of no link, of one that is too old, or its account is gone."""
        email, account_id = self._read(token)
        account = self.store.account(email)
        if account is None or account.id != account_id:
            raise NotFound("account")

    def verify(self, token: str) -> None:
        """Verify the address of a link's account, once more if need be; `NotFound` as for :meth:`check`."""
        self.store.verify_account(*self._read(token))

    def _read(self, token: str) -> tuple[str, str]:
        now = self.clock.now()
        try:
            claims = links.unseal(self.secret(), _PURPOSE, token, now)
        except Unauthenticated as error:
            raise NotFound("link") from error
        if from_iso(claims["until"]) <= now:
            raise NotFound("link")
        return str(claims["email"]), str(claims["id"])
