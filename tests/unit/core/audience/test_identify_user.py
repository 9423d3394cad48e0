"""How many contact infos identify leaves a user with, and which of them it removes."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.audience.identify_user import ORIGIN, _replace
from nereid.core.audience.users import new_user
from nereid.models.user import MAX_CONTACT_INFOS, ContactInfo

NOW = datetime(2026, 1, 31, tzinfo=UTC)
IDENTITIES: Any = SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW))


def contact(value: str, origin: str | None = None) -> ContactInfo:
    return ContactInfo(type="email", value=value, origin=origin, created_at=NOW, updated_at=NOW)


@pytest.mark.parametrize(
    ("others", "owned", "already_put", "added"),
    [
        (MAX_CONTACT_INFOS - 1, 0, 0, True),
        (MAX_CONTACT_INFOS, 0, 0, False),
        (MAX_CONTACT_INFOS - 1, 1, 0, True),
        (MAX_CONTACT_INFOS - 1, 0, 1, False),
        (MAX_CONTACT_INFOS - 2, 0, 1, True),
    ],
)
def test_a_new_address_takes_the_place_of_the_one_that_identify_owns(
    others: int,
    owned: int,
    already_put: int,
    added: bool,  # noqa: FBT001
) -> None:
    there = [contact(f"{number}@example.com") for number in range(others)]
    there += [contact("old@example.com", ORIGIN)] * owned
    user = new_user("u", NOW, {}).model_copy(update={"contact_infos": there})
    put, removed = [contact("put@example.com")] * already_put, list[ContactInfo]()
    _replace(IDENTITIES, user, "email", "new@example.com", put, removed, verified=True)
    assert [each.value for each in put[already_put:]] == (["new@example.com"] if added else [])
    assert len(removed) == owned


@pytest.mark.parametrize(
    ("mark", "verified", "removed"),
    [
        *((mark, True, True) for mark in (True, False, None)),
        *((False, False, True), (True, False, False)),
        # Of an earlier release: nobody knows who gave it, and so it is replaced as it always was.
        (None, False, True),
    ],
)
def test_an_address_is_replaced_unless_it_is_verified_and_the_new_one_is_not(
    mark: bool | None,  # noqa: FBT001
    verified: bool,  # noqa: FBT001
    removed: bool,  # noqa: FBT001
) -> None:
    old = contact("old@example.com", ORIGIN).model_copy(update={"verified": mark})
    user = new_user("u", NOW, {}).model_copy(update={"contact_infos": [old]})
    put, gone = list[ContactInfo](), list[ContactInfo]()
    _replace(IDENTITIES, user, "email", "new@example.com", put, gone, verified=verified)
    assert ([each.verified for each in put], gone) == ([verified], [old] if removed else [])
