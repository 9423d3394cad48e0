"""Push tokens have one owner: a phone is one person's, whichever API says whose."""

import uuid
from dataclasses import dataclass

from nereid.errors import Unavailable
from nereid.models.team import Scope
from nereid.ports.audience import DeviceChange, DeviceStore, TokenHolder
from nereid.ports.clock import Clock

#: From how many users one call takes a token, at most: reading each takes a few milliseconds of a function's time.
MOST_HOLDERS = 1000
#: How many items one step of that writes. A transaction takes 100, and the last step writes the new owner's as well.
_STEP_WRITES = 80


@dataclass(frozen=True)
class TokenOwners:
    """Gives tokens to users, and takes them from all others."""

    store: DeviceStore
    clock: Clock

    def give(self, scope: Scope, change: DeviceChange, token: str) -> None:
        """Store the change that gives a user a token, and take the token from every other user.

        One that many users have is taken from them in steps, and given in the last one; a repetition goes on from the
        last step that was done.

        Raises
        ------
        Conflict
            If one of the users was written since it was read, or the token was given to somebody meanwhile.
        Unavailable
            If more users had the token than one call takes it from.
        """
        last = self.store.last_registration(scope, token)
        others = self._taken_from_most(scope, change.user.user_id, token)
        now = self.clock.now()
        self.store.save_with_token(scope, [change, *others], token, uuid.uuid4().hex, last, now)

    def has_another(self, scope: Scope, but: str, token: str) -> bool:
        """Tell whether another user has a token, and not only because an app with a public key said so."""
        for user_id in self.store.holding(scope, token, MOST_HOLDERS):
            holder = self.store.holder(scope, user_id, token) if user_id != but else None
            if holder is not None and holder.contact.verified is not False:
                return True
        return False

    def _taken_from_most(self, scope: Scope, but: str, token: str) -> list[DeviceChange]:
        """Take a token from other users, as far as one transaction cannot; return the changes of those that are left.

        Nobody has it between the steps and the last one, which is better than two: a push for the new owner must not
        reach an old one.
        """
        changes: list[DeviceChange] = []
        user_ids = self.store.holding(scope, token, MOST_HOLDERS + 1)
        for user_id in user_ids[:MOST_HOLDERS]:
            holder = self.store.holder(scope, user_id, token) if user_id != but else None
            if holder is None:
                continue
            change = _without_token(holder)
            if changes and sum(map(_writes, changes)) + _writes(change) > _STEP_WRITES:
                self.store.save(scope, changes)
                changes = []
            changes.append(change)
        if len(user_ids) > MOST_HOLDERS:
            if changes:
                self.store.save(scope, changes)
            raise Unavailable("a push token is being taken from very many users")
        return changes


def _without_token(holder: TokenHolder) -> DeviceChange:
    """Return the change of another user that had the token."""
    return DeviceChange(
        holder.user,
        removed_contacts=[holder.contact],
        devices=[device.model_copy(update={"token": None}) for device in holder.devices],
    )


def _writes(change: DeviceChange) -> int:
    """Return how many items a change of :func:`_without_token` writes: user, contact info, address and devices."""
    return 3 + len(change.devices)
