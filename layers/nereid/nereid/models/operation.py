"""Operations on users that clients request, as they are written to the message queue."""

import hashlib
import json
import uuid
from datetime import datetime
from typing import Any, Literal, NamedTuple

from nereid.models.base import Model
from nereid.models.user import anonymous_id_of

#: What in an operation only an app's public key says: the traits `email` and `phone`, or a device's push token.
Unvouched = Literal["email", "phone", "token"]


class Who(Model):
    """The ids with which a client names a user: its own anonymous one, the team's external one, or both."""

    anonymous_id: str | None = None
    external_id: str | None = None

    def ids(self) -> "Ids":
        """Return the ids that count.

        An external id in the form of a profile's user_id is the anonymous id of that profile: a profile has no
        other external id than the one it is aliased to.
        """
        if not self.external_id:
            return Ids(self.anonymous_id or None, None)
        named = anonymous_id_of(self.external_id)
        return Ids(named, None) if named else Ids(self.anonymous_id or None, self.external_id)


def announcement_id(operation_id: str, user_id: str) -> str:
    """Return the id of the message that tells that an operation made a user: the same whenever it is carried out."""
    parts = json.dumps([operation_id, user_id]).encode()
    return str(uuid.UUID(bytes=hashlib.sha256(parts).digest()[:16], version=4))


class Ids(NamedTuple):
    """The ids of a user that count; at least one is given."""

    anonymous_id: str | None
    external_id: str | None


class Traits(Model):
    """The traits of a user in identify. A member that was not set changes nothing; None clears."""

    email: str | None = None
    phone: str | None = None
    timezone: str | None = None
    locale: str | None = None
    #: Merged into the user's own, key by key; None is a value here.
    data: dict[str, Any] | None = None


class Link(NamedTuple):
    """Which user an anonymous id reaches."""

    user_id: str
    #: Generation of the anonymous profile whose contact infos, devices and app notifications are still being moved
    #: to the user; None when all have arrived.
    moving: str | None = None
    #: When the profile that it reaches was used, to a week; None if that does not expire, or it reaches another user.
    used_at: datetime | None = None
