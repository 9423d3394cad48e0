"""Accounts, tokens and scopes of the Neptie API."""

from __future__ import annotations

import re
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from tests.contract.neptie_client import (
    EXPIRED,
    FORBIDDEN,
    INVALID_TOKEN,
    LIMIT,
    NO_ROUTE,
    NOT_AN_OBJECT,
    NOT_JSON,
    PASSWORD,
    PREFIXES,
    REQUIRED,
    TOO_LARGE,
    TOO_MANY,
    Neptie,
    address,
    email,
    invalid,
    taken,
)
from tests.support.teams import Operator

IN_PROCESS = True

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
WRONG = (401, {"message": "Invalid email or password"})
BAD_REFRESH = (401, {"message": "Invalid refresh token"})
SOME_ID = "5b1c9c0e-58a2-4b5e-9f1e-0a4f2b8d7c11"
#: Method, path, and the scope that is needed.
ENDPOINTS = [
    ("GET", "leads", "read:leads"),
    ("POST", "leads", "write:leads"),
    ("GET", f"leads/{SOME_ID}", "read:leads"),
    ("PUT", f"leads/{SOME_ID}", "write:leads"),
    ("DELETE", f"leads/{SOME_ID}", "write:leads"),
    ("POST", "leads/import", "write:leads"),
    ("GET", "campaigns", "read:campaigns"),
    ("POST", "campaigns", "write:campaigns"),
    ("GET", f"campaigns/{SOME_ID}", "read:campaigns"),
    ("PUT", f"campaigns/{SOME_ID}", "write:campaigns"),
    ("POST", f"campaigns/{SOME_ID}/assign-leads", "write:campaigns"),
]
OPEN = ["auth/register", "auth/login", "auth/refresh"]
every_endpoint = pytest.mark.parametrize(("method", "path", "scope"), ENDPOINTS)
every_open_endpoint = pytest.mark.parametrize("path", OPEN)
every_prefix = pytest.mark.parametrize("prefix", PREFIXES)


def test_registering_makes_an_account_that_administers_a_team(anybody: Neptie) -> None:
    address_ = email()
    status, answer = anybody.newcomer().register(email=f" {address_.upper()} ", full_name=" Sam ", company="Example")
    assert status == 201
    assert set(answer) == {"token", "refresh_token", "expires_in", "user"}
    assert answer["expires_in"] == 3600
    assert answer["refresh_token"].startswith("rt_")
    user = answer["user"]
    assert uuid.UUID(user.pop("id")).version == 4
    assert MOMENT.fullmatch(user.pop("created_at"))
    assert user == {"email": address_, "full_name": "Sam", "company": "Example", "role": "Admin"}


def test_an_account_without_a_company_has_null(sales: Neptie) -> None:
    assert sales.account["user"]["company"] is None


def test_a_new_team_has_one_environment_that_is_not_a_mock(sales: Neptie) -> None:
    found = sales.ok("GET", "/manage/environments")["data"]
    assert [(each["identifier"], each["mock"]) for each in found] == [("dev", False)]


def test_the_token_is_a_jwt_that_lives_for_an_hour(sales: Neptie) -> None:
    assert jwt.get_unverified_header(sales.token)["alg"] == "HS256"
    claims = jwt.decode(sales.token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 3600


def test_an_email_address_registers_once_whatever_its_case(sales: Neptie) -> None:
    address_ = sales.account["user"]["email"]
    assert sales.register(email=address_.title()) == taken("Email already registered")


@pytest.mark.over_http
@pytest.mark.slow
def test_of_many_registrations_at_once_one_wins(anybody: Neptie) -> None:
    client = Neptie(anybody.stack)
    address_ = email()
    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(lambda _: client.register(email=address_)[0], range(6)))
    assert statuses == [201] + [400] * 5


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"email": None}, {"email": "is required"}),
        ({"email": "  "}, {"email": "is required"}),
        ({"email": 3}, {"email": "must be a string"}),
        ({"email": "sam"}, {"email": "must be a valid email address"}),
        ({"email": "sam@localhost"}, {"email": "must be a valid email address"}),
        ({"email": "a@b@example.com"}, {"email": "must be a valid email address"}),
        ({"email": "a@example.com\r\nBcc: b@example.com"}, {"email": "must be a valid email address"}),
        ({"email": "a" * 250 + "@example.com"}, {"email": "must be a valid email address"}),
        ({"password": ""}, {"password": "is required"}),
        ({"password": "1234567"}, {"password": "must be at least 8 characters"}),
        ({"password": "x" * 129}, {"password": "must be at most 128 characters"}),
        ({"password": "e\u0301" * 7}, {"password": "must be at least 8 characters"}),
        ({"password": ["12345678"]}, {"password": "must be a string"}),
        ({"full_name": " "}, {"full_name": "is required"}),
        ({"full_name": "x" * 201}, {"full_name": "must be at most 200 characters"}),
        ({"company": {}}, {"company": "must be a string"}),
        ({"company": "x" * 201}, {"company": "must be at most 200 characters"}),
        ({"email": None, "password": None}, {"email": "is required", "password": "is required"}),
    ],
)
def test_a_registration_that_breaks_a_rule_names_the_field(
    anybody: Neptie, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    assert anybody.register(**fields) == invalid(**errors)


def test_a_password_is_not_trimmed(anybody: Neptie) -> None:
    client = anybody.newcomer(password=" 1234567")
    address_ = client.account["user"]["email"]
    assert client.call("POST", "auth/login", {"email": address_, "password": "1234567"}) == WRONG
    client.ok("POST", "auth/login", {"email": address_, "password": " 1234567"})


def test_logging_in_answers_as_registering_does(sales: Neptie) -> None:
    user = sales.account["user"]
    status, answer = sales.call("POST", "auth/login", {"email": user["email"].upper(), "password": PASSWORD})
    assert status == 200
    assert set(answer) == {"token", "refresh_token", "expires_in", "user"}
    assert answer["user"] == user
    assert Neptie(sales.stack, answer["token"]).leads() == ([], 0)


def test_a_wrong_password_and_an_unknown_email_are_answered_alike(sales: Neptie) -> None:
    address_ = sales.account["user"]["email"]
    assert sales.call("POST", "auth/login", {"email": address_, "password": "wrong"}) == WRONG
    assert sales.call("POST", "auth/login", {"email": email(), "password": "wrong"}) == WRONG


def test_a_wrong_password_and_an_unknown_email_take_the_same_time(sales: Neptie) -> None:
    def seconds(address_: str) -> float:
        start = time.perf_counter()
        sales.call("POST", "auth/login", {"email": address_, "password": "wrong"})
        return time.perf_counter() - start

    known = sales.account["user"]["email"]
    pairs = [(seconds(known), seconds(email())) for _ in range(8)]
    of_known, of_unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    # A hash takes tens of milliseconds here: leaving it out would more than halve the time.
    assert of_unknown > of_known * 0.6


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"email": "is required", "password": "is required"}),
        ({"email": "a@example.com"}, {"password": "is required"}),
        ({"email": "a@example.com", "password": 1}, {"password": "must be a string"}),
    ],
)
def test_a_login_names_what_it_lacks(anybody: Neptie, body: Any, errors: dict[str, str]) -> None:
    assert anybody.call("POST", "auth/login", body) == invalid(**errors)


def test_after_ten_failed_logins_from_a_source_an_email_waits_there_even_with_the_right_password(sales: Neptie) -> None:
    address_ = sales.account["user"]["email"]
    for _ in range(10):
        assert sales.call("POST", "auth/login", {"email": address_, "password": "wrong"}) == WRONG
    answer = sales.request("POST", "auth/login", {"email": address_, "password": PASSWORD})
    assert (answer.status, answer.json()) == TOO_MANY
    # Whoever tries it from elsewhere keeps nobody out.
    Neptie(sales.stack).ok("POST", "auth/login", {"email": address_, "password": PASSWORD})
    assert 1 <= int(answer.headers["Retry-After"]) <= 15 * 60


def test_logins_that_succeed_do_not_count(sales: Neptie) -> None:
    body = {"email": sales.account["user"]["email"], "password": PASSWORD}
    assert [sales.call("POST", "auth/login", body)[0] for _ in range(12)] == [200] * 12


@pytest.mark.over_http
@pytest.mark.slow
def test_of_many_wrong_passwords_at_once_ten_are_looked_at(sales: Neptie) -> None:
    address_ = sales.account["user"]["email"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: sales.call("POST", "auth/login", {"email": address_, "password": "x"})[0], range(20))
        )
    assert sorted(answers) == [401] * 10 + [429] * 10


@pytest.mark.over_http
@pytest.mark.slow
def test_after_a_hundred_failed_logins_a_source_address_waits(anybody: Neptie) -> None:
    client = Neptie(anybody.stack)

    def fail(number: int) -> int:
        return client.call("POST", "auth/login", {"email": f"{number}{email()}", "password": "x"})[0]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(fail, range(100))) == [401] * 100
    assert fail(100) == 429


def test_an_email_address_is_registered_ten_times_an_hour_at_most_refused_ones_included(sales: Neptie) -> None:
    address_ = sales.account["user"]["email"]
    for _ in range(9):
        assert sales.register(email=address_)[0] == 400
    answer = sales.request("POST", "auth/register", {"email": address_, "password": PASSWORD, "full_name": "Sam"})
    assert (answer.status, answer.json()) == TOO_MANY
    assert 1 <= int(answer.headers["Retry-After"]) <= 3600


def test_refreshing_gives_a_new_pair(sales: Neptie) -> None:
    status, answer = sales.call("POST", "auth/refresh", {"refresh_token": sales.account["refresh_token"]})
    assert status == 200
    assert set(answer) == {"token", "refresh_token", "expires_in"}
    assert answer["refresh_token"] != sales.account["refresh_token"]
    assert Neptie(sales.stack, answer["token"]).leads() == ([], 0)


def test_a_former_refresh_token_is_answered_again_for_ten_seconds(sales: Neptie) -> None:
    first = sales.account["refresh_token"]
    second = sales.ok("POST", "auth/refresh", {"refresh_token": first})["refresh_token"]
    again = sales.ok("POST", "auth/refresh", {"refresh_token": first})
    assert set(again) == {"token", "refresh_token", "expires_in"}
    assert again["refresh_token"] == second
    assert Neptie(sales.stack, again["token"]).leads() == ([], 0)


@pytest.mark.slow
def test_a_refresh_token_that_is_used_again_ends_its_family(sales: Neptie) -> None:
    login = {"email": sales.account["user"]["email"], "password": PASSWORD}
    other = sales.ok("POST", "auth/login", login)
    first = sales.account["refresh_token"]
    renewed = sales.ok("POST", "auth/refresh", {"refresh_token": first})
    time.sleep(10.5)
    assert sales.call("POST", "auth/refresh", {"refresh_token": first}) == BAD_REFRESH
    assert sales.call("POST", "auth/refresh", {"refresh_token": renewed["refresh_token"]}) == BAD_REFRESH
    for token in (sales.token, renewed["token"]):
        assert Neptie(sales.stack, token).call("GET", "leads") == INVALID_TOKEN
        assert Neptie(sales.stack, token).call("GET", "/manage/environments")[0] == 401
    assert Neptie(sales.stack, other["token"]).leads() == ([], 0)
    sales.ok("POST", "auth/refresh", {"refresh_token": other["refresh_token"]})


@pytest.mark.over_http
@pytest.mark.slow
def test_of_many_refreshes_at_once_all_get_the_same_token(sales: Neptie) -> None:
    body = {"refresh_token": sales.account["refresh_token"]}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: sales.call("POST", "auth/refresh", body), range(6)))
    assert [status for status, _ in answers] == [200] * 6
    assert len({answer["refresh_token"] for _, answer in answers}) == 1


@every_prefix
def test_logging_out_ends_the_session_and_no_other(sales: Neptie, prefix: str) -> None:
    login = {"email": sales.account["user"]["email"], "password": PASSWORD}
    one, other = (sales.ok("POST", "auth/login", login) for _ in range(2))
    leaving = Neptie(sales.stack, one["token"])
    assert leaving.call("POST", f"{prefix}/auth/logout") == (200, {"message": "Logged out"})
    assert leaving.call("GET", "leads") == INVALID_TOKEN
    assert leaving.call("POST", f"{prefix}/auth/logout") == INVALID_TOKEN
    assert sales.call("POST", "auth/refresh", {"refresh_token": one["refresh_token"]}) == BAD_REFRESH
    assert Neptie(sales.stack, other["token"]).leads() == ([], 0)
    sales.ok("POST", "auth/refresh", {"refresh_token": other["refresh_token"]})


@pytest.mark.parametrize("path", ["auth/logout", "auth/password"])
def test_only_who_is_logged_in_has_a_session(sales: Neptie, anybody: Neptie, path: str) -> None:
    assert anybody.call("POST", path, {}) == REQUIRED
    assert sales.with_scopes("admin:all").call("POST", path, {}) == INVALID_TOKEN


def test_a_session_that_ended_makes_no_credentials(sales: Neptie) -> None:
    sales.ok("POST", "auth/logout")
    token = {"name": "x", "permissions": ["admin:all"], "default_environment": "dev"}
    assert sales.call("POST", "/manage/api_tokens", token)[0] == 401
    assert sales.call("POST", "/manage/client_keys", {"environment": "dev", "scope": "secret"})[0] == 401
    assert sales.call("POST", "/manage/environments", {"identifier": "x"})[0] == 401


@every_prefix
def test_a_changed_password_is_the_only_one_and_ends_all_other_sessions(sales: Neptie, prefix: str) -> None:
    address_ = sales.account["user"]["email"]
    other = sales.ok("POST", "auth/login", {"email": address_, "password": PASSWORD})
    changed = sales.call(
        "POST", f"{prefix}/auth/password", {"old_password": PASSWORD, "new_password": "another horse battery"}
    )
    assert changed == (200, {"message": "Password changed"})
    assert sales.call("POST", "auth/refresh", {"refresh_token": other["refresh_token"]}) == BAD_REFRESH
    assert Neptie(sales.stack, other["token"]).call("GET", "leads") == INVALID_TOKEN
    assert sales.leads() == ([], 0)
    sales.ok("POST", "auth/refresh", {"refresh_token": sales.account["refresh_token"]})
    assert sales.call("POST", "auth/login", {"email": address_, "password": PASSWORD}) == WRONG
    sales.ok("POST", "auth/login", {"email": address_, "password": "another horse battery"})


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"old_password": "is required", "new_password": "is required"}),
        ({"old_password": PASSWORD, "new_password": "short"}, {"new_password": "must be at least 8 characters"}),
        ({"old_password": PASSWORD, "new_password": "x" * 129}, {"new_password": "must be at most 128 characters"}),
        ({"old_password": PASSWORD, "new_password": 1}, {"new_password": "must be a string"}),
        ({"old_password": "wrong", "new_password": "another horse"}, {"old_password": "is wrong"}),
    ],
)
def test_a_change_of_the_password_that_breaks_a_rule_names_the_field(
    sales: Neptie, body: Any, errors: dict[str, str]
) -> None:
    assert sales.call("POST", "auth/password", body) == invalid(**errors)
    sales.ok("POST", "auth/login", {"email": sales.account["user"]["email"], "password": PASSWORD})


def test_guesses_at_the_old_password_are_limited(sales: Neptie) -> None:
    body = {"old_password": "guess", "new_password": "another horse"}
    assert [sales.call("POST", "auth/password", body)[0] for _ in range(11)] == [400] * 10 + [429]
    answer = sales.request("POST", "auth/password", {**body, "old_password": PASSWORD})
    assert (answer.status, answer.json()) == TOO_MANY
    assert 1 <= int(answer.headers["Retry-After"]) <= 15 * 60


@pytest.mark.parametrize("token", ["rt_5f0d6c", "x", "rt_" + "A" * 64, "rt_" + "é" * 64])
def test_an_unknown_refresh_token_is_refused(anybody: Neptie, token: str) -> None:
    assert anybody.call("POST", "auth/refresh", {"refresh_token": token}) == BAD_REFRESH


@pytest.mark.parametrize(("body", "text"), [({}, "is required"), ({"refresh_token": 1}, "must be a string")])
def test_a_refresh_without_a_token_names_it(anybody: Neptie, body: Any, text: str) -> None:
    assert anybody.call("POST", "auth/refresh", body) == invalid(refresh_token=text)


@every_endpoint
def test_a_request_without_a_credential_is_refused(anybody: Neptie, method: str, path: str, scope: str) -> None:
    assert scope
    assert anybody.call(method, path) == REQUIRED


@every_endpoint
def test_a_credential_without_the_scope_is_refused_though_it_has_all_others(
    sales: Neptie, method: str, path: str, scope: str
) -> None:
    scopes = sorted({each for _, _, each in ENDPOINTS} - {scope})
    assert sales.with_scopes(*scopes).call(method, path, {}) == FORBIDDEN


@every_endpoint
def test_the_scope_alone_suffices(sales: Neptie, method: str, path: str, scope: str) -> None:
    status, answer = sales.with_scopes(scope).call(method, path, {})
    assert status in (200, 400, 404), answer


@every_endpoint
@every_prefix
def test_an_endpoint_is_reached_under_each_prefix(
    sales: Neptie, prefix: str, method: str, path: str, scope: str
) -> None:
    assert scope
    assert sales.call(method, f"{prefix}/{path}", {}) != NO_ROUTE


@every_open_endpoint
@every_prefix
def test_an_open_endpoint_is_reached_under_each_prefix(anybody: Neptie, prefix: str, path: str) -> None:
    assert anybody.call("POST", f"{prefix}/{path}", {})[0] == 400


@every_endpoint
def test_a_body_over_the_limit_is_too_large(anybody: Neptie, method: str, path: str, scope: str) -> None:
    assert scope
    limit = 4 * 1024 * 1024 if path == "leads/import" else LIMIT
    assert anybody.call(method, path, b" " * (limit + 1)) == TOO_LARGE


@every_open_endpoint
def test_a_body_over_the_limit_is_too_large_without_a_credential_too(anybody: Neptie, path: str) -> None:
    assert anybody.call("POST", path, b" " * (LIMIT + 1)) == TOO_LARGE


@every_open_endpoint
@pytest.mark.parametrize(
    ("body", "answer"), [(b"{", NOT_JSON), (b'{"a":NaN}', NOT_JSON), (b"[1]", NOT_AN_OBJECT), (b'"x"', NOT_AN_OBJECT)]
)
def test_a_body_that_is_no_json_object_is_refused(anybody: Neptie, path: str, body: bytes, answer: Any) -> None:
    assert anybody.call("POST", path, body) == answer


@every_open_endpoint
@pytest.mark.parametrize("body", [b"", b"[]"])
def test_an_empty_body_and_an_empty_array_are_an_empty_object(anybody: Neptie, path: str, body: bytes) -> None:
    assert anybody.call("POST", path, body) == anybody.call("POST", path, b"{}")


def test_an_api_token_is_taken_in_both_headers(sales: Neptie) -> None:
    token = sales.with_scopes("read:leads").token
    nobody = Neptie(sales.stack)
    assert nobody.call("GET", "leads", headers={"X-API-Key": token})[0] == 200
    assert nobody.call("GET", "leads", headers={"authorization": f"bearer {token}"})[0] == 200


def test_with_both_headers_authorization_counts(sales: Neptie) -> None:
    token = sales.with_scopes("read:leads").token
    assert Neptie(sales.stack, "wrong").call("GET", "leads", headers={"X-API-Key": token}) == INVALID_TOKEN
    assert sales.call("GET", "leads", headers={"X-API-Key": "wrong"})[0] == 200


@pytest.mark.parametrize("token", ["undefined", "a.b.c", "pk_dbf68c87-e579-4dac-b083-77fed0294e67"])
def test_what_is_no_token_is_invalid(anybody: Neptie, token: str) -> None:
    assert Neptie(anybody.stack, token).call("GET", "leads") == INVALID_TOKEN
    assert anybody.call("GET", "leads", headers={"X-API-Key": token}) == INVALID_TOKEN


def test_an_accounts_token_is_no_api_key(sales: Neptie) -> None:
    assert Neptie(sales.stack).call("GET", "leads", headers={"X-API-Key": sales.token}) == INVALID_TOKEN


def test_a_revoked_token_is_invalid(sales: Neptie) -> None:
    client = sales.with_scopes("read:leads")
    (listed,) = sales.ok("GET", "/manage/api_tokens")["data"]
    assert sales.call("DELETE", f"/manage/api_tokens/{listed['id']}")[0] == 200
    assert client.call("GET", "leads") == INVALID_TOKEN


def test_an_expired_token_is_told_so(anybody: Neptie, operator: Operator) -> None:
    past = datetime.now(UTC) - timedelta(hours=2)
    token = operator.forged(
        "nereid:account", sub="x", role="Admin", environment="dev", iat=past, exp=past + timedelta(hours=1)
    )
    assert Neptie(anybody.stack, token).call("GET", "leads") == EXPIRED


@pytest.mark.parametrize(
    "claims",
    [
        {"role": "Owner", "sid": SOME_ID},
        {"role": "Admin", "sid": SOME_ID, "team": 3},
        {"role": "Admin", "sid": SOME_ID, "email": "a@example.com"},
        {"sid": SOME_ID},
    ],
)
def test_a_token_that_says_too_little_is_invalid(anybody: Neptie, operator: Operator, claims: dict[str, Any]) -> None:
    token = operator.forged("nereid:account", **{"sub": "x", "environment": "dev", **claims})
    assert Neptie(anybody.stack, token).call("GET", "leads") == INVALID_TOKEN


def test_a_user_may_do_all_but_administer(anybody: Neptie, operator: Operator) -> None:
    user = Neptie(anybody.stack, operator.account("User"))
    assert user.leads() == ([], 0)
    assert user.campaign()["name"] == "Spring"
    assert user.call("POST", "/manage/environments", {"identifier": "x"})[0] == 403


def test_an_account_manages_its_team(sales: Neptie) -> None:
    assert sales.ok("POST", "/manage/environments", {"identifier": "staging"})["identifier"] == "staging"


def test_an_account_is_nobody_to_neptune(sales: Neptie) -> None:
    assert sales.call("GET", "/neptune/environments") == (401, {"error": "Unauthenticated"})


def test_the_demos_account_belongs_to_the_demos_team(anybody: Neptie) -> None:
    demo = anybody.stack.demo
    assert demo["account"] == {"email": "admin@example.com", "password": "local-password"}
    answer = anybody.ok("POST", "auth/login", demo["account"])
    lead = Neptie(anybody.stack, answer["token"]).lead()
    found = anybody.ok("GET", f"leads/{lead['id']}", headers={"X-API-Key": demo["service_api_key"]})
    assert found["lead"] == lead


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api"),
        ("GET", "/api/nothing"),
        ("PATCH", "/api/leads"),
        ("GET", "/v1/auth/login"),
        ("DELETE", "/v1/api/campaigns"),
        ("GET", "/v1/users"),
        ("GET", "/v1"),
    ],
)
def test_what_no_route_takes_is_not_found_in_this_apis_words(anybody: Neptie, method: str, path: str) -> None:
    answer = anybody.request(method, path)
    assert (answer.status, answer.json()) == NO_ROUTE
    assert answer.headers["X-RateLimit-Limit"] == "1000"


@pytest.mark.over_http
@pytest.mark.slow
def test_a_source_address_registers_a_hundred_times_an_hour_at_most(anybody: Neptie) -> None:
    client = Neptie(anybody.stack, source=address())
    known = client.newcomer().account["user"]["email"]
    # Refused ones count as well, and cost nothing else.
    addresses = [known] * 9 + [email() for _ in range(92)]

    def register(address_: str) -> int:
        return client.register(email=address_)[0]

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(register, addresses))
    assert statuses == [201] * 91 + [400] * 9 + [429]
