"""Sessions: a refresh token is worth one exchange, whoever asks twice at the same time, and all of it has an end."""

from __future__ import annotations

import hashlib
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from botocore.exceptions import ClientError

from nereid.auth import tokens
from nereid.core.access.accounts import NewAccount
from nereid.core.access.teams import create_api_token
from nereid.errors import BadRefreshToken, ExpiredToken, TeamStopped, Unauthenticated, Unavailable
from nereid.models.account import LoggedIn, Session
from tests.infrastructure import stack
from tests.support.cloud import SECRET, Cloud
from tests.support.neptie import Team, one_call_at_a_time

PASSWORD = "correct horse"


def register(team: Team) -> LoggedIn:
    """Register somebody."""
    person = NewAccount(f"{uuid.uuid4().hex}@example.com", PASSWORD, "Sam")
    return team.runtime.accounts.register(person, str(uuid.uuid4()))


def session_of(logged_in: LoggedIn) -> str:
    """Return the session that an access token names."""
    return str(jwt.decode(logged_in.token, options={"verify_signature": False})["sid"])


def as_stored(session: Session) -> dict[str, Any]:
    """Return a session as former versions store it."""
    return {
        "pk": {"S": f"session#{session.id}"},
        "sk": {"S": "session"},
        "id": {"S": session.id},
        "email": {"S": session.email},
        "token_hash": {"S": session.token_hash},
        "expires_at": {"N": str(int(session.expires_at.timestamp()))},
    }


def refresh(team: Team, token: str) -> str:
    return team.runtime.sessions.refresh(token).refresh_token


def later(team: Team, seconds: float) -> None:
    team.clock.ahead += timedelta(seconds=seconds)


def test_of_many_refreshes_with_one_token_at_once_all_get_the_same_new_one(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(cloud)
    first = register(team).refresh_token
    with one_call_at_a_time(monkeypatch), ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(lambda _: refresh(team, first), range(12)))
    assert len(answers) == 1
    assert answers != {first}
    assert refresh(team, answers.pop())


def test_a_refresh_that_another_one_overtook_is_answered_as_that_one(cloud: Cloud) -> None:
    team = Team(cloud)
    first = register(team).refresh_token
    store = team.runtime.account_store

    class Overtaken:
        """The store, where another refresh with the same token comes between this one's read and its write."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def renew_session(self, *arguments: Any) -> None:
            overtaking.append(team.runtime.sessions.refresh(first))
            store.renew_session(*arguments)

    overtaking: list[LoggedIn] = []
    overtaken: Any = Overtaken()
    answer = replace(team.runtime.sessions, store=overtaken).refresh(first)
    assert answer.refresh_token == overtaking[0].refresh_token


@pytest.mark.parametrize("seconds", [0, 9.9])
def test_within_ten_seconds_a_former_token_is_answered_again(cloud: Cloud, seconds: float) -> None:
    team = Team(cloud)
    first = register(team).refresh_token
    second = refresh(team, first)
    later(team, seconds)
    assert refresh(team, first) == second
    later(team, 100)
    assert refresh(team, second)


def test_after_ten_seconds_the_use_of_a_former_token_ends_the_session(cloud: Cloud) -> None:
    team = Team(cloud)
    logged_in = register(team)
    second = team.runtime.sessions.refresh(logged_in.refresh_token)
    later(team, 10)
    with pytest.raises(BadRefreshToken):
        refresh(team, logged_in.refresh_token)
    with pytest.raises(BadRefreshToken):
        refresh(team, second.refresh_token)
    for each in (logged_in, second):
        with pytest.raises(Unauthenticated):
            team.runtime.credentials.team_token(each.token)
    assert team.runtime.account_store.sessions(logged_in.account.email) == []


def test_the_function_that_refreshes_may_end_a_session(cloud: Cloud) -> None:
    team = Team(cloud)
    later(team, -60)
    logged_in = register(team)
    team.runtime.sessions.refresh(logged_in.refresh_token)
    sample = json.loads((stack.ROOT / "events" / "neptie" / "refresh" / "good.json").read_text(encoding="utf-8"))
    event = {**sample, "body": json.dumps({"refresh_token": logged_in.refresh_token})}
    assert cloud.invoke("neptie/refresh", event)["statusCode"] == 401
    assert team.runtime.account_store.sessions(logged_in.account.email) == []


def test_a_token_that_was_exchanged_twice_within_ten_seconds_leads_to_the_newest(cloud: Cloud) -> None:
    team = Team(cloud)
    first = register(team).refresh_token
    second = refresh(team, first)
    later(team, 4)
    third = refresh(team, second)
    later(team, 4)
    assert refresh(team, first) == refresh(team, second) == third
    later(team, 4)
    assert refresh(team, second) == third
    with pytest.raises(BadRefreshToken):
        refresh(team, first)


def test_an_exchange_is_forgotten_when_it_is_over(cloud: Cloud) -> None:
    team = Team(cloud)
    logged_in = register(team)
    token = logged_in.refresh_token
    for _ in range(3):
        later(team, 11)
        token = refresh(team, token)
    session = team.runtime.account_store.session(session_of(logged_in))
    assert session is not None
    assert len(session.former) == 1


def test_a_new_token_cannot_be_made_of_what_is_stored(cloud: Cloud) -> None:
    team = Team(cloud)
    logged_in = register(team)
    second = refresh(team, logged_in.refresh_token)
    stored = str(cloud.requests)
    assert second not in stored
    assert logged_in.refresh_token not in stored
    assert second[:20] == logged_in.refresh_token[:20]  # the session's id
    assert second[30:] != logged_in.refresh_token[30:]


def test_a_refresh_token_lives_for_thirty_days_from_its_making(cloud: Cloud) -> None:
    team = Team(cloud)
    token = refresh(team, register(team).refresh_token)
    team.clock.ahead = timedelta(days=29)
    token = refresh(team, token)
    team.clock.ahead = timedelta(days=59, minutes=1)
    with pytest.raises(BadRefreshToken):
        refresh(team, token)


def test_ninety_days_after_the_login_all_is_over(cloud: Cloud) -> None:
    team = Team(cloud)
    logged_in = register(team)
    token = logged_in.refresh_token
    for days in (25, 50, 75, 89.99):
        team.clock.ahead = timedelta(days=days)
        logged_in = team.runtime.sessions.refresh(token)
        token = logged_in.refresh_token
    team.clock.ahead = timedelta(days=90)
    with pytest.raises(BadRefreshToken):
        refresh(team, token)
    with pytest.raises(Unauthenticated):
        team.runtime.credentials.team_token(logged_in.token)


def test_a_session_of_a_former_version_goes_on_and_ends_ninety_days_later(cloud: Cloud) -> None:
    team = Team(cloud)
    logged_in = register(team)
    team.runtime.sessions.end(logged_in.account.email, session_id := session_of(logged_in))
    later(team, timedelta(days=29).total_seconds())
    now = team.clock.now().replace(microsecond=0)
    stored = Session(
        id=session_id,
        email=logged_in.account.email,
        token_hash=hashlib.sha256(logged_in.refresh_token.encode()).hexdigest(),
        expires_at=now + timedelta(days=1),
    )
    cloud.client("dynamodb").put_item(TableName="AccountsTable", Item=as_stored(stored))
    token = refresh(team, logged_in.refresh_token)
    assert team.runtime.account_store.sessions(logged_in.account.email) == [session_id]
    session = team.runtime.account_store.session(session_id)
    assert session is not None
    assert session.begun_at is not None
    assert now <= session.begun_at <= team.clock.now()
    assert refresh(team, token)


def test_a_session_of_a_former_version_ends_with_the_password(cloud: Cloud) -> None:
    team = Team(cloud)
    old = register(team)
    email = old.account.email
    session = team.runtime.account_store.session(session_of(old))
    assert session is not None
    current = team.runtime.accounts.log_in(email, PASSWORD, "here")
    team.runtime.accounts.change_password(email, session_of(current), PASSWORD, "another horse", "here")
    # It stood in no list, so nobody found it.
    forgotten = session.model_copy(update={"begun_at": None})
    cloud.client("dynamodb").put_item(TableName="AccountsTable", Item=as_stored(forgotten))
    with pytest.raises(BadRefreshToken):
        refresh(team, old.refresh_token)


def test_a_session_of_a_former_version_is_not_that_of_who_has_the_address_next(cloud: Cloud) -> None:
    team = Team(cloud)
    old = register(team)
    store, account = team.runtime.account_store, old.account
    session = store.session(session_of(old))
    assert session is not None
    # It stands in no list, so the removal of its account does not find it.
    store.end_session(account.email, session.id)
    cloud.client("dynamodb").put_item(TableName="AccountsTable", Item=as_stored(session))
    store.delete_account(account, None)
    later(team, 1)
    team.runtime.accounts.add_member(account.team_id, "dev", account.email, None, "Admin", "here")
    with pytest.raises(BadRefreshToken):
        refresh(team, old.refresh_token)


def test_an_access_token_ends_with_its_session_within_what_is_cached(cloud: Cloud) -> None:
    team = Team(cloud)
    vars(team.runtime)["settings"] = team.runtime.settings.model_copy(update={"credential_cache_seconds": 60})
    logged_in = register(team)
    credentials = team.runtime.credentials
    assert credentials.team_token(logged_in.token).email == logged_in.account.email
    team.runtime.sessions.end(logged_in.account.email, session_of(logged_in))
    assert credentials.team_token(logged_in.token).session_id == session_of(logged_in)
    later(team, 61)
    with pytest.raises(Unauthenticated):
        credentials.team_token(logged_in.token)


def test_what_makes_credentials_notices_the_end_of_a_session_at_once(cloud: Cloud) -> None:
    team = Team(cloud)
    vars(team.runtime)["settings"] = team.runtime.settings.model_copy(update={"credential_cache_seconds": 60})
    logged_in = register(team)
    credentials = team.runtime.credentials
    credentials.team_token(logged_in.token)
    team.runtime.sessions.end(logged_in.account.email, session_of(logged_in))
    with pytest.raises(Unauthenticated):
        credentials.team_token(logged_in.token, certain=True)


@pytest.mark.parametrize("credential", ["account", "token"])
def test_what_makes_credentials_notices_at_once_that_a_team_is_stopped(cloud: Cloud, credential: str) -> None:
    team = Team(cloud)
    vars(team.runtime)["settings"] = team.runtime.settings.model_copy(update={"credential_cache_seconds": 60})
    logged_in = register(team)
    store, team_id = team.runtime.account_store, logged_in.account.team_id
    token = logged_in.token
    if credential == "token":
        token = create_api_token(store, team.clock, SECRET, team_id, "x", ["admin:all"], "dev", 1)[1]
    credentials = team.runtime.credentials
    credentials.team_token(token)
    store.stop_team(team_id, team.clock.now())
    assert credentials.team_token(token).team_id == team_id
    with pytest.raises(TeamStopped):
        credentials.team_token(token, certain=True)


def test_a_session_is_looked_up_once_a_minute(cloud: Cloud) -> None:
    team = Team(cloud)
    vars(team.runtime)["settings"] = team.runtime.settings.model_copy(update={"credential_cache_seconds": 60})
    logged_in = register(team)
    cloud.calls.clear()
    for _ in range(5):
        team.runtime.credentials.team_token(logged_in.token)
    assert dict(cloud.calls) == {"dynamodb:GetItem": 2}  # the session, and its team


def test_a_token_names_a_session_of_its_own_account(cloud: Cloud) -> None:
    team = Team(cloud)
    mine, other = register(team), register(team)
    claims = jwt.decode(mine.token, options={"verify_signature": False})
    claims["sid"] = session_of(other)
    with pytest.raises(Unauthenticated):
        team.runtime.credentials.team_token(tokens.sign(SECRET, "nereid:account", claims))


def test_a_token_without_a_session_is_of_a_former_version_and_has_expired(cloud: Cloud) -> None:
    team = Team(cloud)
    claims = jwt.decode(register(team).token, options={"verify_signature": False})
    del claims["sid"]
    with pytest.raises(ExpiredToken):
        team.runtime.credentials.team_token(tokens.sign(SECRET, "nereid:account", claims))


def test_a_refresh_token_of_an_account_that_is_gone_is_worth_nothing(cloud: Cloud) -> None:
    team = Team(cloud)
    logged_in = register(team)
    key = {"pk": {"S": f"account#{logged_in.account.email}"}, "sk": {"S": "account"}}
    cloud.client("dynamodb").delete_item(TableName="AccountsTable", Key=key)
    with pytest.raises(BadRefreshToken):
        team.runtime.sessions.refresh(logged_in.refresh_token)


def test_a_refresh_that_the_store_does_not_take_leaves_the_token_valid(cloud: Cloud) -> None:
    team = Team(cloud)
    first = register(team).refresh_token
    cloud.fail("dynamodb:PutItem", *[("InternalServerError", 500)] * 3)
    with pytest.raises(Unavailable):
        team.runtime.sessions.refresh(first)
    cloud.faults.clear()
    assert team.runtime.sessions.refresh(first).refresh_token != first


def test_a_renewal_that_the_sdk_repeats_because_its_answer_was_lost_is_no_reuse(cloud: Cloud) -> None:
    team = Team(cloud)
    family = session_of(register(team))
    session = team.runtime.account_store.session(family)
    assert session is not None
    renewed = session.model_copy(update={"token_hash": "new"})
    team.runtime.account_store.renew_session(renewed, session.token_hash)
    team.runtime.account_store.renew_session(renewed, session.token_hash)
    assert team.runtime.account_store.session(family) == renewed


def test_a_write_to_the_accounts_that_fails_for_another_reason_is_no_lost_session(cloud: Cloud) -> None:
    team = Team(cloud)
    first = register(team).refresh_token
    cloud.fail("dynamodb:PutItem", ("ValidationException", 400))
    with pytest.raises(ClientError):
        team.runtime.sessions.refresh(first)
    assert team.runtime.sessions.refresh(first)
