"""How attempts to log in and to register are counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.core.access import accounts
from nereid.core.access.accounts import Accounts
from nereid.errors import TooMany, WrongPassword
from nereid.ports.access import FullWindow

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


class Limits:
    """Counts attempts; windows whose name it is given are full."""

    def __init__(self, **full: FullWindow) -> None:
        self.full = {name.replace("_", "#"): window for name, window in full.items()}
        self.calls: list[Any] = []

    def attempt(self, key: str, most: int, now: datetime, until: datetime) -> FullWindow | None:
        self.calls.append((key, most, until - now))
        return self.full.get(key.rpartition("#")[0])

    def attempt_ended(self, key: str, _now: datetime, *, failed: bool) -> None:
        self.calls.append((key, failed))


class Nobody:
    """Has no account, and tells the time."""

    def account(self, _email: str) -> None: ...

    def now(self) -> datetime:
        return NOW


def built(limits: Limits, pauses: list[float]) -> Accounts:
    fields: dict[str, Any] = {
        "store": Nobody(),
        "limits": limits,
        "clock": Nobody(),
        "sessions": None,
        "pause": pauses.append,
        "registration": "trusted",
    }
    return Accounts(**fields)


def test_a_failed_login_counts_for_the_address_and_the_email(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "verify_password", lambda *_: False)
    limits = Limits()
    with pytest.raises(WrongPassword):
        built(limits, []).log_in("sam@example.com", "x", "192.0.2.1")
    quarter = timedelta(minutes=15)
    assert limits.calls == [
        ("login#email#source#192.0.2.1#sam@example.com", 10, quarter),
        ("login#email#sam@example.com", 100, quarter),
        ("login#address#192.0.2.1", 100, quarter),
        ("login#email#source#192.0.2.1#sam@example.com", True),
        ("login#email#sam@example.com", True),
        ("login#address#192.0.2.1", True),
    ]


def test_a_login_from_an_address_with_too_many_is_none_of_the_emails() -> None:
    limits = Limits(login_address=FullWindow(NOW + timedelta(seconds=90), under_way=False))
    with pytest.raises(TooMany) as raised:
        built(limits, []).log_in("sam@example.com", "x", "192.0.2.1")
    assert raised.value.retry_after == 90
    assert limits.calls[3:] == [
        ("login#email#source#192.0.2.1#sam@example.com", False),
        ("login#email#sam@example.com", False),
    ]


@pytest.mark.parametrize(("left", "told"), [(0.2, 1), (1.6, 2), (899.6, 900)])
def test_who_tried_too_often_is_told_the_seconds_left_one_at_least(left: float, told: int) -> None:
    pauses: list[float] = []
    limits = Limits(login_email=FullWindow(NOW + timedelta(seconds=left), under_way=False))
    with pytest.raises(TooMany) as raised:
        built(limits, pauses).log_in("sam@example.com", "x", "192.0.2.1")
    assert (raised.value.retry_after, pauses) == (told, [])


def test_a_login_waits_two_seconds_for_others_that_are_under_way() -> None:
    pauses: list[float] = []
    limits = Limits(login_email=FullWindow(NOW + timedelta(minutes=9), under_way=True))
    with pytest.raises(TooMany) as raised:
        built(limits, pauses).log_in("sam@example.com", "x", "192.0.2.1")
    assert raised.value.retry_after == 1
    assert sum(pauses) == pytest.approx(2)


def test_a_registration_waits_for_no_others() -> None:
    pauses: list[float] = []
    limits = Limits(register_address=FullWindow(NOW + timedelta(minutes=9), under_way=True))
    person: Any = type("Person", (), {"email": "sam@example.com"})()
    with pytest.raises(TooMany) as raised:
        built(limits, pauses).register(person, "192.0.2.1")
    assert (raised.value.retry_after, pauses) == (540, [])
    assert limits.calls == [("register#address#192.0.2.1", 100, timedelta(hours=1))]
