"""Users: create, change, delete. One model for every API that names a user."""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from nereid import jsontext
from nereid.errors import AlreadyExists, Conflict, Invalid, NotFound, Unavailable
from nereid.models.team import Scope
from nereid.models.user import MAX_META_BYTES, User
from nereid.ports.audience import UserStore
from nereid.ports.clock import Clock

_ATTEMPTS = 10
#: Longest pause before another attempt, in seconds.
_LONGEST_PAUSE = 0.2


def attempts() -> Iterator[None]:
    """Yield once per attempt at a write that others get in the way of, after a pause of random length."""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, min(0.005 * 2**attempt, _LONGEST_PAUSE)))  # noqa: S311 - no secret
        yield


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


def fits(meta: Mapping[str, Any]) -> bool:
    """Tell whether a record can hold free-form values; nulls are never stored."""
    return jsontext.size(_without_nulls(meta)) <= MAX_META_BYTES


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def create_or_update_user(users: UserStore, clock: Clock, scope: Scope, user_id: str, meta: Mapping[str, Any]) -> User:
    """Create a user, or merge `meta` into the one with this id."""
    for _ in attempts():
        user = new_user(user_id, clock.now(), meta=merged({}, meta))
        try:
            users.create(scope, user)
            return user
        except AlreadyExists:
            pass
        try:
            return update_user(users, clock, scope, user_id, meta)
        except NotFound:
            continue  # deleted in between: create it after all
    raise Unavailable("user is being created and deleted at the same time")


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
    for _ in attempts():
        user = users.get(scope, user_id)
        if user is None:
            raise NotFound("user")
        changed = user.model_copy(update={**change(user), "updated_at": clock.now()})
        try:
            users.update(scope, changed)
        except Conflict:
            continue
        return changed
    raise Unavailable("user is written by many at once")
