"""Merging free-form values, and what is done when others keep writing the same record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nereid import contention, jsontext
from nereid.core.audience.contact_infos import put_contact_info
from nereid.core.audience.users import create_or_update_user, merged, new_user, update_user
from nereid.errors import AlreadyExists, Conflict, Invalid, NotFound, Unavailable
from nereid.models.team import Scope
from nereid.models.user import MAX_META_BYTES, User, fits
from nereid.ports.audience import UserStore

SCOPE = Scope("team", "dev")
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=5,
)
OBJECTS = st.dictionaries(st.text(max_size=2), VALUES, max_size=5)


class Clock:
    def now(self) -> datetime:
        return NOW


class Contended:
    """A store in which somebody else always comes first."""

    def __init__(self, user: User | None) -> None:
        self.user = user
        self.attempts = 0

    def get(self, *_: Any) -> User | None:
        return self.user

    load = get

    def update(self, *_: Any) -> NoReturn:
        self.attempts += 1
        raise Conflict

    def create(self, *_: Any) -> NoReturn:
        raise AlreadyExists

    def put_contact_info(self, *_: Any, new: bool) -> NoReturn:
        self.attempts += 1
        raise AlreadyExists if new else Conflict


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention, "_LONGEST_PAUSE", 0)


@given(OBJECTS, OBJECTS)
def test_given_keys_replace_nulls_remove_and_others_stay(meta: dict[str, Any], changes: dict[str, Any]) -> None:
    result = merged(meta, changes)
    for key in {*meta, *changes}:
        expected = changes[key] if key in changes else meta[key]
        assert result.get(key) == expected
        # A null that another API has stored as a value is one.
        assert (key in result) is (key not in changes or expected is not None)


@given(OBJECTS, OBJECTS)
def test_merging_again_changes_nothing(meta: dict[str, Any], changes: dict[str, Any]) -> None:
    once = merged(meta, changes)
    assert merged(once, changes) == once


def test_nulls_do_not_count_towards_the_limit() -> None:
    full = {"k": "x" * (MAX_META_BYTES - len('{"k":""}'))}
    assert jsontext.size(full) == MAX_META_BYTES
    assert fits({**full, "gone": None})
    assert not fits({"k": full["k"] + "x"})
    with pytest.raises(Invalid) as error:
        merged(full, {"more": 1})
    assert list(error.value.problems) == ["meta"]


def test_a_user_who_is_written_by_many_is_given_up_after_some_attempts() -> None:
    store: Any = Contended(new_user("u", NOW))
    users: UserStore = store
    with pytest.raises(Unavailable):
        update_user(users, Clock(), SCOPE, "u", {})
    assert store.attempts == 10


def test_a_user_who_comes_and_goes_is_given_up() -> None:
    users: Any = Contended(None)
    with pytest.raises(Unavailable):
        create_or_update_user(users, Clock(), SCOPE, "u", {})


def test_an_unknown_user_is_not_tried_again() -> None:
    users: Any = Contended(None)
    with pytest.raises(NotFound):
        update_user(users, Clock(), SCOPE, "u", {})


def test_a_contact_info_that_is_written_by_many_is_given_up_after_some_attempts() -> None:
    users: Any = Contended(new_user("u", NOW))
    with pytest.raises(Unavailable):
        put_contact_info(users, Clock(), SCOPE, "u", "email", "a@example.com", {})
    assert users.attempts == 10
