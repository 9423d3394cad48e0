"""Users: create, change, delete. One model for every API that names a user."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from nereid.contention import until_uncontested
from nereid.errors import AlreadyExists, Invalid, NotFound
from nereid.models.team import Scope
from nereid.models.user import User, fits
from nereid.ports.audience import UserStore
from nereid.ports.clock import Clock


def merged(meta: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Merge free-form values shallowly: nested values are replaced whole, a null removes the key.

    Raises
    ------
    Invalid
        On `meta`, if the result is larger than a record can hold.
    """
    removed = {key for key, value in changes.items() if value is None}
    result = {key: value for key, value in {**meta, **changes}.items() if key not in removed}
    if not fits(result):
        raise Invalid({"meta": "meta is not valid"})
    return result


def create_or_update_user(users: UserStore, clock: Clock, scope: Scope, user_id: str, meta: Mapping[str, Any]) -> User:
    """Create a user, or merge `meta` into the one with this id."""

    def attempt() -> User:
        user = new_user(user_id, clock.now(), meta=merged({}, meta))
        try:
            users.create(scope, user)
        except AlreadyExists:
            return update_user(users, clock, scope, user_id, meta)
        return user

    # Deleted in between, it is created after all.
    return until_uncontested("user", attempt, again=(NotFound,))


def new_user(user_id: str, now: datetime, meta: dict[str, Any] | None = None) -> User:
    """Return a user that is not stored yet."""
    return User(user_id=user_id, meta=meta or {}, created_at=now, updated_at=now, generation=uuid.uuid4().hex)


def update_user(users: UserStore, clock: Clock, scope: Scope, user_id: str, meta: Mapping[str, Any]) -> User:
    """Merge `meta` into a user; `NotFound` if there is none."""
    return change_user(users, clock, scope, user_id, lambda user: {"meta": merged(user.meta, meta)})


def change_user(
    users: UserStore, clock: Clock, scope: Scope, user_id: str, change: Callable[[User], Mapping[str, Any]]
) -> User:
    """Read a user, apply a change, and write it unless somebody else wrote in between; then try again.

    Parameters
    ----------
    change
        Returns the fields to set, given the user as it is. Called once per attempt.

    Raises
    ------
    NotFound
    Unavailable
        If others kept writing the same user at the same time.
    """

    def attempt() -> User:
        user = users.get(scope, user_id)
        if user is None:
            raise NotFound("user")
        changed = user.model_copy(update={**change(user), "updated_at": clock.now()})
        users.update(scope, changed)
        return changed

    return until_uncontested("user", attempt)
