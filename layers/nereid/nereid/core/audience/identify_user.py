"""Set a user's traits for a client."""

from collections.abc import Mapping, Sequence
from typing import Any

from nereid import jsontext
from nereid.contention import until_uncontested
from nereid.core.audience.client_identities import Identities
from nereid.core.audience.crowding import least_vouched
from nereid.logs import logger
from nereid.models.addresses import normal
from nereid.models.operation import Traits, Unvouched, Who
from nereid.models.team import Scope
from nereid.models.user import MAX_CONTACT_INFOS, MAX_META_BYTES, ContactInfo, ContactType, User

#: Marks the contact infos that identify made; it changes and removes no others.
ORIGIN = "identify"
_CONTACTS: dict[str, ContactType] = {"email": "email", "phone": "mobile_number"}


def identify_user(
    identities: Identities,
    scope: Scope,
    who: Who,
    traits: Traits,
    unvouched: Sequence[Unvouched] = (),
    operation_id: str | None = None,
    *,
    country: str | None = None,
) -> User:
    """Find or create the user and set the given traits; the others stay. Return the user as it was found.

    Addresses are stored in normal form, also those that reach nobody.

    An address for which only a public key vouches is not verified, and takes the place of none that is.

    Safe to repeat. The record and the contact infos are written together or not at all.

    Parameters
    ----------
    country
        ISO code of the country of phone numbers that name none.

    Raises
    ------
    Unavailable
        If a store failed, or others kept writing the same user.
    """
    given = {name: getattr(traits, name) for name in traits.model_fields_set}
    given |= {name: normal(type_, given[name], country) or None for name, type_ in _CONTACTS.items() if given.get(name)}

    names_contacts = any(name in given for name in _CONTACTS)

    def attempt() -> User:
        user = identities.find_or_create(scope, who, operation_id, with_contacts=names_contacts)
        _apply(identities, scope, user, given, unvouched)
        return user

    return until_uncontested("user", attempt)


def _apply(
    identities: Identities, scope: Scope, user: User, given: Mapping[str, Any], unvouched: Sequence[Unvouched]
) -> None:
    named = [(type_, given[name] or None, name not in unvouched) for name, type_ in _CONTACTS.items() if name in given]
    changes: dict[str, Any] = {name: given[name] for name in ("timezone", "locale") if name in given}
    changes["updated_at"] = identities.clock.now()
    changes["meta"] = _merged(user, given.get("data") or {})
    put: list[ContactInfo] = []
    removed: list[ContactInfo] = []
    for type_, value, verified in named:
        _replace(identities, user, type_, value, put, removed, verified=verified)
    changed = user.model_copy(update=changes)
    if put or removed:
        identities.users.save(scope, changed, put, removed)
    else:
        # The record alone needs no transaction, which would cost twice as much.
        identities.users.update(scope, changed)


def _merged(user: User, data: Mapping[str, Any]) -> dict[str, Any]:
    """Merge shallowly; a null is a value. Data that would make the record too large is dropped as a whole."""
    merged = {**user.meta, **data}
    if data and jsontext.size(merged) > MAX_META_BYTES:
        logger.warning("data dropped: the user would be too large", extra={"bytes": jsontext.size(merged)})
        return user.meta
    return merged


def _replace(
    identities: Identities,
    user: User,
    type_: ContactType,
    value: str | None,
    put: list[ContactInfo],
    removed: list[ContactInfo],
    *,
    verified: bool,
) -> None:
    """Have the address of a type that identify owns be this one, or none; verified ones stay beside one that is not."""
    there = user.contact_info(type_, value) if value is not None else None
    owned = [contact for contact in user.contact_infos if contact.type == type_ and contact.origin == ORIGIN]
    removed += [contact for contact in owned if contact is not there and (verified or not contact.verified)]
    now = identities.clock.now()
    if there is not None and there.verified is False and verified:
        put.append(there.model_copy(update={"verified": True, "updated_at": now}))
    if value is None or there is not None:
        return
    if len(user.contact_infos) + len(put) - len(removed) >= MAX_CONTACT_INFOS:
        gone = least_vouched([each for each in user.contact_infos if each not in removed]) if verified else None
        if gone is None:
            logger.warning("contact info dropped: the user has as many as one can have", extra={"type": type_})
            return
        removed.append(gone)
    put.append(ContactInfo(type=type_, value=value, origin=ORIGIN, verified=verified, created_at=now, updated_at=now))
