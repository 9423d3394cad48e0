"""The interfaces of the audience: users with their addresses, devices and inboxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    # No port needs to know at run time what it is about, and models take long to load.
    from nereid.models.operation import Link
    from nereid.models.team import Scope
    from nereid.models.user import AppNotification, ContactInfo, Device, User


class UserStore(Protocol):
    """Users and their contact infos."""

    def get(self, scope: Scope, user_id: str) -> User | None:
        """Return a user without contact infos (one read of one item)."""
        ...

    def load(self, scope: Scope, user_id: str) -> User | None:
        """Return a user with all contact infos, in order of creation (one query)."""
        ...

    def create(self, scope: Scope, user: User) -> None:
        """Store a new user; `AlreadyExists` if there is one with the id."""
        ...

    def update(self, scope: Scope, user: User) -> None:
        """Store a user read before, with `version` as read; `Conflict` if it was written or deleted since."""
        ...

    def delete(self, scope: Scope, user_id: str) -> None:
        """Delete a user with everything that belongs to it; `NotFound` if there is none."""
        ...

    def purge(self, scope: Scope, user_id: str, generation: str | None = None) -> None:
        """Delete everything of an id but the user's record itself; of one generation, if one is named."""
        ...

    def some(self, scope: Scope, limit: int) -> list[str]:
        """Return the ids of some users, in no order; one that was deleted just now may be among them."""
        ...

    def forget_counts(self, scope: Scope) -> None:
        """Forget how many users an environment has, once it has none."""
        ...

    def page(self, scope: Scope, page: int, per_page: int) -> tuple[list[User], int]:
        """Return one page of users, newest created first, and how many there are."""
        ...

    def put_contact_info(self, scope: Scope, user: User, contact: ContactInfo, *, new: bool) -> None:
        """Add (`new`) or replace a contact info of a user.

        `AlreadyExists` if it is new and the pair is there; `Conflict` if the one to replace, with `version` as
        read, was written or deleted since; `NotFound` if the user is gone.
        """
        ...

    def delete_contact_info(self, scope: Scope, user: User, contact: ContactInfo) -> None:
        """Delete a contact info of this very user; no error if it is gone already."""
        ...


class WholeUserStore(UserStore, Protocol):
    """Users whose record and contact infos are written together."""

    def save(self, scope: Scope, user: User, put: Sequence[ContactInfo], removed: Sequence[ContactInfo] = ()) -> None:
        """Store a user as :meth:`update` does, together with changes of the contact infos, all or nothing.

        `Conflict` also if a contact info that is new was added by another.
        """
        ...


class IdentityStore(Protocol):
    """Which users anonymous ids reach."""

    def link_of(self, scope: Scope, anonymous_id: str) -> Link | None:
        """Return the link of an anonymous id; None if the id is unknown."""
        ...

    def create_profile(self, scope: Scope, anonymous_id: str, profile: User, used_at: datetime | None = None) -> None:
        """Store the profile of an anonymous id and link the id to it, noting when it was used if it is to expire.

        `AlreadyExists` if there is one, or the id is linked to another user.
        """
        ...

    def link(self, scope: Scope, anonymous_id: str, user: User, used_at: datetime | None = None) -> None:
        """Link an unknown anonymous id to a user, noting when it was used if it is a profile that is to expire.

        `AlreadyExists` if it is linked, or has a profile that is another user; or if the user is gone.
        """
        ...

    def note_use(self, scope: Scope, anonymous_id: str, link: Link, at: datetime) -> None:
        """Note that a profile is used; `Conflict` if its link has changed since it was read."""
        ...

    def absorb(self, scope: Scope, anonymous_id: str, profile: User, user: User, *, is_new: bool) -> Link:
        """Put a user in the place of a profile: store it, link the anonymous id to it, delete the profile's record.

        All or nothing; `Conflict` if the profile or the user was written since it was read, or the id was linked
        elsewhere. The profile's other items stay for :meth:`finish`.
        """
        ...

    def finish(self, scope: Scope, anonymous_id: str, link: Link, merging: Merging) -> None:
        """Move the remaining items of an absorbed profile to the user. May be repeated, also at the same time."""
        ...


class Merging(Protocol):
    """Which of two records stays when a user absorbs a profile. The core has the rule, a store asks for it."""

    def contact(self, user: User, arriving: ContactInfo) -> ContactInfo | None:
        """Return a contact info as it arrives at the user; None if the user's own of that address stays."""
        ...

    def device(self, own: Device | None, arriving: Device) -> Device:
        """Return the device that the user has then, from its own of that id and the arriving one."""
        ...


class IdleProfile(NamedTuple):
    """A profile that was not used for long, by what its link says."""

    anonymous_id: str
    used_at: datetime


class IdleProfiles(Protocol):
    """The profiles that may expire, found by when they were used last."""

    def idle(self, scope: Scope, before: datetime, turn: int) -> Iterator[IdleProfile]:
        """Yield profiles that were not used since a moment; some may have been used, or be gone.

        Parameters
        ----------
        turn
            Which part of an environment's profiles is looked through; consecutive numbers go through all.
        """
        ...

    def load(self, scope: Scope, profiles: Sequence[IdleProfile]) -> list[User | None]:
        """Return the users that the profiles are, with contact infos."""
        ...

    def keep(self, scope: Scope, profiles: Sequence[tuple[IdleProfile, datetime]]) -> None:
        """Have profiles count as used at a moment, unless their links have changed."""
        ...

    def expire(self, scope: Scope, profiles: Sequence[tuple[IdleProfile, User | None]]) -> int:
        """Delete profiles with all that is theirs; return how many users were deleted.

        A profile stays whose record or link has changed since it was read. What a deletion left that broke off goes as
        well: such a profile has no user any more.
        """
        ...


class DeviceChange(NamedTuple):
    """The changes of one user by a registration. The user is as it was read, with its contact infos."""

    user: User
    contacts: Sequence[ContactInfo] = ()
    removed_contacts: Sequence[ContactInfo] = ()
    devices: Sequence[Device] = ()
    removed_devices: Sequence[Device] = ()


class TokenHolder(NamedTuple):
    """A user that has a push token, as it was read."""

    user: User
    contact: ContactInfo
    #: The devices of the user that have the token.
    devices: Sequence[Device]


class DeviceStore(Protocol):
    """Devices of users and the tokens that reach them."""

    def devices(self, scope: Scope, user: User) -> list[Device]:
        """Return the devices of a user."""
        ...

    def holding(self, scope: Scope, token: str, at_most: int) -> list[str]:
        """Return the ids of users that have a token; some may have lost it, or be deleted."""
        ...

    def holder(self, scope: Scope, user_id: str, token: str) -> TokenHolder | None:
        """Return a user that has a token, with its devices (one query); None if it has not, or there is none."""
        ...

    def last_registration(self, scope: Scope, token: str) -> str | None:
        """Return the id of the last registration of a token; None if it was long ago or there was none."""
        ...

    def save(self, scope: Scope, changes: Sequence[DeviceChange]) -> None:
        """Store changes of users, all or nothing; `Conflict` if one of them was written since it was read."""
        ...

    def save_with_token(
        self,
        scope: Scope,
        changes: Sequence[DeviceChange],
        token: str,
        registration: str,
        after: str | None,
        now: datetime,
    ) -> None:
        """Store changes as :meth:`save` does; `Conflict` also if `after` is no longer the token's last registration."""
        ...


class AddressedUserStore(UserStore, Protocol):
    """Users, found by their addresses."""

    def holding(self, scope: Scope, type_: str, value: str) -> list[str]:
        """Return the ids of the owners of an address, the first owner first.

        Some may have lost it, or be deleted: the caller reads the users.
        """
        ...

    def address_stamp(self, scope: Scope, type_: str, value: str) -> str | None:
        """Return the stamp, which changes whenever an address gets an owner; read it before `holding`."""
        ...

    def create_with_contact(self, scope: Scope, user: User, contact: ContactInfo, stamp: str | None) -> None:
        """Store a new user with an address; `Conflict` if somebody came to have it since the stamp was read."""
        ...


class Settled(NamedTuple):
    """The stored state of an event that is subject to a rule."""

    #: It was settled before.
    done: bool
    #: The message that an order was counted for.
    order_message_id: str | None
    #: Without contact infos.
    user: User | None


class Settlement(NamedTuple):
    """The writes of an accepted event, all at once."""

    message_id: str
    #: The order that from now on counts as confirmed.
    order_id: str | None = None
    #: The user as it is to be, with the version as read; None if nothing changes.
    user: User | None = None
    #: An address that the user is given, and its stamp as read before it was found free.
    contact: ContactInfo | None = None
    stamp: str | None = None


class EventLedger(Protocol):
    """Which events were settled, so that each is settled once."""

    def read(self, scope: Scope, message_id: str, user_id: str, order_id: str | None) -> Settled:
        """Return the stored state, read so that every settlement is seen."""
        ...

    def settle(self, scope: Scope, settlement: Settlement) -> None:
        """Write all of it or, with `Conflict`, nothing: it was settled before, or its base has changed."""
        ...


ReadState = Literal["all", "unread", "read"]


class InboxPage(NamedTuple):
    """A page of a user's notifications."""

    notifications: list[AppNotification]
    #: How many the state selects.
    total: int
    #: How many are unread, whatever was selected.
    unread: int
    #: The id of the notification that the next page goes on from; None on the last one.
    next_before: str | None


class Inbox(Protocol):
    """App notifications of users."""

    def put(self, scope: Scope, notification: AppNotification) -> None:
        """Store a notification unless it is there already.

        `NotFound` if it is for an anonymous profile that is gone.
        """
        ...

    def has(self, scope: Scope, user_id: str, uuid: str, created_at: datetime) -> bool:
        """Tell whether a notification is in a user's inbox, read so that an answered write is seen."""
        ...

    def delete_many(self, scope: Scope, user_id: str, uuids: Sequence[str], created_at: datetime) -> None:
        """Delete notifications of a user that were made at a moment."""
        ...

    def unread_before(
        self, scope: Scope, user_id: str, before: str | None, limit: int
    ) -> tuple[list[AppNotification], str | None]:
        """Return unread notifications, newest first, from before a position, and the position to go on before."""
        ...

    def page(
        self,
        scope: Scope,
        user_id: str,
        state: ReadState,
        page: int,
        per_page: int,
        position: Position | None = None,
        *,
        oldest_first: bool,
    ) -> InboxPage:
        """Return one page of a user's notifications, and how many there are.

        Counting takes one read unit for about every 20 notifications in the states that are counted.

        Parameters
        ----------
        position
            Where the list begins, behind this notification, which need not be in it; None for its beginning.
        """
        ...

    def after(self, scope: Scope, user_id: str, position: Position | None, limit: int) -> list[AppNotification]:
        """Return the first notifications of a user behind a position, oldest first, and nothing of how many more."""
        ...

    def numbered(self, scope: Scope, user_id: str, number: int) -> list[Position]:
        """Return the unread notifications of a user with a number, of the newest ten thousand."""
        ...

    def mark_read(self, scope: Scope, user_id: str, uuid: str, created_at: datetime, at: datetime) -> bool:
        """Mark one as read; True if it was unread, False if it was read before, `NotFound` if it is not there."""
        ...

    def mark_all_read(self, scope: Scope, user_id: str, at: datetime) -> int:
        """Mark all unread ones of a user as read; return how many went from unread to read.

        `Unavailable` if there are more than one call has the time for: the marked ones stay so, and a repetition
        continues from there and counts its own marks.
        """
        ...


class Position(NamedTuple):
    """A notification's place among those of its user."""

    created_at: datetime
    uuid: str


class PushTokens(Protocol):
    """Push tokens that users hold, for when the provider stops taking one."""

    def may_revive(self, scope: Scope, token: str) -> bool:
        """Tell whether a disabled token is to be enabled again.

        False once it was, until the token is registered anew: then the provider means it.
        """
        ...

    def note_revived(self, scope: Scope, token: str) -> None:
        """Note that a disabled token was enabled again."""
        ...

    def drop(self, scope: Scope, token: str) -> None:
        """Remove a token from every user that has it."""
        ...

    def refused(self, scope: Scope, token: str, at: datetime) -> None:
        """Drop a token that the platform refused, if it had been enabled again by then: then the provider means it."""
        ...


class PushEndpoints(Protocol):
    """The provider's names for devices, by the application that serves them and the push token."""

    def get(self, scope: Scope, application: str, token: str) -> str | None:
        """Return the endpoint that is kept; the provider may have deleted it since."""
        ...

    def keep(self, scope: Scope, application: str, token: str, endpoint: str) -> None:
        """Keep the endpoint of a token, in the place of the one that was kept before."""
        ...

    def forget(self, scope: Scope, application: str, token: str) -> None:
        """Keep the endpoint of a token no longer."""
        ...
