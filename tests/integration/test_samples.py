"""The samples in events/manage, events/public and events/pipeline are what they say."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from typing import Any

import pytest

from nereid.auth import client_keys
from nereid.core.access.accounts import NewAccount
from nereid.core.access.teams import create_team
from nereid.errors import Invalid
from nereid.models.team import ApiToken, ClientKey
from tests.infrastructure import stack
from tests.support.cloud import SECRET, Cloud, World
from tests.support.notifications import MAIL, SAM

#: Other tests show that the same stores work over moto.
IN_MEMORY = True

EVENTS = stack.ROOT / "events"
TOKEN_ID = "b7c1f0de-2a44-4c7b-9a0e-3e5d7f9a1b2c"
KEY_ID = "c8d2a1ef-3b55-4d8c-8b1f-4f6e8a0b2c3d"
#: What the bad sample of each function behind a route is answered with.
REFUSED = {
    "manage/list_environments": 422,
    "manage/create_environment": 422,
    "manage/delete_environment": 404,
    "manage/list_api_tokens": 400,
    "manage/create_api_token": 404,
    "manage/delete_api_token": 404,
    "manage/list_members": 400,
    "manage/add_member": 422,
    "manage/update_member": 422,
    "manage/remove_member": 404,
    "manage/list_senders": 401,
    "manage/list_client_keys": 422,
    "manage/create_client_key": 422,
    "manage/delete_client_key": 404,
    "manage/list_event_types": 404,
    "manage/get_event_type": 404,
    "manage/put_event_type": 422,
    "manage/delete_event_type": 404,
    "manage/list_messages": 400,
    "manage/get_message": 404,
    "manage/replay_message": 422,
    "manage/list_dead_letters": 422,
    "manage/redrive_dead_letters": 422,
    "manage/purge_dead_letters": 422,
    "manage/list_suppressions": 422,
    "manage/add_suppression": 422,
    "manage/remove_suppression": 404,
    "public/health": 503,
    "public/show_unsubscribe": 404,
    "public/show_verification": 404,
    "public/verify_address": 404,
    "public/unsubscribe": 404,
    "public/not_found": 404,
}
CONSUMERS = [f"pipeline/{stack.folder(name).name}" for name in sorted(set(stack.consumers().values()))]
every_route = pytest.mark.parametrize("function", REFUSED)
every_consumer = pytest.mark.parametrize("function", CONSUMERS)


@pytest.fixture
def world(cloud: Cloud) -> World:
    """Return a team with all that the samples name."""
    world = World(cloud)
    world.configure("login_otp", MAIL)
    world.user("2")
    world.ingest("login_otp", "m-1", user_id="2", contact_infos=SAM)
    cloud.pump()
    now = world.runtime.clock.now()
    members: dict[str, Any] = {"team_id": world.team_id, "name": "sample", "created_at": now}
    token = ApiToken(id=TOKEN_ID, permissions=["post_events"], default_environment="dev", expires_at=now, **members)
    world.runtime.account_store.create_api_token(token)
    key = client_keys.mint("public")
    record = ClientKey(
        id=KEY_ID, environment="dev", scope="public", shown=key, key_hash=client_keys.hash_key(key), **members
    )
    world.runtime.account_store.create_client_key(record)
    world.runtime.suppressions.add(world.team_id, "kim@example.com", "bounce", now)
    world.runtime.accounts.add_member(world.team_id, "dev", member_of(world), None, "User", "192.0.2.1")
    return world


def verification_token(world: World) -> str:
    """Return the token of the link that an account in a team of its own is mailed."""
    runtime = world.runtime
    mailed: list[str] = []
    admin = NewAccount(f"{uuid.uuid4().hex}@example.com", "correct horse", "Sam")
    made = create_team(runtime.account_store, runtime.clock, SECRET, "Other", "dev", admin)
    assert made.admin is not None
    replace(runtime.verification, mail=lambda *mail: mailed.append(mail[2])).send(made.admin, "")
    return str(re.findall(r"/verify/(\S+)", mailed[0])[0])


def member_of(world: World) -> str:
    """Return the address of a member of the team; an address has one account."""
    return f"member-{world.team_id}@example.com"


def sample(world: World, function: str, name: str) -> dict[str, Any]:
    text = (EVENTS / function / f"{name}.json").read_text(encoding="utf-8")
    link = world.runtime.unsubscriber.url(world.team_id, "sam@example.com").rpartition("/")[2]
    values = {
        "api_token": world.token,
        "team_id": world.team_id,
        "unsubscribe_token": link,
        "member": member_of(world),
        "verification_token": verification_token(world) if "{{verification_token}}" in text else "",
    }
    for placeholder, value in values.items():
        text = text.replace(f"{{{{{placeholder}}}}}", value)
    event: dict[str, Any] = json.loads(text)
    return event


@every_route
def test_a_good_request_succeeds(world: World, function: str) -> None:
    answer = world.cloud.invoke(function, sample(world, function, "good"))
    assert answer["statusCode"] == (404 if function == "public/not_found" else 200), answer


@every_route
def test_a_bad_request_is_refused(world: World, function: str) -> None:
    if function == "public/health":
        world.cloud.fail("dynamodb:GetItem", ("InternalServerError", 500))
    answer = world.cloud.invoke(function, sample(world, function, "bad"))
    assert answer["statusCode"] == REFUSED[function], answer


@every_route
@pytest.mark.parametrize("name", ["good", "bad"])
def test_a_request_is_one_of_the_functions_route(world: World, function: str, name: str) -> None:
    event = sample(world, function, name)
    routes = {
        key for key, logical in stack.routes().items() if stack.folder(logical) == stack.ROOT / "functions" / function
    }
    method, path = next(key for key in sorted(routes) if f"{key[0]} {key[1]}" == event["routeKey"])
    http = event["requestContext"]["http"]
    assert http["path"] == event["rawPath"]
    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"] == f"{method} {path}"
    assert method in (http["method"], "ANY")
    filled = path
    for parameter, value in event.get("pathParameters", {}).items():
        filled = filled.replace(f"{{{parameter}}}", value).replace(f"{{{parameter}+}}", value)
    assert filled == event["rawPath"]


@every_consumer
def test_good_records_are_taken(world: World, function: str) -> None:
    if function == "pipeline/record_feedback":
        world.cloud.invoke("pipeline/deliver_email", sample(world, "pipeline/deliver_email", "good"))
    assert world.cloud.invoke(function, sample(world, function, "good")) == {"batchItemFailures": []}


@every_consumer
def test_bad_records_stay_on_their_queue(world: World, function: str) -> None:
    event = sample(world, function, "bad")
    failures = [{"itemIdentifier": record["messageId"]} for record in event["Records"]]
    assert world.cloud.invoke(function, event) == {"batchItemFailures": failures}


def test_the_good_records_send_what_they_say(world: World) -> None:
    for name in ("email", "sms", "push"):
        world.cloud.invoke(f"pipeline/deliver_{name}", sample(world, f"pipeline/deliver_{name}", "good"))
    [mail] = world.cloud.sent("sesv2:SendEmail")[1:]  # the first is the world's own
    assert mail["Content"]["Simple"]["Subject"]["Data"] == "Code 482913"
    assert [request.get("PhoneNumber") for request in world.cloud.sent("sns:Publish")] == ["+15550001", None]


def test_the_good_report_suppresses_the_address(world: World) -> None:
    world.cloud.invoke("pipeline/deliver_email", sample(world, "pipeline/deliver_email", "good"))
    world.cloud.invoke("pipeline/record_feedback", sample(world, "pipeline/record_feedback", "good"))
    suppression = world.runtime.suppressions.get(world.team_id, "sam@example.com")
    assert suppression is not None
    assert list(suppression.reasons) == ["bounce"]


def test_a_team_is_made_with_a_token_that_works(world: World) -> None:
    made = world.cloud.invoke("manage/create_team", sample(world, "manage/create_team", "good"))
    assert set(made) == {"team", "api_token"}
    assert (made["team"]["name"], made["team"]["environment"]) == ("Example", "dev")
    event = sample(world, "manage/list_environments", "good")
    event["headers"]["authorization"] = f"Bearer {made['api_token']}"
    answer = world.cloud.invoke("manage/list_environments", event)
    assert [each["identifier"] for each in json.loads(answer["body"])["data"]] == ["dev"]


def test_the_admin_of_a_team_can_log_in(world: World) -> None:
    account = {"email": "Sam@Example.com", "full_name": "Sam", "password": "correct horse"}
    made = world.cloud.invoke("manage/create_team", {"name": "Acme", "account": account})
    assert (made["account"]["email"], made["account"]["role"]) == ("sam@example.com", "Admin")
    event = sample(world, "manage/list_environments", "good")
    body = json.dumps({"email": account["email"], "password": account["password"]})
    login = world.cloud.invoke("neptie/login", {**event, "body": body})
    assert login["statusCode"] == 200
    event["headers"]["authorization"] = f"Bearer {json.loads(login['body'])['token']}"
    assert world.cloud.invoke("manage/list_environments", event)["statusCode"] == 200


def test_a_bad_account_is_refused_without_its_password(world: World) -> None:
    account = {"email": "nobody", "full_name": "Sam", "password": "hunter2"}
    with pytest.raises(Invalid) as caught:
        world.cloud.invoke("manage/create_team", {"name": "Acme", "account": account})
    assert set(caught.value.problems) == {"account.email", "account.password"}
    assert "hunter2" not in str(caught.value)


def test_a_team_needs_a_name(world: World) -> None:
    with pytest.raises(Invalid):
        world.cloud.invoke("manage/create_team", sample(world, "manage/create_team", "bad"))


@pytest.mark.parametrize("name", ["good", "bad"])
def test_the_sweeper_runs_whatever_the_event_says(world: World, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.cloud.invoke("pipeline/sweep_deliveries", sample(world, "pipeline/sweep_deliveries", name)) is None
    [metrics] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert metrics.keys().isdisjoint({"OldestPendingSeconds", "DeliveriesRepaired", "DeadLetters"})
    # There are environments, and the run has no time for any.
    assert metrics["SweepLagSeconds"] == [300.0]
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Nereid"
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
