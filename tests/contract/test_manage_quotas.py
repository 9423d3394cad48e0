"""How much a team may have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.manage_client import DELETED, Manage, invalid
from tests.support import in_process_stack
from tests.support.in_process_stack import InProcessStack
from tests.support.teams import Operator


@pytest.fixture(scope="module")
def small() -> Iterator[InProcessStack]:
    """Return a stack where a team may have three of each."""
    with in_process_stack.running(MaxEnvironments="3", MaxApiTokens="3", MaxClientKeys="3", MaxEventTypes="3") as stack:
        yield stack


@pytest.fixture
def team(small: InProcessStack) -> Manage:
    return Manage(small, Operator(small).team().token)


def token(number: int) -> dict[str, Any]:
    return {"name": f"t{number}", "permissions": ["post_events"], "default_environment": "dev"}


def test_a_team_has_so_many_environments(team: Manage) -> None:
    for number in range(2):  # beside its first
        team.ok("POST", "/environments", {"identifier": f"e{number}"})
    refused = invalid({"field": "identifier", "message": "too many environments (3)"})
    assert team.call("POST", "/environments", {"identifier": "one-more"}) == refused


def test_a_team_has_so_many_api_tokens_and_a_revoked_one_makes_room(team: Manage) -> None:
    made = [team.ok("POST", "/api_tokens", token(number)) for number in range(2)]  # beside its first
    refused = invalid({"field": "name", "message": "too many API tokens (3)"})
    assert team.call("POST", "/api_tokens", token(9)) == refused
    assert team.call("DELETE", f"/api_tokens/{made[0]['id']}") == DELETED
    team.ok("POST", "/api_tokens", token(9))
    assert team.call("POST", "/api_tokens", token(10)) == refused


def test_a_team_has_so_many_client_keys(team: Manage) -> None:
    body = {"environment": "dev", "scope": "public"}
    made = [team.ok("POST", "/client_keys", body) for _ in range(3)]
    refused = invalid({"field": "environment", "message": "too many client keys (3)"})
    assert team.call("POST", "/client_keys", body) == refused
    assert team.call("DELETE", f"/client_keys/{made[0]['id']}") == DELETED
    team.ok("POST", "/client_keys", body)


def test_a_team_has_so_many_event_types_in_all_environments_together(team: Manage) -> None:
    team.ok("POST", "/environments", {"identifier": "live"})
    paths = ["/dev/event_types/a", "/dev/event_types/b", "/live/event_types/a"]
    for path in paths:
        team.ok("PUT", path, {"notifications": []})
    refused = invalid({"field": "event_type", "message": "too many event types (3)"})
    assert team.call("PUT", "/live/event_types/b", {"notifications": []}) == refused
    team.ok("PUT", paths[0], {"notifications": []})  # one that is there
    for _ in range(2):
        assert team.call("DELETE", paths[2]) in (DELETED, (404, {"message": "Not Found"}))
    team.ok("PUT", "/live/event_types/b", {"notifications": []})
    assert team.call("PUT", "/live/event_types/c", {"notifications": []}) == refused


def test_what_one_team_has_is_nothing_to_another(team: Manage, small: InProcessStack) -> None:
    team.ok("PUT", "/dev/event_types/a", {"notifications": []})
    other = Manage(small, Operator(small).team().token)
    for name in ("a", "b", "c"):
        other.ok("PUT", f"/dev/event_types/{name}", {"notifications": []})


def test_an_operator_lets_a_team_have_more(small: InProcessStack) -> None:
    made = small._api.run("ManageCreateTeam", {"name": "Large", "quota_times": 2})
    assert made["team"]["quota_times"] == 2
    large = Manage(small, made["api_token"])
    for number in range(5):
        large.ok("POST", "/environments", {"identifier": f"e{number}"})
    for number in range(6):
        large.ok("PUT", f"/dev/event_types/{number}", {"notifications": []})
    assert large.call("POST", "/environments", {"identifier": "more"})[0] == 422
    assert large.call("PUT", "/dev/event_types/more", {"notifications": []})[0] == 422
    small._api.run("ManageCreateTeam", {"team": made["team"]["id"], "quota_times": 3})
    large.ok("POST", "/environments", {"identifier": "more"})
