"""Contact infos: the addresses of a user. (type, value) is unique under a user."""

from collections.abc import Mapping
from typing import Any

from nereid import jsontext
from nereid.contention import until_uncontested
from nereid.core.audience.crowding import least_vouched
from nereid.core.audience.token_owners import TokenOwners
from nereid.core.audience.users import merged
from nereid.errors import AlreadyExists, Conflict, Invalid, NotFound
from nereid.models.addresses import normal, why_unreachable
from nereid.models.team import Scope
from nereid.models.user import MAX_CONTACT_INFOS, MAX_CONTACT_METAS_BYTES, ContactInfo, ContactType, User
from nereid.ports.audience import DeviceChange, UserStore
from nereid.ports.clock import Clock


def add_contact_info(
    users: UserStore,
    clock: Clock,
    scope: Scope,
    user_id: str,
    type_: ContactType,
    value: str,
    filterable: str | None,
    meta: Mapping[str, Any],
    *,
    country: str | None = None,
    tokens: TokenOwners | None = None,
) -> ContactInfo:
    """Add an address to a user, in normal form. A push token is taken from every other user.

    Parameters
    ----------
    country
        ISO code of the country of phone numbers that name none.
    tokens
        Gives push tokens; None where the address is none.

    Raises
    ------
    NotFound
        If there is no such user.
    AlreadyExists
        If the user has this address already, and not only an app's public key says so.
    Invalid
        On `value`, if nobody can be reached there, or the user has as many as one can have.
    Unavailable
        If others kept giving the same push token at the same time.
    """
    value = normal(type_, value, country)
    changes = {"filterable": filterable, "meta": meta}

    def attempt() -> ContactInfo | None:
        user = _load(users, scope, user_id)
        known = user.contact_info(type_, value)
        if known is None:
            return _add(users, clock, scope, user, type_, value, changes, tokens)
        if known.verified is not False:
            raise AlreadyExists("contact info")
        return None

    added = until_uncontested("contact info", attempt)
    # To who adds what only an app said before, it is new.
    return added or put_contact_info(users, clock, scope, user_id, type_, value, changes, tokens=tokens)


def put_contact_info(
    users: UserStore,
    clock: Clock,
    scope: Scope,
    user_id: str,
    type_: ContactType,
    value: str,
    changes: Mapping[str, Any],
    *,
    country: str | None = None,
    tokens: TokenOwners | None = None,
) -> ContactInfo:
    """Add an address to a user, or change the one that is there, however it is spelled.

    Parameters
    ----------
    changes
        `filterable` and `meta`, each only if it was given.
    country, tokens
        As for adding.

    Raises
    ------
    NotFound, Invalid
        As for adding.
    Unavailable
        If others kept writing the same contact info at the same time.
    """
    value = normal(type_, value, country)

    def attempt() -> ContactInfo:
        user = _load(users, scope, user_id)
        known = user.contact_info(type_, value)
        if known is None:
            return _add(users, clock, scope, user, type_, value, changes, tokens)
        changed = known.model_copy(
            update={
                "filterable": changes.get("filterable", known.filterable),
                "meta": merged(known.meta, changes.get("meta", {})),
                "updated_at": clock.now(),
                "verified": True,
                # A push token that is registered anew: should it be disabled again, it is worth another try.
                "revived_at": None,
            }
        )
        _require_room(user, changed)
        _store(users, scope, user, changed, tokens, new=False)
        return changed

    # Another call may have added, changed or deleted it since it was looked for.
    return until_uncontested("contact info", attempt, again=(AlreadyExists, Conflict))


def delete_contact_info(
    users: UserStore, scope: Scope, user_id: str, type_: ContactType, value: str, country: str | None = None
) -> None:
    """Delete an address of a user, however it is spelled; `NotFound` if there is no such user or address."""
    user = _load(users, scope, user_id)
    contacts = user.contact_infos_of(type_, normal(type_, value, country)) or user.contact_infos_of(type_, value)
    if not contacts:
        raise NotFound("contact info")
    for contact in contacts:
        users.delete_contact_info(scope, user, contact)


def _load(users: UserStore, scope: Scope, user_id: str) -> User:
    user = users.load(scope, user_id)
    if user is None:
        raise NotFound("user")
    return user


def _add(
    users: UserStore,
    clock: Clock,
    scope: Scope,
    user: User,
    type_: ContactType,
    value: str,
    changes: Mapping[str, Any],
    tokens: TokenOwners | None,
) -> ContactInfo:
    if not value or why_unreachable(type_, value) is not None:
        raise Invalid({"value": "value is not valid"})
    gone = least_vouched(user.contact_infos) if len(user.contact_infos) >= MAX_CONTACT_INFOS else None
    if gone is None and len(user.contact_infos) >= MAX_CONTACT_INFOS:
        raise Invalid({"value": f"a user can have at most {MAX_CONTACT_INFOS} contact infos"})
    now = clock.now()
    contact = ContactInfo(
        type=type_,
        value=value,
        filterable=changes.get("filterable"),
        meta=merged({}, changes.get("meta", {})),
        created_at=now,
        updated_at=now,
        verified=True,
    )
    _require_room(user, contact)
    if gone is not None:
        users.delete_contact_info(scope, user, gone)
    _store(users, scope, user, contact, tokens, new=True)
    return contact


def _store(
    users: UserStore, scope: Scope, user: User, contact: ContactInfo, tokens: TokenOwners | None, *, new: bool
) -> None:
    if tokens is not None and contact.type == "firebase_token":
        tokens.give(scope, DeviceChange(user, contacts=[contact]), contact.value)
    else:
        users.put_contact_info(scope, user, contact, new=new)


def _require_room(user: User, contact: ContactInfo) -> None:
    """Raise `Invalid` on `meta` if the contact infos of a user would be more than one answer can show."""
    others = [each for each in user.contact_infos if each.key != contact.key]
    if sum(jsontext.size(jsontext.dumps(each.meta)) for each in [*others, contact]) > MAX_CONTACT_METAS_BYTES:
        raise Invalid({"meta": "meta is not valid"})
