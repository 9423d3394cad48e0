"""The members of a team: who they are, what they may do, and their end."""

from dataclasses import dataclass

from nereid.contention import until_uncontested
from nereid.core.access.sessions import Sessions
from nereid.errors import LastAdmin, NotFound
from nereid.models.account import Account, Role
from nereid.models.addresses import comparable
from nereid.models.email_address import is_address
from nereid.ports.access import AccountStore


@dataclass(frozen=True)
class Members:
    """Changes and removes accounts, so that each team that has Admins keeps one who can log in.

    An account that goes names another that stays, and the store does both or nothing: of two Admins who remove each
    other at once, one does not find the other. Nothing has to count.
    """

    store: AccountStore
    sessions: Sessions

    def set_role(self, team_id: str, email: str, role: Role) -> Account:
        """Give a member a role and end its sessions, whose tokens have the former one; return the member.

        Raises
        ------
        NotFound
            If the team has no account with the address.
        LastAdmin
        Unavailable
            If others kept changing it at the same time.
        """

        def attempt() -> Account:
            account = self._member(team_id, email)
            if account.role != role:
                self.store.set_role(account, role, self._remaining(account))
            return account.model_copy(update={"role": role})

        account = until_uncontested("account", attempt)
        # Even if the role is the same: a call before may have been interrupted here.
        self.sessions.end_all(account.email)
        return account

    def remove(self, team_id: str, email: str) -> None:
        """Remove a member, and end its sessions.

        Raises
        ------
        NotFound, LastAdmin, Unavailable
            As for :meth:`set_role`.
        """

        def attempt() -> Account:
            account = self._member(team_id, email)
            remaining = self._remaining(account)
            # Before, so that no failure leaves one; and afterwards those that began in between.
            self.sessions.end_all(account.email)
            self.store.delete_account(account, remaining)
            return account

        account = until_uncontested("account", attempt)
        self.sessions.end_all(account.email)

    def _member(self, team_id: str, email: str) -> Account:
        account = self.store.account(email)
        if account is None and is_address(email):
            # A call before may have been interrupted after it removed the account.
            self.sessions.end_all(comparable("email", email))
        if account is None or account.team_id != team_id:
            raise NotFound("account")
        return account

    def _remaining(self, account: Account) -> Account | None:
        """Return an Admin who stays when an account is none any more; None if it never could administer."""
        if account.role != "Admin" or not account.has_joined:
            return None
        for other in self.store.admins(account.team_id):
            if other.has_joined and other.email != account.email:
                return other
        raise LastAdmin
