"""Link an anonymous id to a known user, once, and give that user the anonymous profile's data."""

from nereid.contention import until_uncontested
from nereid.core.audience.client_identities import Identities
from nereid.core.audience.merge import Merging, combined, renamed
from nereid.errors import AlreadyExists, Conflict, NotFound
from nereid.models.team import Scope
from nereid.models.user import anonymous_id_of, profile_id


def alias_user(identities: Identities, scope: Scope, anonymous_id: str, external_id: str) -> None:
    """Link an anonymous id to the user with the external id; absorb its profile if it has one.

    Nothing happens if the id is linked to a user already: two people are never merged, however often and with
    whatever ids this is asked for. An external id in the form of a profile's user_id names no person, so nothing
    happens then either. Safe to repeat, and to be repeated when it raises: it finishes an earlier run.

    Raises
    ------
    Unavailable
        If a store failed, or others kept writing the same users.
    """
    if anonymous_id_of(external_id) is not None:
        return
    until_uncontested(
        "user",
        lambda: _alias(identities, scope, anonymous_id, external_id),
        again=(AlreadyExists, Conflict, NotFound),
    )


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
    successor = renamed(profile, external_id) if user is None else combined(profile, user, now)
    turned = identities.store.absorb(scope, anonymous_id, profile, successor, is_new=user is None)
    identities.store.finish(scope, anonymous_id, turned, Merging())
