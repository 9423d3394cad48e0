"""Every route with every kind of credential: who gets in, and that whoever does not has touched nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.security import world
from tests.security.matrix import FOREIGN, USER_TOKENS, Requests, Row, of_clients, rows, rows_with_user_tokens
from tests.security.world import MARK, SIBLING, Estate
from tests.support import envelopes
from tests.support.api import Call

#: Requests that read; a batch or a transaction would be more than one read.
READS = {"dynamodb:GetItem", "dynamodb:Query"}
#: Requests that count.
COUNTS = {"dynamodb:UpdateItem", "dynamodb:PutItem"}


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with world.running() as running:
        yield running


@pytest.fixture(scope="module")
def requests(estate: Estate) -> Requests:
    return Requests(estate)


def marked(row: Row) -> Any:
    """Return a row as a parameter, marked where each of its requests waits for a queue or hashes a password."""
    is_slow = "DeadLetters" in row.function or row.path.rpartition("/")[2] in ("login", "register")
    name = f"{row.method} {row.path}{' with user tokens' if of_clients(row) else ''}"
    return pytest.param(row, id=name, marks=pytest.mark.slow if is_slow else ())


@pytest.mark.parametrize("row", [marked(row) for row in [*rows(), *rows_with_user_tokens()]])
def test_a_route_lets_in_whom_it_should(estate: Estate, requests: Requests, row: Row) -> None:
    wrong = {}
    for column, expected in row.cells.items():
        for number, call in enumerate(requests.calls(row, column)):
            if "DeadLetters" in row.function:
                estate.keep()  # the credential, which the call may be the first to need
                estate.bury()
            estate.cloud.requests.clear()
            # Limits per source address are not what this is about.
            answer = estate.api.call(replace(call, source=f"{row.function}-{column}"))
            assert answer.function == row.function
            try:
                assert answer.status == expected, answer.body[:200]
                envelopes.check(call.path, answer)
                if expected >= 400:
                    assert_nothing_done(estate, {"dynamodb", *(["kms"] if column in USER_TOKENS else [])})
                if column in FOREIGN and not row.is_open:
                    assert_nothing_of_the_first_team(estate, column, answer.body)
            except AssertionError as error:
                wrong[f"{column}{number or ''}"] = str(error)[:500]
            estate.drain()
            estate.restore()
    assert wrong == {}


@pytest.mark.parametrize(
    "row", [marked(row) for row in rows() if row.cells.get("admi", 401) != 401 and not row.is_open]
)
def test_a_session_that_was_ended_opens_nothing(estate: Estate, requests: Requests, row: Row) -> None:
    # Neither its access token, nor a refresh token of it, which is no bearer token anyway.
    for token in (estate.first.credentials.ended, estate.first.credentials.former_refresh):
        estate.cloud.requests.clear()
        call = requests.bearing(row, token)
        answer = estate.api.call(replace(call, source=f"{row.function}-ended"))
        assert answer.status == 401, answer.body[:200]
        envelopes.check(call.path, answer)
        assert_nothing_done(estate)
        estate.restore()


def assert_nothing_done(estate: Estate, asked: Collection[str] = ("dynamodb",)) -> None:
    """Fail if a refused request changed anything but how many there were, or asked any other service than these."""
    assert {table for table, _, _ in estate.changed()} <= {"LimitsTable"}
    assert {name.partition(":")[0] for name, _ in estate.cloud.requests} <= set(asked)


def assert_nothing_of_the_first_team(estate: Estate, column: str, shown: str) -> None:
    """Fail if a stranger's request, or what it put on a queue, asked any service about the first team."""
    assert MARK.lower() not in shown.lower()
    messages = estate.cloud.receive("message")
    estate.cloud.hand_over("message", messages)
    estate.cloud.pump("email", "sms", "push")
    asked = json.dumps(estate.cloud.requests, default=str)
    if column == "sibl":  # another environment of the same team is as foreign as another team
        assert f"{estate.first.team_id}#dev" not in asked
        assert all(json.loads(each["body"])["environment"] == SIBLING for each in messages)
    else:
        assert estate.first.team_id not in asked


#: What whoever has no credential sends to the routes that ask for none, where the sample holds something that opens.
UNOPENED: dict[str, dict[str, str]] = {
    "NeptieLogin": {"email": "nobody@example.com", "password": "a guess of eight"},
    "NeptieRefresh": {"refresh_token": "rt_" + "A" * 64},
}
#: Makes an account: that is what it is for, where registration is open.
REGISTERS = "NeptieRegister"


def strangers_calls(requests: Requests, row: Row, forged: str) -> list[Call]:
    """Return the requests that somebody can send to a route who was given nothing."""
    calls = [call for column in ("none", "junk", "forg", "unkn") for call in requests.calls(row, column)]
    if row.function in UNOPENED:
        calls = [replace(call, body=json.dumps(UNOPENED[row.function]).encode()) for call in calls]
    if row.path in ("/u/{token}", "/verify/{token}"):
        paths = [row.path.replace("{token}", token) for token in ("x", "a.b.c", forged)]
        calls = [replace(call, path=path) for call in calls for path in paths]
    return calls


@pytest.mark.parametrize("row", [marked(row) for row in rows() if row.function != REGISTERS])
def test_a_stranger_causes_no_call_of_a_provider_no_write_but_a_count_and_one_read_at_most(
    estate: Estate, requests: Requests, row: Row
) -> None:
    wrong = []
    for number, call in enumerate(strangers_calls(requests, row, estate.first.credentials.forged)):
        estate.cloud.requests.clear()
        answer = estate.api.call(replace(call, source=f"stranger-{row.function}-{number}"))
        asked = list(estate.cloud.requests)
        reads = [name for name, _ in asked if name in READS]
        others = [(name, body.get("TableName")) for name, body in asked if name not in READS]
        if len(reads) > 1 or any(name not in COUNTS or table != "LimitsTable" for name, table in others):
            wrong.append((number, answer.status, asked))
        estate.restore()
    assert wrong == []


@pytest.mark.parametrize("row", [marked(row) for row in rows() if not row.is_open])
def test_a_stranger_who_comes_again_causes_no_read_at_all(estate: Estate, requests: Requests, row: Row) -> None:
    calls = strangers_calls(requests, row, estate.first.credentials.forged)
    for call in calls:
        estate.api.call(replace(call, source=f"again-{row.function}"))
    estate.cloud.requests.clear()
    for call in calls:
        estate.api.call(replace(call, source=f"again-{row.function}"))
    assert [name for name, _ in estate.cloud.requests if name in READS] == []
    estate.restore()


def test_the_first_team_has_what_the_others_must_not_see(estate: Estate) -> None:
    estate.bury()
    headers = {"authorization": f"Bearer {estate.first.credentials.api_token}"}
    shown = {
        path: estate.api.call(Call("GET", path, {}, headers)).body
        for path in (
            *("/neptune/dev/users", "/neptune/dev/users/2", "/neptune/environments", "/v1/user/sam@example.com"),
            *("/manage/environments", "/manage/api_tokens", "/manage/dev/event_types", "/manage/dev/messages"),
            *("/manage/suppressions", "/manage/dead_letters", "/api/leads", "/api/campaigns", "/api/email/accounts"),
        )
    }
    assert [path for path, body in shown.items() if MARK.lower() not in body.lower()] == []


BANK = "Billing <billing@victim-bank.example>"
SENDERS: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/manage/environments"): {"identifier": "prod", "channels": {"email": {"from": BANK}}},
    ("PUT", "/manage/dev/event_types/phish"): {
        "notifications": [
            {"name": "mail", "channel": "email", "template": {"from": BANK, "subject": "Your invoice", "text": "x"}}
        ]
    },
}


@pytest.mark.parametrize(("method", "path"), SENDERS)
@pytest.mark.parametrize("credential", ["api_token", "admin"])
def test_nobody_names_a_sender_outside_the_list_of_the_team(
    estate: Estate, method: str, path: str, credential: str
) -> None:
    headers = {"authorization": f"Bearer {getattr(estate.plain.credentials, credential)}"}
    body = json.dumps(SENDERS[method, path]).encode()
    estate.cloud.requests.clear()
    answer = estate.api.call(Call(method, path, {}, headers, body))
    assert answer.status == 422, answer.body
    assert "is not among the senders of the team" in answer.body
    assert_nothing_done(estate)
    assert estate.changed() == set()


@pytest.mark.parametrize("prefix", ["/api", "/v1", "/v1/api"])
def test_nobody_registers_where_registration_is_closed(estate: Estate, prefix: str) -> None:
    person = {"email": "mallory@evil.example", "password": "correct horse", "full_name": "M"}
    estate.cloud.requests.clear()
    estate.cloud.parameters["Registration"] = "closed"
    estate.cloud.restart("neptie/register")
    try:
        answer = estate.api.call(Call("POST", f"{prefix}/auth/register", {}, {}, json.dumps(person).encode()))
    finally:
        del estate.cloud.parameters["Registration"]
        estate.cloud.restart("neptie/register")
    assert (answer.status, json.loads(answer.body)) == (403, {"message": "Registration is closed"})
    assert [name for name, _ in estate.cloud.requests] == ["dynamodb:GetItem"]
