"""What is done to a user who is deleted meanwhile is done anew, to the user that the ids reach then."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.audience.identify_user import identify_user
from nereid.core.audience.register_device import Devices
from nereid.core.audience.users import new_user
from nereid.errors import Conflict
from nereid.models.operation import Traits
from nereid.models.team import Scope
from nereid.models.user import Device, User
from tests.support.virtual_time import VirtualTime

SCOPE = Scope("t", "dev")
AT = datetime(2026, 1, 31, tzinfo=UTC)
WHO: Any = None


class Deleted:
    """Identities whose first user is gone as soon as it was found."""

    def __init__(self) -> None:
        self.found = 0
        self.written: list[str] = []
        self.clock = SimpleNamespace(now=lambda: AT)
        self.users = self

    def find_or_create(self, *_: Any, **__: Any) -> Any:
        self.found += 1
        return new_user(f"u{self.found}", AT, {})

    def load(self, _scope: Scope, user_id: str) -> Any:
        return None if user_id == "u1" else new_user(user_id, AT, {})

    def __getattr__(self, name: str) -> Any:
        def write(_scope: Scope, user: User, *_: Any) -> None:
            if user.user_id == "u1":
                raise Conflict
            self.written.append(name)

        return write


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    VirtualTime(monkeypatch)


def test_identify() -> None:
    identities: Any = Deleted()
    identify_user(identities, SCOPE, WHO, Traits(email="sam@example.com"))
    assert identities.found == 2
    assert len(identities.written) == 1


def test_register_device() -> None:
    identities: Any = Deleted()
    saved: list[Any] = []
    store: Any = SimpleNamespace(devices=lambda *_: [], save=lambda *given: saved.append(given))
    device = Device(device_id="d", os="iOS", model="m", app_build="1", app_version="1", created_at=AT, updated_at=AT)
    Devices(store, identities).register(SCOPE, WHO, device)
    assert identities.found == 2
    assert len(saved) == 1
