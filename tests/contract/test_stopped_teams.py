"""A team that an operator stops and lets go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.contract.manage_client import Manage, email_to, mail, unique
from tests.local_stack import Stack
from tests.support.teams import made

Make = Callable[..., str]


class Owner:
    """A team with everything that opens something."""

    def __init__(self, stack: Stack, make: Make) -> None:
        self.stack = stack
        account = ("--admin-email", f"{unique()}@example.net")
        printed = make("--name", unique("Acme"), *account)
        team, self.token = made(printed)
        self.id = str(team["id"])
        self.login = {"email": account[1], "password": printed.rstrip().rpartition("\n")[2]}
        self.session = stack.request("POST", "/v1/auth/login", self.login).json()
        self.manage = Manage(stack, self.token)
        self.keys = {
            scope: self.manage.ok("POST", "/client_keys", {"environment": "dev", "scope": scope})["key"]
            for scope in ("public", "secret")
        }

    def send(self, message_id: str, **notification: Any) -> str:
        """Let an event happen; return the address that its mail goes to."""
        address = f"{unique()}@example.org"
        self.manage.ok("PUT", "/dev/event_types/e", {"notifications": [{**mail(), **notification}]})
        event = {"event_type": "e", "message_id": message_id, "contact_infos": email_to(address)}
        assert self.stack.request("POST", "/neptune/dev/events", event, token=self.token).status == 200
        return address


@pytest.fixture
def owner(local_stack: Stack, make: Make) -> Owner:
    return Owner(local_stack, make)


def test_every_request_of_a_stopped_team_is_refused_in_the_words_of_its_api(
    local_stack: Stack, owner: Owner, make: Make
) -> None:
    make("--team", owner.id, "--stop", "1")
    refused = {
        ("GET", "/manage/environments"): (owner.token, {"message": "Forbidden"}),
        ("GET", "/manage/api_tokens"): (owner.session["token"], {"message": "Forbidden"}),
        ("GET", "/v1/leads"): (owner.session["token"], {"message": "Insufficient permissions"}),
        ("GET", "/neptune/environments"): (owner.token, {"message": "Forbidden"}),
        ("POST", "/neptune/dev/events"): (owner.token, {"message": "Forbidden"}),
        ("GET", "/api/client/notifications"): (owner.keys["secret"], None),
        ("POST", "/api/client/events"): (owner.keys["public"], None),
        ("GET", "/v1/user/sam@example.com"): (owner.token, None),
    }
    denied = {"status": "error", "error": "Access denied.", "code": 1007}
    vibetrace = {"errors": [{"message": "Forbidden", "description": "This API key does not allow this operation."}]}
    for (method, path), (token, body) in refused.items():
        answer = local_stack.request(method, path, {} if method == "POST" else None, token=token)
        expected = body or (denied if path.startswith("/api/client") else vibetrace)
        assert (path, answer.status, answer.json()) == (path, 403, expected)


def test_nobody_logs_in_to_a_stopped_team_or_stays_so(local_stack: Stack, owner: Owner, make: Make) -> None:
    make("--team", owner.id, "--stop", "1")
    refresh = {"refresh_token": owner.session["refresh_token"]}
    for path, body in (("login", owner.login), ("refresh", refresh)):
        answer = local_stack.request("POST", f"/v1/auth/{path}", body)
        assert (answer.status, answer.json()) == (403, {"message": "Insufficient permissions"})
    wrong = local_stack.request("POST", "/v1/auth/login", {**owner.login, "password": "another one"})
    assert wrong.status == 401
    make("--team", owner.id, "--stop", "0")
    assert local_stack.request("POST", "/v1/auth/refresh", refresh).status == 200


def test_other_teams_go_on(local_stack: Stack, owner: Owner, make: Make) -> None:
    make("--team", owner.id, "--stop", "1")
    assert local_stack.request("GET", "/manage/environments", token=local_stack.demo["api_token"]).status == 200


def test_a_delivery_of_a_stopped_team_waits_and_is_sent_when_it_goes_on(
    local_stack: Stack, owner: Owner, make: Make
) -> None:
    # The stop comes before the mail has its turn: its team's address takes longer to be let in than to be stopped.
    held = Manage(local_stack, owner.token)
    address = ""
    for number in range(20):
        address = owner.send(f"m{number}")
        make("--team", owner.id, "--stop", "1")
        make("--team", owner.id, "--stop", "0")
        status, message = held.call("GET", f"/dev/messages/m{number}")
        if status == 200 and message["deliveries"][0]["reason"] == "waiting: team is stopped":
            break
    else:
        pytest.skip("each mail was faster than the stop")
    assert datetime.fromisoformat(message["deliveries"][0]["next_try_at"]).year > 2000
    local_stack.wait_for(lambda: local_stack.outbox(address), seconds=15)
    assert len(local_stack.outbox(address)) == 1


def test_who_stops_a_team_is_told_since_when(owner: Owner, make: Make) -> None:
    first, second = make("--team", owner.id, "--stop", "1"), make("--team", owner.id, "--stop", "1")
    assert first == second
    assert '"stopped_at": null' not in first
    assert '"stopped_at": null' in make("--team", owner.id, "--stop", "0")
