"""The members of a team: who may sign in to it, and as what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.manage_client import DELETED, FORBIDDEN, NOT_FOUND, Manage, invalid, unique
from tests.local_stack import Stack
from tests.support.teams import Operator

IN_PROCESS = True

PASSWORD = "correct horse battery"
LAST = (409, {"message": "The team would have no Admin left"})


@pytest.fixture
def team(local_stack: Stack) -> Manage:
    """Return a team of its own, which has no members."""
    return Manage(local_stack, Operator(local_stack).team().token)


def add(team: Manage, role: str = "User", email: str | None = None) -> Any:
    """Add a member; return it with its one-time password."""
    return team.ok("POST", "/members", {"email": email or f"{unique()}@example.com", "role": role})


def log_in(stack: Stack, email: str, password: str = PASSWORD, **more: str) -> tuple[int, Any]:
    answer = stack.request("POST", "/api/auth/login", {"email": email, "password": password, **more})
    return answer.status, answer.json()


def join(team: Manage, role: str = "User") -> tuple[str, Manage]:
    """Add a member who chooses a password; return the address, and a client with its session."""
    made = add(team, role)
    status, answer = log_in(team.stack, made["email"], made["one_time_password"], new_password=PASSWORD)
    assert status == 200, answer
    return made["email"], Manage(team.stack, answer["token"])


def roles(team: Manage) -> dict[str, str]:
    return {each["email"]: each["role"] for each in team.ok("GET", "/members?limit=100")["data"]}


def member(email: str) -> str:
    return f"/members/{quote(email, safe='')}"


def test_a_member_is_made_with_a_password_that_is_shown_once(team: Manage) -> None:
    made = team.ok("POST", "/members", {"email": " Kim.Example@Example.com ", "full_name": "Kim"})
    assert len(made.pop("one_time_password")) == 20
    assert made.pop("one_time_until") > made["created_at"]
    shown = {"email": "kim.example@example.com", "full_name": "Kim", "role": "User", "joined": False}
    assert {name: made[name] for name in shown} == shown
    [listed] = team.ok("GET", "/members")["data"]
    assert listed.pop("one_time_until")
    assert listed == made


def test_a_one_time_password_is_good_for_the_login_that_replaces_it(team: Manage) -> None:
    made = add(team)
    email, given = made["email"], made["one_time_password"]
    status, answer = log_in(team.stack, email, given)
    assert (status, answer["errors"][0]["field"]) == (400, "new_password")
    assert log_in(team.stack, email, given, new_password=given)[0] == 400
    assert log_in(team.stack, email, given, new_password="short")[0] == 400
    assert log_in(team.stack, email, given, new_password=PASSWORD)[0] == 200
    assert log_in(team.stack, email, given, new_password="another password")[0] == 401
    assert log_in(team.stack, email)[0] == 200
    [listed] = team.ok("GET", "/members")["data"]
    assert (listed["joined"], listed["one_time_until"]) == (True, None)


def test_an_ordinary_password_is_not_changed_by_a_login(team: Manage) -> None:
    email, _ = join(team)
    assert log_in(team.stack, email, new_password="another password")[0] == 200
    assert log_in(team.stack, email)[0] == 200


def test_an_address_has_one_account_in_all_teams(team: Manage) -> None:
    other = Manage(team.stack, Operator(team.stack).team().token)
    email = add(team)["email"]
    for each in (team, other):
        answer = each.call("POST", "/members", {"email": email.upper(), "role": "Admin"})
        assert answer == (409, {"message": "An account has this e-mail address already"})
    assert roles(team) == {email: "User"}
    assert roles(other) == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "User"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@example.com", "role": "Owner"}, "role"),
    ],
)
def test_a_wrong_member_is_named(team: Manage, body: Any, field: str) -> None:
    assert list(team.errors("POST", "/members", body)) == [field]


def test_members_are_listed_by_address_page_by_page(team: Manage) -> None:
    prefix = unique()
    emails = [add(team, email=f"{prefix}-{number}@example.com")["email"] for number in (3, 1, 4, 0, 2)]
    pages = team.pages("/members", 2)
    assert [[each["email"] for each in page] for page in pages] == [
        sorted(emails)[:2],
        sorted(emails)[2:4],
        sorted(emails)[4:],
    ]


def test_a_role_decides_what_a_member_may_and_its_change_ends_the_sessions(team: Manage) -> None:
    email, session = join(team)
    assert session.call("GET", "/members") == FORBIDDEN
    assert team.ok("PUT", member(email), {"role": "Admin"})["role"] == "Admin"
    assert session.call("GET", "/environments")[0] == 401
    admin = Manage(team.stack, log_in(team.stack, email)[1]["token"])
    assert roles(admin) == {email: "Admin"}


def test_an_admin_beside_another_is_made_a_user(team: Manage) -> None:
    join(team, "Admin")
    email, session = join(team, "Admin")
    assert team.ok("PUT", member(email), {"role": "User"})["role"] == "User"
    assert session.call("GET", "/environments")[0] == 401
    assert roles(team)[email] == "User"


def test_a_member_that_is_removed_is_out_at_once(team: Manage) -> None:
    email, session = join(team)
    status, answer = log_in(team.stack, email)
    assert status == 200
    assert team.call("DELETE", member(email.upper())) == DELETED
    assert session.call("GET", "/environments")[0] == 401
    assert log_in(team.stack, email)[0] == 401
    refreshed = team.stack.request("POST", "/api/auth/refresh", {"refresh_token": answer["refresh_token"]})
    assert refreshed.status == 401
    assert roles(team) == {}
    assert team.call("DELETE", member(email)) == NOT_FOUND


def test_the_last_admin_is_neither_removed_nor_made_a_user(team: Manage) -> None:
    email, session = join(team, "Admin")
    other, _ = join(team)
    # Who has not chosen a password yet may never come.
    waiting = add(team, "Admin")["email"]
    for client in (team, session):
        assert client.call("DELETE", member(email)) == LAST
        assert client.call("PUT", member(email), {"role": "User"}) == LAST
    assert session.call("GET", "/environments")[0] == 200
    assert roles(team) == {email: "Admin", other: "User", waiting: "Admin"}
    assert team.call("DELETE", member(waiting)) == DELETED
    team.ok("PUT", member(other), {"role": "Admin"})
    assert team.call("DELETE", member(email)) == DELETED


def test_of_two_admins_who_remove_each_other_at_once_one_stays(team: Manage) -> None:
    admins = [join(team, "Admin") for _ in range(2)]
    turns = list(zip(admins, reversed(admins), strict=True))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda turn: turn[0][1].call("DELETE", member(turn[1][0])), turns))
    assert sorted(status for status, _ in answers) in ([200, 401], [200, 409])
    assert len(roles(team)) == 1


def test_a_member_of_another_team_is_not_found(team: Manage) -> None:
    other = Manage(team.stack, Operator(team.stack).team().token)
    email, session = join(other)
    assert team.call("PUT", member(email), {"role": "Admin"}) == NOT_FOUND
    assert team.call("DELETE", member(email)) == NOT_FOUND
    assert session.call("GET", "/environments")[0] == 200


def test_an_account_of_an_earlier_release_is_a_member(local_stack: Stack) -> None:
    admin = Manage(local_stack, Operator(local_stack).account("Admin"))
    [listed] = admin.ok("GET", "/members")["data"]
    assert (listed["role"], listed["joined"]) == ("Admin", True)


def test_a_role_that_there_is_not_is_refused(team: Manage) -> None:
    email = add(team)["email"]
    wrong = invalid({"field": "role", "message": "must be one of Admin, User"})
    assert team.call("PUT", member(email), {"role": "Owner"}) == wrong
