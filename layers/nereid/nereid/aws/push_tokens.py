"""What becomes of push tokens that SNS has disabled."""

from contextlib import suppress

from nereid.aws.table import Table
from nereid.aws.users import DynamoUserStore, address_key
from nereid.errors import NotFound
from nereid.models.team import Scope
from nereid.models.user import ContactInfo, User
from nereid.ports import Clock, Conflict


class DynamoPushTokens:
    """Implements `nereid.ports.PushTokens`: finds who holds a token, over all users of the environment."""

    def __init__(self, table: Table, users: DynamoUserStore, clock: Clock) -> None:
        self._table = table
        self._users = users
        self._clock = clock

    def may_revive(self, scope: Scope, token: str) -> bool:
        """See the port."""
        holders = self._holders(scope, token)
        if any(contact.revived_at is not None for _, contact in holders):
            return False
        for user, contact in holders:
            revived = contact.model_copy(update={"revived_at": self._clock.now()})
            with suppress(Conflict, NotFound):  # changed or gone since: whoever did that speaks for the user
                self._users.put_contact_info(scope, user, revived, new=False)
        return True

    def drop(self, scope: Scope, token: str) -> None:
        """See the port."""
        for user, contact in self._holders(scope, token):
            self._users.delete_contact_info(scope, user, contact)

    def _holders(self, scope: Scope, token: str) -> list[tuple[User, ContactInfo]]:
        holders: list[tuple[User, ContactInfo]] = []
        pk = address_key(scope, "firebase_token", token)
        for item in self._table.query("pk = :pk", {":pk": pk}, consistent=True):
            user = self._users.load(scope, item["sk"])
            contact = user.contact_info("firebase_token", token) if user else None
            if user and contact:
                holders.append((user, contact))
        return holders
