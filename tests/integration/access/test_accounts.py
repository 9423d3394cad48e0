"""Accounts: e-mail addresses are unique, passwords are guessed by nobody and changed by their owners."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.auth import passwords
from nereid.auth.credentials import Environments
from nereid.core.access.accounts import NewAccount
from nereid.errors import AlreadyExists, BadRefreshToken, NotFound, TooMany, Unavailable, WrongPassword
from nereid.models.account import LoggedIn
from nereid.models.team import MAX_ENVIRONMENT_IDENTIFIER
from tests.support.cloud import Cloud
from tests.support.neptie import Team, one_call_at_a_time

PASSWORD = "correct horse"


def person(email: str | None = None) -> NewAccount:
    """Return somebody who has no account."""
    return NewAccount(email or f"{uuid.uuid4().hex}@example.com", PASSWORD, "Sam")


def source() -> str:
    """Return an address that nothing came from."""
    return str(uuid.uuid4())


def register(team: Team) -> LoggedIn:
    """Register somebody."""
    return team.runtime.accounts.register(person(), source())


class Instead:
    """A store, of which some methods are others."""

    def __init__(self, store: Any, **others: Any) -> None:
        self._store = store
        vars(self).update(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def logged_in(team: Team) -> tuple[str, str]:
    """Register somebody; return the e-mail address and the session."""
    made = register(team)
    [session] = team.runtime.account_store.sessions(made.account.email)
    return made.account.email, session


def test_the_hash_of_nobodys_password_is_made_as_every_other() -> None:
    made = passwords.hash_password("x").split("$")
    nobodys = passwords._NOBODY.split("$")
    assert made[:4] == nobodys[:4]
    assert [len(part) for part in made] == [len(part) for part in nobodys]
    assert not passwords.verify_password("x", None)


def test_a_login_takes_the_same_calls_for_an_unknown_email_and_a_wrong_password(cloud: Cloud) -> None:
    team = Team(cloud)
    calls = []
    for email in (register(team).account.email, person().email):
        cloud.calls.clear()
        with pytest.raises(WrongPassword):
            team.runtime.accounts.log_in(email, "wrong", source())
        calls.append(dict(cloud.calls))
    assert calls[0] == calls[1]


def test_of_many_registrations_of_an_email_at_once_one_wins(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team(cloud)
    accounts = team.runtime.accounts
    assert team.runtime.token_secret()
    email = person().email

    def attempt(_: int) -> bool:
        try:
            accounts.register(person(email), source())
        except AlreadyExists:
            return False
        return True

    with one_call_at_a_time(monkeypatch), ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_neither_passwords_nor_tokens_are_stored(cloud: Cloud) -> None:
    logged_in = register(Team(cloud))
    stored = str(cloud.requests)
    assert PASSWORD not in stored
    assert logged_in.refresh_token not in stored
    assert "$argon2id$" in stored


def test_failed_logins_of_an_email_are_forgiven_after_fifteen_minutes(cloud: Cloud) -> None:
    team = Team(cloud)
    email, here = register(team).account.email, source()
    for _ in range(10):
        with pytest.raises(WrongPassword):
            team.runtime.accounts.log_in(email, "wrong", here)
    with pytest.raises(TooMany) as caught:
        team.runtime.accounts.log_in(email, PASSWORD, here)
    team.clock.ahead = timedelta(seconds=caught.value.retry_after + 1)
    assert team.runtime.accounts.log_in(email, PASSWORD, here).account.email == email


def test_who_guesses_from_elsewhere_locks_nobody_out(cloud: Cloud) -> None:
    team = Team(cloud)
    email, stranger = register(team).account.email, source()
    for _ in range(10):
        with pytest.raises(WrongPassword):
            team.runtime.accounts.log_in(email, "wrong", stranger)
    assert team.runtime.accounts.log_in(email, PASSWORD, source()).account.email == email


def test_a_hundred_guesses_from_many_sources_are_the_last_for_a_while(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(cloud)
    email = register(team).account.email
    monkeypatch.setattr("nereid.core.access.accounts.verify_password", lambda password, _: password == PASSWORD)
    for _ in range(100):
        with pytest.raises(WrongPassword):
            team.runtime.accounts.log_in(email, "wrong", source())
    with pytest.raises(TooMany):
        team.runtime.accounts.log_in(email, PASSWORD, source())


def test_guesses_from_one_subscribers_addresses_of_ipv6_are_of_one_source(cloud: Cloud) -> None:
    team = Team(cloud)
    email, network = register(team).account.email, f"2001:db8:{uuid.uuid4().hex[:4]}:1"
    for number in range(10):
        with pytest.raises(WrongPassword):
            team.runtime.accounts.log_in(email, "wrong", f"{network}::{number:x}")
    with pytest.raises(TooMany):
        team.runtime.accounts.log_in(email, PASSWORD, f"{network}:a:b:c:d")
    assert team.runtime.accounts.log_in(email, PASSWORD, f"{network[:-1]}2::1")


@pytest.mark.parametrize("typed", ["pässword", "pa\u0308ssword"], ids=["NFC", "NFD"])
@pytest.mark.parametrize("stored", ["pässword", "pa\u0308ssword"], ids=["from NFC", "from NFD"])
def test_a_password_is_the_same_on_every_keyboard(typed: str, stored: str) -> None:
    assert passwords.verify_password(typed, passwords.hash_password(stored))
    assert not passwords.verify_password(typed + "x", passwords.hash_password(stored))


def test_a_hash_of_a_former_version_is_of_what_was_typed() -> None:
    typed = "pa\u0308ssword"
    assert passwords.verify_password(typed, passwords.hasher().hash(typed))


def test_a_new_password_is_the_only_one(cloud: Cloud) -> None:
    team = Team(cloud)
    email, session = logged_in(team)
    team.runtime.accounts.change_password(email, session, PASSWORD, "another horse", source())
    with pytest.raises(WrongPassword):
        team.runtime.accounts.log_in(email, PASSWORD, source())
    assert team.runtime.accounts.log_in(email, "another horse", source())


def test_a_password_is_changed_by_who_knows_the_old_one_and_guesses_count(cloud: Cloud) -> None:
    team = Team(cloud)
    email, session = logged_in(team)
    here = source()
    for _ in range(10):
        with pytest.raises(WrongPassword):
            team.runtime.accounts.change_password(email, session, "guess", "another horse", here)
    with pytest.raises(TooMany):
        team.runtime.accounts.change_password(email, session, PASSWORD, "another horse", here)
    assert team.runtime.accounts.log_in(email, PASSWORD, source())


def test_a_change_of_the_password_that_fails_half_way_leaves_no_other_session(cloud: Cloud) -> None:
    team = Team(cloud)
    email, session = logged_in(team)
    other = team.runtime.accounts.log_in(email, PASSWORD, source()).refresh_token
    store = team.runtime.account_store
    failing: Any = Instead(store, change_password=lambda *_: (_ for _ in ()).throw(Unavailable("x")))
    with pytest.raises(Unavailable):
        replace(team.runtime.accounts, store=failing).change_password(email, session, PASSWORD, "another", source())
    with pytest.raises(BadRefreshToken):
        team.runtime.sessions.refresh(other)
    assert team.runtime.accounts.log_in(email, PASSWORD, source())


def test_a_login_while_the_password_is_changed_leaves_no_session(cloud: Cloud) -> None:
    team = Team(cloud)
    email, session = logged_in(team)
    accounts, begun = team.runtime.accounts, []

    def log_in_first(*arguments: Any) -> None:
        begun.append(accounts.log_in(email, PASSWORD, source()))
        accounts.store.change_password(*arguments)

    between: Any = Instead(accounts.store, change_password=log_in_first)
    replace(accounts, store=between).change_password(email, session, PASSWORD, "another horse", source())
    with pytest.raises(BadRefreshToken):
        team.runtime.sessions.refresh(begun[0].refresh_token)


def test_a_login_that_looked_at_the_former_password_begins_nothing(cloud: Cloud) -> None:
    team = Team(cloud)
    email, session = logged_in(team)
    account = team.runtime.account_store.account(email)
    assert account is not None
    team.runtime.accounts.change_password(email, session, PASSWORD, "another horse", source())
    with pytest.raises(NotFound):
        team.runtime.sessions.begin(account)


@pytest.mark.parametrize("shared", ["email", "source"])
def test_registrations_are_let_in_again_after_an_hour(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, shared: str
) -> None:
    monkeypatch.setattr("nereid.core.access.accounts.hash_password", lambda _: "hash")
    team = Team(cloud)
    accounts = team.runtime.accounts

    def attempt() -> None:
        given = person("sam@example.com" if shared == "email" else None), "here" if shared == "source" else source()
        with suppress(AlreadyExists):
            accounts.register(*given)

    for _ in range(10 if shared == "email" else 100):
        attempt()
    for minutes in (0, 59):
        team.clock.ahead = timedelta(minutes=minutes)
        with pytest.raises(TooMany) as caught:
            attempt()
        assert 0 < caught.value.retry_after <= (60 - minutes) * 60
    team.clock.ahead = timedelta(minutes=60, seconds=1)
    attempt()


def log_in_at_once(
    team: Team, monkeypatch: pytest.MonkeyPatch, email: str, given: Sequence[str]
) -> list[LoggedIn | Exception]:
    """Log in with these passwords, all at the same time; return what each came to."""
    accounts, here = team.runtime.accounts, "192.0.2.77"
    # Hashes of so many would take longer than a login waits, on a machine that has much else to do.
    monkeypatch.setattr("nereid.core.access.accounts.verify_password", lambda password, _: password == PASSWORD)

    def log_in(password: str) -> LoggedIn | Exception:
        try:
            return accounts.log_in(email, password, here)
        except (WrongPassword, TooMany) as error:
            return error

    with one_call_at_a_time(monkeypatch), ThreadPoolExecutor(len(given)) as pool:
        return list(pool.map(log_in, given))


def test_more_right_logins_at_once_than_the_limit_wait_for_one_another(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(cloud)
    email = register(team).account.email
    for _ in range(9):
        with pytest.raises(WrongPassword):
            team.runtime.accounts.log_in(email, "wrong", "192.0.2.77")
    answers = log_in_at_once(team, monkeypatch, email, [PASSWORD] * 4)
    assert [type(answer) for answer in answers] == [LoggedIn] * 4


def test_of_more_guesses_at_once_than_the_limit_ten_are_looked_at_and_the_others_wait_for_nothing(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(cloud)
    email = register(team).account.email
    answers = log_in_at_once(team, monkeypatch, email, ["wrong"] * 20 + [PASSWORD])
    kinds = [type(answer) for answer in answers]
    assert kinds.count(WrongPassword) <= 10
    assert kinds.count(WrongPassword) + kinds.count(TooMany) == (20 if LoggedIn in kinds else 21)
    assert all(answer.retry_after > 60 for answer in answers if isinstance(answer, TooMany))


def test_a_login_that_waited_long_enough_is_told_to_try_again_soon(cloud: Cloud) -> None:
    team = Team(cloud)
    email = register(team).account.email
    now = team.clock.now()
    for _ in range(10):  # they died before they ended
        key = f"login#email#source#192.0.2.77#{email}"
        assert team.runtime.limits.attempt(key, 10, now, now + timedelta(minutes=15)) is None
    waits: list[float] = []
    with pytest.raises(TooMany) as caught:
        replace(team.runtime.accounts, pause=waits.append).log_in(email, PASSWORD, "192.0.2.77")
    assert caught.value.retry_after == 1
    assert sum(waits) == pytest.approx(2)
    assert len(set(waits)) == 1


def test_the_health_check_reads_one_item_at_half_the_price(cloud: Cloud) -> None:
    team = Team(cloud)
    cloud.calls.clear()
    team.runtime.account_store.ping()
    assert dict(cloud.calls) == {"dynamodb:GetItem": 1}
    assert cloud.sent("dynamodb:GetItem")[-1]["ConsistentRead"] is False


def test_an_environment_may_have_the_longest_name_that_one_can_be_given(cloud: Cloud) -> None:
    asked: list[str] = []
    store: Any = SimpleNamespace(environment=lambda _team, name: asked.append(name))
    environments = Environments(store, Team(cloud).clock, cache_seconds=60)
    for name in ("e" * MAX_ENVIRONMENT_IDENTIFIER, "e" * (MAX_ENVIRONMENT_IDENTIFIER + 1)):
        with pytest.raises(NotFound):
            environments.get("t", name)
    assert asked == ["e" * MAX_ENVIRONMENT_IDENTIFIER]
