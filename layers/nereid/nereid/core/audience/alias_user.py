"""Make an anonymous id reach a known user, once, and give that user what the anonymous profile had."""

import uuid
from datetime import datetime

from nereid import jsontext
from nereid.core.audience.client_identities import Identities
from nereid.core.audience.users import attempts
from nereid.errors import AlreadyExists, Conflict, NotFound, Unavailable
from nereid.models.team import Scope
from nereid.models.user import MAX_META_BYTES, User, anonymous_id_of, profile_id


def alias_user(identities: Identities, scope: Scope, anonymous_id: str, external_id: str) -> None:
    """Link an anonymous id to the user with the external id; absorb its profile if it has one.

    Nothing happens if the id is linked to a user already: two people are never merged, however often and with
    whatever ids this is asked for. An external id in the form of a profile's user_id names no person, so nothing
    happens then either. Safe to repeat, and to be repeated when it raises: what an earlier run left undone is done.

    Raises
    ------
    Unavailable
        If a store failed, or others kept writing the same users.
    """
    if anonymous_id_of(external_id) is not None:
        return
    for _ in attempts():
        try:
            _alias(identities, scope, anonymous_id, external_id)
        except (AlreadyExists, Conflict, NotFound):
            continue
        return
    raise Unavailable("user is written by many at once")


def _alias(identities: Identities, scope: Scope, anonymous_id: str, external_id: str) -> None:
    link = identities.link_of(scope, anonymous_id)
    if link is not None and link.user_id != profile_id(anonymous_id):
        return
    profile = identities.users.get(scope, profile_id(anonymous_id))
    if profile is None and link is None:
        identities.store.link(scope, anonymous_id, identities.external_user(scope, external_id))
        return
    if profile is None:  # deleted just as the id was linked to it
        profile = identities.new_profile(scope, anonymous_id)
    user = identities.users.get(scope, external_id)
    now = identities.clock.now()
    successor = _renamed(profile, external_id) if user is None else _combined(profile, user, now)
    turned = identities.store.absorb(scope, anonymous_id, profile, successor, is_new=user is None)
    identities.store.finish(scope, anonymous_id, turned)


def _renamed(profile: User, user_id: str) -> User:
    return profile.model_copy(update={"user_id": user_id, "generation": uuid.uuid4().hex, "version": 1})


def _combined(profile: User, user: User, now: datetime) -> User:
    """Return the user with what the profile knew and the user does not, as far as it fits in a record."""
    meta = dict(user.meta)
    for key, value in profile.meta.items():
        if key not in meta and jsontext.size({**meta, key: value}) <= MAX_META_BYTES:
            meta[key] = value
    changes = {
        "meta": meta,
        "timezone": user.timezone if user.timezone is not None else profile.timezone,
        "locale": user.locale if user.locale is not None else profile.locale,
        "opens": sorted({*user.opens, *profile.opens}),
        "updated_at": now,
    }
    return user.model_copy(update=changes)
