"""Removal of push tokens that SNS has disabled."""

from contextlib import suppress
from datetime import datetime

from nereid.aws.audience.users import DynamoUserStore
from nereid.errors import Conflict, NotFound
from nereid.models.team import Scope
from nereid.ports.clock import Clock


class DynamoPushTokens:
    """Implements `nereid.ports.audience.PushTokens`: finds the holders of a token, over all users."""

    def __init__(self, users: DynamoUserStore, clock: Clock) -> None:
        self._users = users
        self._clock = clock

    def may_revive(self, scope: Scope, token: str) -> bool:
        holders = self._users.holders(scope, "firebase_token", token)
        return all(contact.revived_at is None for _, contact in holders)

    def note_revived(self, scope: Scope, token: str) -> None:
        for owner, contact in self._users.holders(scope, "firebase_token", token):
            revived = contact.model_copy(update={"revived_at": self._clock.now()})
            with suppress(Conflict, NotFound):  # changed or gone since: the later write counts
                self._users.put_contact_info(scope, owner, revived, new=False)

    def refused(self, scope: Scope, token: str, at: datetime) -> None:
        holders = self._users.holders(scope, "firebase_token", token)
        if any(contact.updated_at > at for _, contact in holders):
            return  # registered anew since
        if any(contact.revived_at is not None and contact.revived_at <= at for _, contact in holders):
            self.drop(scope, token)

    def drop(self, scope: Scope, token: str) -> None:
        for owner, contact in self._users.holders(scope, "firebase_token", token):
            self._users.delete_contact_info(scope, owner, contact)
