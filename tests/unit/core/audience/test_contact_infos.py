"""How much `meta` the contact infos of a user can have together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nereid.core.audience.contact_infos import _require_room
from nereid.core.audience.users import new_user
from nereid.errors import Invalid
from nereid.models.user import MAX_CONTACT_METAS_BYTES, ContactInfo

NOW = datetime(2026, 1, 31, tzinfo=UTC)
#: What JSON within a string of JSON adds to a text of one member.
FRAME = len(r'"{\"a\":\"\"}"')


def contact(value: str, size: int) -> ContactInfo:
    meta = {"a": "x" * (size - FRAME)}
    return ContactInfo(type="email", value=value, meta=meta, created_at=NOW, updated_at=NOW)


def test_all_contact_infos_together_fit_into_an_answer_and_a_changed_one_counts_once() -> None:
    half = MAX_CONTACT_METAS_BYTES // 2
    user = new_user("u", NOW, {}).model_copy(update={"contact_infos": [contact("a@example.com", half)]})
    _require_room(user, contact("b@example.com", half))
    _require_room(user, contact("A@example.com", 2 * half))
    with pytest.raises(Invalid):
        _require_room(user, contact("b@example.com", half + 1))
    with pytest.raises(Invalid):
        _require_room(user, contact("a@example.com", 2 * half + 1))
