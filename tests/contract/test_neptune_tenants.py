"""One team can reach nothing of another, by whatever id."""

from __future__ import annotations

import pytest

from tests.contract.neptune_client import DELETED, NOT_FOUND, Neptune, unique
from tests.support.teams import OtherTeam

IN_PROCESS = True

EMAIL = {"type": "email", "value": "sam@example.com"}


@pytest.fixture
def stranger(neptune: Neptune, other_team: OtherTeam) -> Neptune:
    """Return another team that has an environment of the same name."""
    return Neptune(neptune.stack, other_team.token)


@pytest.fixture
def user(neptune: Neptune) -> str:
    return neptune.user(name="Sam")


def test_another_teams_environment_is_not_found(fresh: Neptune, other_team: OtherTeam) -> None:
    stranger = Neptune(fresh.stack, other_team.token, fresh.environment)
    assert stranger.call("GET", "/{env}/users") == NOT_FOUND
    assert stranger.ingest() == NOT_FOUND


def test_environments_are_the_teams_own(stranger: Neptune) -> None:
    assert [each["identifier"] for each in stranger.ok("GET", "/environments")["data"]] == ["dev"]


def test_another_teams_user_is_not_found(stranger: Neptune, user: str) -> None:
    assert stranger.call("GET", f"/{{env}}/users/{user}") == NOT_FOUND
    assert stranger.call("PUT", f"/{{env}}/users/{user}", {"meta": {"name": "Eve"}}) == NOT_FOUND
    assert stranger.call("DELETE", f"/{{env}}/users/{user}") == NOT_FOUND


def test_another_teams_users_are_not_listed(stranger: Neptune, user: str) -> None:
    listed = stranger.ok("GET", "/{env}/users?per_page=100")
    assert user not in [each["user_id"] for each in listed["data"]]
    assert listed["meta"]["total"] == len(listed["data"])


def test_a_user_of_the_same_id_is_another_user(neptune: Neptune, stranger: Neptune, user: str) -> None:
    stranger.ok("POST", "/{env}/users", {"user_id": user, "meta": {"name": "Eve"}})
    assert neptune.ok("GET", f"/{{env}}/users/{user}")["meta"] == {"name": "Sam"}
    assert stranger.call("DELETE", f"/{{env}}/users/{user}") == DELETED
    assert neptune.ok("GET", f"/{{env}}/users/{user}")["meta"] == {"name": "Sam"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_contact_infos_of_another_teams_user_are_not_found(
    neptune: Neptune, stranger: Neptune, user: str, method: str
) -> None:
    neptune.ok("POST", f"/{{env}}/users/{user}/contacts_info", EMAIL)
    assert stranger.call(method, f"/{{env}}/users/{user}/contacts_info", EMAIL) == NOT_FOUND
    shown = neptune.ok("GET", f"/{{env}}/users/{user}?includes=contact_infos")
    assert len(shown["contact_infos"]) == 1


def test_app_notifications_of_another_teams_user_are_not_seen(neptune: Neptune, stranger: Neptune, user: str) -> None:
    neptune.notices(user, "one")
    listed = stranger.ok("GET", f"/app_notifications/{{env}}?user_id={user}&type=all")
    assert listed == {"data": [], "meta": {"page": 1, "per_page": 10, "total": 0, "unread": 0, "next_before": None}}


def test_app_notifications_of_another_team_cannot_be_marked(neptune: Neptune, stranger: Neptune, user: str) -> None:
    [uuid] = neptune.notices(user, "one")
    assert stranger.call("POST", "/app_notifications/{env}/read", {"type": "notification", "id": uuid}) == NOT_FOUND
    assert stranger.ok("POST", "/app_notifications/{env}/read", {"type": "user", "id": user})["updated"] == 0
    listed = neptune.ok("GET", f"/app_notifications/{{env}}?user_id={user}&type=all")
    assert [each["read_at"] for each in listed["data"]] == [None]


def test_a_message_id_of_another_team_is_free(neptune: Neptune, stranger: Neptune) -> None:
    message_id = unique("m")
    neptune.accepted(message_id=message_id, data={"of": "one"})
    neptune.message(message_id)
    stranger.accepted(message_id=message_id, data={"of": "the other"})
    assert stranger.message(message_id)["data"] == {"of": "the other"}
    assert neptune.message(message_id)["data"] == {"of": "one"}


def test_an_event_for_another_teams_user_reaches_nobody(neptune: Neptune, stranger: Neptune, user: str) -> None:
    neptune.ok("POST", f"/{{env}}/users/{user}/contacts_info", {"type": "email", "value": f"{user}@example.com"})
    event_type = unique("event")
    mail = {"name": "mail", "channel": "email", "template": {"subject": "s", "text": "t"}}
    stranger.configure(event_type, mail)
    message = stranger.message(stranger.accepted(event_type=event_type, user_id=user), until_final=True)
    assert [(each["status"], each["to"]) for each in message["deliveries"]] == [("no_contact", None)]


def test_an_environment_is_a_world_of_its_own(neptune: Neptune, fresh: Neptune, user: str) -> None:
    assert fresh.call("GET", f"/{{env}}/users/{user}") == NOT_FOUND
    fresh.ok("POST", "/{env}/users", {"user_id": user, "meta": {"name": "Other"}})
    assert neptune.ok("GET", f"/{{env}}/users/{user}")["meta"] == {"name": "Sam"}
