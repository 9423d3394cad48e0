"""Users known by their e-mail address. If several share one, the one that had it first is meant."""

import uuid
from collections.abc import Mapping
from typing import Any

from nereid.contention import until_uncontested
from nereid.core.audience.users import new_user
from nereid.core.audience.vibetrace.user_attributes import with_changes
from nereid.errors import AlreadyExists, Invalid, NotFound
from nereid.models.addresses import normal, why_unreachable
from nereid.models.team import Scope
from nereid.models.user import ContactInfo, User
from nereid.ports.audience import AddressedUserStore
from nereid.ports.clock import Clock


def user_by_email(users: AddressedUserStore, scope: Scope, email: str) -> User:
    """Return the user with this address, with contact infos; `NotFound` if there is none."""
    user = holder(users, scope, email)
    if user is None:
        raise NotFound("user")
    return user


def holder(users: AddressedUserStore, scope: Scope, email: str) -> User | None:
    """Return the user with this address, in any spelling, with contact infos."""
    for user_id in users.holding(scope, "email", email):
        user = users.load(scope, user_id)
        if user is not None and user.contact_info("email", email):
            return user
    return None


def create_user_with_email(
    users: AddressedUserStore, clock: Clock, scope: Scope, email: str, attributes: Mapping[str, Any]
) -> User:
    """Create a user with an address that nobody has.

    Raises
    ------
    AlreadyExists
        If somebody has it, also if they came to have it at this moment.
    Invalid
        If it is no address, or on the attributes.
    """
    email = normal("email", email)
    if why_unreachable("email", email) is not None:
        raise Invalid({"email": "is not an e-mail address"})
    meta = with_changes({}, attributes)

    def attempt() -> User:
        stamp = users.address_stamp(scope, "email", email)
        if holder(users, scope, email):
            raise AlreadyExists("user")
        now = clock.now()
        contact = ContactInfo(type="email", value=email, created_at=now, updated_at=now, verified=True)
        user = new_user(str(uuid.uuid4()), now, meta)
        users.create_with_contact(scope, user, contact, stamp)
        return user.model_copy(update={"contact_infos": [contact]})

    return until_uncontested("address", attempt)


def update_user_with_email(
    users: AddressedUserStore, clock: Clock, scope: Scope, email: str, attributes: Mapping[str, Any]
) -> User:
    """Merge attributes into the user with this address; no attributes, no change.

    Raises
    ------
    NotFound
        If nobody has the address.
    Invalid
        On the attributes.
    """
    with_changes({}, attributes)  # values that are always invalid are refused before any user is looked up

    def attempt() -> User:
        user = user_by_email(users, scope, email)
        if not attributes:
            return user
        meta = with_changes(user.meta, attributes)
        changed = user.model_copy(update={"meta": meta, "updated_at": clock.now()})
        users.update(scope, changed)
        return changed

    return until_uncontested("user", attempt)


def put_user_with_email(
    users: AddressedUserStore, clock: Clock, scope: Scope, email: str, attributes: Mapping[str, Any]
) -> tuple[User, bool]:
    """Merge attributes into the user with this address, or create it; return whether it was created.

    Raises
    ------
    Invalid
        If nobody has the address and it is none, or on the attributes.
    """

    def attempt() -> tuple[User, bool]:
        try:
            return update_user_with_email(users, clock, scope, email, attributes), False
        except NotFound:
            return create_user_with_email(users, clock, scope, email, attributes), True

    # Created by another call in between, it is updated after all.
    return until_uncontested("user", attempt, again=(AlreadyExists,))
