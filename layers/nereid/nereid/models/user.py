"""Users and the ways to reach them."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from nereid import jsontext
from nereid.models.addresses import comparable
from nereid.models.base import Model

ContactType = Literal["email", "mobile_number", "firebase_token"]
CONTACT_TYPES: tuple[str, ...] = get_args(ContactType)

#: Most contact infos that one user can have.
MAX_CONTACT_INFOS = 100
#: Largest `meta` of all contact infos of a user together, as a function's answer holds them: as JSON within a string of
#: JSON. They are all shown in one answer, which ends at 6 MiB, with addresses of up to 4096 characters.
MAX_CONTACT_METAS_BYTES = 4_000_000
#: Largest `meta` of a user or contact info, as compact JSON in bytes.
MAX_META_BYTES = 65536
#: Most devices that one user can have.
MAX_DEVICES = 100
#: The prefix of an anonymous profile's user_id; the anonymous id follows.
_PROFILE = "anon:"


def profile_id(anonymous_id: str) -> str:
    """Return the user_id of the profile of an anonymous id."""
    return _PROFILE + anonymous_id


def anonymous_id_of(user_id: str) -> str | None:
    """Return the anonymous id whose profile has this user_id; None if it is no profile's."""
    return user_id.removeprefix(_PROFILE) or None if user_id.startswith(_PROFILE) else None


class ContactInfo(Model):
    """One address of a user, in normal form unless an earlier release stored it. (type, value) is unique under one."""

    type: ContactType
    value: str
    filterable: str | None = None
    meta: dict[str, Any] = {}
    created_at: datetime
    updated_at: datetime
    #: The API call that owns it: `identify` replaces only what came from `identify`.
    origin: str | None = None
    #: Whether more than an app's public key says that it is the user's: a server or a user token does. None in what
    #: earlier releases stored, which nobody marked: it counts as verified, and may be replaced as it always could.
    verified: bool | None = None
    #: When a push endpoint that SNS had disabled was enabled again for this token; see core/deliver_push.
    revived_at: datetime | None = None
    #: Counts the writes of this record; a write names the version that it read.
    version: int = 1

    @property
    def key(self) -> tuple[str, str]:
        """The pair that identifies it under its user."""
        return self.type, comparable(self.type, self.value)


class User(Model):
    """A person (or an anonymous profile) in one environment, with the contact infos if they were loaded."""

    user_id: str
    meta: dict[str, Any] = {}
    timezone: str | None = None
    locale: str | None = None
    created_at: datetime
    updated_at: datetime
    #: Changes whenever a user of this id is created anew, so that leftovers of a deleted one are never taken for its.
    generation: str
    #: Counts the writes of this record; a write names the version that it read.
    version: int = 1
    #: When the e-mail opens that counted lately were received, in microseconds since 1970;
    #: see core/audience/vibetrace/restrictions.
    opens: list[int] = []
    #: The id of the message that tells that it came to be; None if no client's request made it.
    announcement: str | None = None
    #: When a profile of before became it; None if it was made under its id.
    became_at: datetime | None = None
    contact_infos: list[ContactInfo] = []

    @property
    def there_since(self) -> datetime:
        """When a user of this id came to be, which a profile may have been before."""
        return self.became_at or self.created_at

    def contact_info(self, type_: str, value: str) -> ContactInfo | None:
        """Return the contact info with this address."""
        return next(iter(self.contact_infos_of(type_, value)), None)

    def contact_infos_of(self, type_: str, value: str) -> list[ContactInfo]:
        """Return the contact infos with this address, of which earlier releases could store more than one."""
        key = (type_, comparable(type_, value))
        return [contact for contact in self.contact_infos if contact.key == key]


class Device(Model):
    """An installation of a team's app, with the push token that reaches it. device_id is unique under a user."""

    device_id: str
    token: str | None = None
    os: str
    model: str
    app_build: str
    app_version: str
    os_version: str | None = None
    #: Everything else that the app said about it.
    extra: dict[str, Any] = {}
    created_at: datetime
    updated_at: datetime


class AppNotification(Model):
    """A notice in a user's inbox: the delivery on channel `app` (its id is the delivery's)."""

    uuid: str
    user_id: str
    event_type: str
    title: str
    body: str
    #: The body as HTML, for apps that show it so.
    html: str | None = None
    image: str | None = None
    #: Where the app goes when somebody acts on it.
    action_url: str | None = None
    #: Whether the app marks it as read as soon as it shows it.
    read_on_show: bool | None = None
    data: dict[str, Any] = {}
    read_at: datetime | None = None
    created_at: datetime
    #: From when on nobody is shown it; None for as long as it is kept.
    expires_at: datetime | None = None

    @property
    def number(self) -> int:
        """What names it for clients that know no other ids than numbers."""
        return number_of(self.uuid)


def number_of(uuid: str) -> int:
    """Return the number of an app notification: 53 bits of a hash of its id, which every JSON parser reads exactly.

    It names the notification among those of its user, who always comes along. Two of a million share a number once in
    twenty thousand times.
    """
    return int.from_bytes(hashlib.sha256(uuid.encode()).digest()[:7]) >> 3


def fits(meta: Mapping[str, Any]) -> bool:
    """Tell whether a record can hold free-form values; nulls are never stored."""
    return jsontext.size(_without_nulls(meta)) <= MAX_META_BYTES


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
