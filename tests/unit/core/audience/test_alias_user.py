"""What becomes of a profile that an anonymous id reaches, or does not reach any more, when it gets a user."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.audience.alias_user import alias_user
from nereid.core.audience.client_identities import Identities
from nereid.core.audience.users import new_user
from nereid.models.operation import Link
from nereid.models.team import Scope
from nereid.models.user import profile_id

SCOPE = Scope("t", "dev")
NOW = datetime(2026, 1, 31, tzinfo=UTC)
PROFILE = new_user(profile_id("a"), NOW, {})
LINK = Link(profile_id("a"), None)


@pytest.mark.parametrize(
    ("profile", "link", "done"),
    [
        (None, None, ["link"]),
        (PROFILE, LINK, ["absorb", "finish"]),
        (PROFILE, None, ["absorb", "finish"]),
        (None, LINK, ["new profile", "absorb", "finish"]),
        (PROFILE, Link("u", None), []),
    ],
)
def test_a_profile_becomes_the_user_and_an_id_without_one_is_linked(profile: Any, link: Any, done: list[str]) -> None:
    calls: list[str] = []

    def noted(name: str, answer: Any = None) -> Any:
        def note(*_: object, **__: object) -> Any:
            calls.append(name)
            return answer

        return note

    users: Any = SimpleNamespace(
        get=lambda _, user_id: profile if user_id == profile_id("a") else None, create=lambda *_: None
    )
    store: Any = SimpleNamespace(
        link_of=lambda *_: link,
        create_profile=noted("new profile"),
        link=noted("link"),
        absorb=noted("absorb"),
        finish=noted("finish"),
    )
    clock: Any = SimpleNamespace(now=lambda: NOW)
    identities = Identities(store, users, clock)
    alias_user(identities, SCOPE, "a", "u")
    assert calls == done
