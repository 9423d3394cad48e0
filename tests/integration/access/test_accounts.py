"""Accounts: e-mail addresses are unique, and a refresh token is worth one exchange."""

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
from botocore.exceptions import ClientError

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


def test_of_many_refreshes_with_one_token_at_once_one_wins_and_the_family_ends(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(cloud)
    first = register(team).refresh_token

    def attempt(_: int) -> str | None:
        try:
            return team.runtime.accounts.refresh(first).refresh_token
        except BadRefreshToken:
            return None

    with one_call_at_a_time(monkeypatch), ThreadPoolExecutor(6) as pool:
        won = [token for token in pool.map(attempt, range(12)) if token]
    assert len(won) == 1
    with pytest.raises(BadRefreshToken):
        team.runtime.accounts.refresh(won[0])


def test_of_two_refreshes_that_read_the_same_session_one_succeeds(cloud: Cloud) -> None:
    team = Team(cloud)
    first = register(team).refresh_token
    store = team.runtime.account_store

    class Overtaken:
        """The store, where another refresh with the same token comes between this one's read and its write."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def renew_session(self, *arguments: Any) -> None:
            overtaking.append(team.runtime.accounts.refresh(first))
            store.renew_session(*arguments)

    overtaking: list[LoggedIn] = []
    overtaken: Any = Overtaken()
    with pytest.raises(BadRefreshToken):
        replace(team.runtime.accounts, store=overtaken).refresh(first)
    assert len(overtaking) == 1


def test_a_refresh_token_of_an_account_that_is_gone_is_worth_nothing(cloud: Cloud) -> None:
    team = Team(cloud)
    logged_in = register(team)
    keys = [request for request in cloud.sent("dynamodb:TransactWriteItems") if logged_in.account.email in str(request)]
    [item] = [
        each["Put"]["Item"]
        for each in keys[-1]["TransactItems"]
        if each.get("Put", {}).get("Item", {}).get("sk") == {"S": "account"}
    ]
    cloud.client("dynamodb").delete_item(TableName="AccountsTable", Key={"pk": item["pk"], "sk": item["sk"]})
    with pytest.raises(BadRefreshToken):
        team.runtime.accounts.refresh(logged_in.refresh_token)


def test_a_refresh_token_lives_for_thirty_days_from_its_making(cloud: Cloud) -> None:
    team = Team(cloud)
    token = register(team).refresh_token
    for days in (29, 58):
        team.clock.ahead = timedelta(days=days)
        token = team.runtime.accounts.refresh(token).refresh_token
    team.clock.ahead = timedelta(days=89)
    with pytest.raises(BadRefreshToken):
        team.runtime.accounts.refresh(token)


def test_a_refresh_that_the_store_does_not_take_leaves_the_token_valid(cloud: Cloud) -> None:
    team = Team(cloud)
    first = register(team).refresh_token
    cloud.fail("dynamodb:PutItem", *[("InternalServerError", 500)] * 3)
    with pytest.raises(Unavailable):
        team.runtime.accounts.refresh(first)
    cloud.faults.clear()
    assert team.runtime.accounts.refresh(first).refresh_token != first


def test_a_renewal_that_the_sdk_repeats_because_its_answer_was_lost_is_no_reuse(cloud: Cloud) -> None:
    team = Team(cloud)
    register(team)
    keys = [request["Item"]["pk"]["S"] for request in cloud.sent("dynamodb:PutItem")]
    family = next(key for key in reversed(keys) if key.startswith("session#")).removeprefix("session#")
    session = team.runtime.account_store.session(family)
    assert session is not None
    renewed = session.model_copy(update={"token_hash": "new"})
    team.runtime.account_store.renew_session(renewed, session.token_hash)
    team.runtime.account_store.renew_session(renewed, session.token_hash)
    assert team.runtime.account_store.session(family) == renewed


def test_neither_passwords_nor_tokens_are_stored(cloud: Cloud) -> None:
    logged_in = register(Team(cloud))
    stored = str(cloud.requests)
    assert PASSWORD not in stored
    assert logged_in.refresh_token not in stored
    assert "$argon2id$" in stored


def test_failed_logins_of_an_email_are_forgiven_after_fifteen_minutes(cloud: Cloud) -> None:
    team = Team(cloud)
    email = register(team).account.email
    for _ in range(10):
        with pytest.raises(WrongPassword):
            team.runtime.accounts.log_in(email, "wrong", source())
    with pytest.raises(TooMany) as caught:
        team.runtime.accounts.log_in(email, PASSWORD, source())
    team.clock.ahead = timedelta(seconds=caught.value.retry_after + 1)
    assert team.runtime.accounts.log_in(email, PASSWORD, source()).account.email == email


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
    accounts = team.runtime.accounts
    # Hashes of so many would take longer than a login waits, on a machine that has much else to do.
    monkeypatch.setattr("nereid.core.access.accounts.verify_password", lambda password, _: password == PASSWORD)

    def log_in(password: str) -> LoggedIn | Exception:
        try:
            return accounts.log_in(email, password, source())
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
            team.runtime.accounts.log_in(email, "wrong", source())
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
        assert team.runtime.limits.attempt(f"login#email#{email}", 10, now, now + timedelta(minutes=15)) is None
    waits: list[float] = []
    with pytest.raises(TooMany) as caught:
        replace(team.runtime.accounts, pause=waits.append).log_in(email, PASSWORD, source())
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


def test_a_write_to_the_accounts_that_fails_for_another_reason_is_no_lost_session(cloud: Cloud) -> None:
    team = Team(cloud)
    first = register(team).refresh_token
    cloud.fail("dynamodb:PutItem", ("ValidationException", 400))
    with pytest.raises(ClientError):
        team.runtime.accounts.refresh(first)
    assert team.runtime.accounts.refresh(first)
