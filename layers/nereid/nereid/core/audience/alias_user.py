"""Link an anonymous id to a known user, once, and give that user the anonymous profile's data."""

from nereid.contention import until_uncontested
from nereid.core.audience.client_identities import Identities
from nereid.errors import AlreadyExists, Conflict, NotFound
from nereid.models.team import Scope
from nereid.models.user import User, anonymous_id_of


def alias_user(
    identities: Identities, scope: Scope, anonymous_id: str, external_id: str, operation_id: str | None = None
) -> User | None:
    """Link an anonymous id to the user with the external id; absorb its profile if it has one.

    Nothing happens if the id is linked to a user already: two people are never merged, however often and with
    whatever ids this is asked for. An external id in the form of a profile's user_id names no person, so nothing
    happens then either. Safe to repeat, and to be repeated when it raises: it finishes an earlier run.
    Return the user with the external id; None if there is none.

    Raises
    ------
    Unavailable
        If a store failed, or others kept writing the same users.
    """
    if anonymous_id_of(external_id) is not None:
        return None
    until_uncontested(
        "user",
        lambda: identities.alias(scope, anonymous_id, external_id, operation_id),
        again=(AlreadyExists, Conflict, NotFound),
    )
    return identities.users.get(scope, external_id) if operation_id is not None else None
