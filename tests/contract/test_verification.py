"""Where strangers may register, they log in once they have shown that the address is theirs."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.manage_client import Manage
from tests.support import in_process_stack
from tests.support.in_process_stack import InProcessStack

NOT_VERIFIED = (403, {"message": "Email address not verified"})
PASSWORD = "correct horse"


@pytest.fixture(scope="class")
def stack() -> Iterator[InProcessStack]:
    with in_process_stack.running(Registration="open") as running:
        yield running


def call(stack: InProcessStack, path: str, body: Any) -> tuple[int, Any]:
    answer = stack.request("POST", f"/v1/auth/{path}", body)
    return answer.status, answer.json()


def person(**members: Any) -> dict[str, Any]:
    """Return a registration."""
    return {"email": f"{uuid.uuid4().hex}@example.net", "password": PASSWORD, "full_name": "Sam", **members}


def login(who: dict[str, Any]) -> dict[str, Any]:
    return {"email": who["email"], "password": who["password"]}


def links(stack: InProcessStack, email: str) -> list[str]:
    """Return the paths of all links that an address was mailed."""
    sent = [body for name, body in stack.cloud.requests if name == "sesv2:SendEmail"]
    mine = [body for body in sent if body["Destination"]["ToAddresses"] == [email]]
    assert all(body["FromEmailAddress"] == "hello@example.com" for body in mine)
    texts = [body["Content"]["Simple"]["Body"]["Text"]["Data"] for body in mine]
    return [re.findall(r"https?://[^/]+(/verify/\S+)", text)[0] for text in texts]


def add_member(team: Manage) -> tuple[str, str]:
    """Add a member; return its address and its one-time password."""
    made = team.ok("POST", "/members", {"email": f"{uuid.uuid4().hex}@example.net"})
    return made["email"], made["one_time_password"]


def ends_at(stack: InProcessStack, email: str) -> str | None:
    """Return when an account removes itself."""
    table = stack.environment("ManageCreateTeam")["ACCOUNTS_TABLE"]
    key = {"pk": {"S": f"account#{email}"}, "sk": {"S": "account"}}
    item = stack.client("dynamodb").get_item(TableName=table, Key=key)["Item"]
    return item["expires_at"]["N"] if "expires_at" in item else None


class TestWhereStrangersRegister:
    def test_a_registration_is_answered_as_ever_and_mails_a_link(self, stack: InProcessStack) -> None:
        who = person()
        status, answer = call(stack, "register", who)
        assert status == 201
        assert set(answer) == {"token", "refresh_token", "expires_in", "user"}
        assert len(links(stack, who["email"])) == 1
        assert stack.request("GET", "/manage/environments", token=answer["token"]).status == 200

    def test_an_account_logs_in_once_its_address_is_verified(self, stack: InProcessStack) -> None:
        who = person()
        refresh = {"refresh_token": call(stack, "register", who)[1]["refresh_token"]}
        assert call(stack, "login", login(who)) == NOT_VERIFIED
        assert call(stack, "refresh", refresh) == NOT_VERIFIED
        [link, *_] = links(stack, who["email"])
        page = stack.request("GET", link)
        assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert call(stack, "login", login(who)) == NOT_VERIFIED  # a scanner that opens links verifies nothing
        assert [stack.request("POST", link, b"").status for _ in range(2)] == [200, 200]
        assert call(stack, "login", login(who))[0] == 200
        assert call(stack, "refresh", refresh)[0] == 200

    def test_a_login_mails_the_link_again_but_not_for_ever(self, stack: InProcessStack) -> None:
        who = person()
        call(stack, "register", who)
        for _ in range(7):
            assert call(stack, "login", login(who)) == NOT_VERIFIED
        assert len(links(stack, who["email"])) == 5
        call(stack, "login", {**login(who), "password": "wrong"})
        assert len(links(stack, who["email"])) == 5

    def test_who_has_not_the_password_is_not_told_that_an_address_waits(self, stack: InProcessStack) -> None:
        who = person()
        call(stack, "register", who)
        wrong = call(stack, "login", {**login(who), "password": "wrong"})
        assert wrong == call(stack, "login", {**login(person()), "password": "wrong"})

    def test_a_link_shows_no_address(self, stack: InProcessStack) -> None:
        who = person()
        call(stack, "register", who)
        assert who["email"].partition("@")[0] not in links(stack, who["email"])[0]

    @pytest.mark.parametrize("token", ["x", "0.AAAA", "a.b.c"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_what_is_no_link_verifies_nothing(self, stack: InProcessStack, method: str, token: str) -> None:
        assert stack.request(method, f"/verify/{token}").status == 404

    def test_the_link_of_an_unsubscribe_verifies_nothing(self, stack: InProcessStack) -> None:
        who = person()
        call(stack, "register", who)
        token = links(stack, who["email"])[0].rpartition("/")[2]
        assert stack.request("POST", f"/u/{token}").status == 404

    def test_an_operators_team_wins_over_an_address_that_nobody_verified(self, stack: InProcessStack) -> None:
        who = person()
        _, stranger = call(stack, "register", who)
        [link, *_] = links(stack, who["email"])
        owner = {"email": who["email"], "password": "the owners own", "full_name": "Kim"}
        made = stack._api.run("ManageCreateTeam", {"name": "Bank", "account": owner})
        assert made["account"]["full_name"] == "Kim"
        assert call(stack, "login", login(who))[0] == 401
        assert call(stack, "refresh", {"refresh_token": stranger["refresh_token"]})[0] == 401
        assert call(stack, "login", login(owner))[0] == 200
        # The stranger's link is of an account that is gone.
        assert stack.request("GET", link).status == 404
        assert stack.request("POST", link).status == 404

    def test_a_verified_address_is_taken_for_operators_too(self, stack: InProcessStack) -> None:
        who = person()
        call(stack, "register", who)
        stack.request("POST", links(stack, who["email"])[0])
        account = {"email": who["email"], "password": "the owners own", "full_name": "Kim"}
        with pytest.raises(Exception, match="account"):
            stack._api.run("ManageCreateTeam", {"name": "Bank", "account": account})
        assert call(stack, "login", login(who))[0] == 200

    def test_a_taken_address_is_told_so_verified_or_not(self, stack: InProcessStack) -> None:
        who = person()
        call(stack, "register", who)
        assert call(stack, "register", who)[0] == 400

    def test_a_mail_that_is_not_taken_undoes_no_registration(self, stack: InProcessStack) -> None:
        who = person()
        stack.cloud.fail("sesv2:SendEmail", ("MessageRejected", 400))
        assert call(stack, "register", who)[0] == 201
        call(stack, "login", login(who))
        stack.request("POST", links(stack, who["email"])[-1])
        assert call(stack, "login", login(who))[0] == 200

    def test_a_member_whose_address_is_verified_goes_with_its_one_time_password(self, stack: InProcessStack) -> None:
        stranger = Manage(stack, call(stack, "register", person())[1]["token"])
        email, given = add_member(stranger)
        assert call(stack, "login", {"email": email, "password": given, "new_password": PASSWORD}) == NOT_VERIFIED
        goes_at = ends_at(stack, email)
        assert goes_at
        [link] = links(stack, email)
        assert [stack.request("POST", link, b"").status for _ in range(2)] == [200, 200]
        assert ends_at(stack, email) == goes_at
        assert call(stack, "login", {"email": email, "password": given, "new_password": PASSWORD})[0] == 200
        assert ends_at(stack, email) is None
        assert stack.request("POST", link, b"").status == 200
        assert ends_at(stack, email) is None


def test_a_stack_that_trusts_who_registers_wants_no_link() -> None:
    with in_process_stack.running(Registration="trusted") as stack:
        who = person()
        assert call(stack, "register", who)[0] == 201
        assert call(stack, "login", login(who))[0] == 200
        assert links(stack, who["email"]) == []


def test_a_stack_that_cannot_mail_wants_no_link() -> None:
    with in_process_stack.running(Registration="open", EmailFrom="") as stack:
        who = person()
        assert call(stack, "register", who)[0] == 201
        assert call(stack, "login", login(who))[0] == 200


def test_a_stack_that_cannot_mail_wants_none_of_members_either() -> None:
    with in_process_stack.running(Registration="open", EmailFrom="") as stack:
        email, given = add_member(Manage(stack, call(stack, "register", person())[1]["token"]))
        assert call(stack, "login", {"email": email, "password": given, "new_password": PASSWORD})[0] == 200
