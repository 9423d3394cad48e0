"""Anonymous profiles that nobody uses are gone after a time, seen through the APIs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

import pytest

from nereid.clock import SystemClock
from tests.contract.client_api import Client, unique
from tests.local_stack import Stack
from tests.support.in_process_stack import InProcessStack

IN_PROCESS = True

#: `ProfileRetentionDays` of the stack, and what is at most added to it before a profile counts as unused.
RETENTION, NOTE = timedelta(days=90), timedelta(days=7)
DEVICE = {"device_id": "d", "os": "iOS 16.3", "model": "iPhone15,2", "app_build": "465", "app_version": "1.2.4"}
#: How many runs of the sweeper look at all profiles, and the time between two.
_RUNS, _PAUSE = 8, timedelta(minutes=5)

Wait = Callable[[timedelta], None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """Return what lets time pass for the pipeline's functions."""
    passed = timedelta()
    now = SystemClock.now

    def later(_clock: SystemClock) -> datetime:
        return now(_clock) + passed

    def let_pass(by: timedelta) -> None:
        nonlocal passed
        passed += by

    monkeypatch.setattr(SystemClock, "now", later)
    return let_pass


@pytest.fixture
def client(local_stack: Stack, new_environment: Callable[[], tuple[str, str]]) -> Client:
    environment, key = new_environment()
    return Client(local_stack, key, local_stack.demo["api_token"], environment)


@pytest.fixture
def new_environment(local_stack: Stack) -> Callable[[], tuple[str, str]]:
    """Return what makes an environment with a public key."""

    def make() -> tuple[str, str]:
        name = unique("e")
        token = local_stack.demo["api_token"]
        made = local_stack.request("POST", "/manage/environments", {"identifier": name, "name": name}, token=token)
        assert made.status == 200, made.body
        body = {"environment": name, "scope": "public"}
        key = local_stack.request("POST", "/manage/client_keys", body, token=token)
        assert key.status == 200, key.body
        return name, str(key.json()["key"])

    return make


def sweep(client: Client, wait: Wait) -> None:
    """Let the sweeper look at all profiles."""
    cloud = cast("InProcessStack", client.stack).cloud
    for _ in range(_RUNS):
        cloud.invoke("pipeline/sweep_deliveries", {}, milliseconds=280_000)
        wait(_PAUSE)


def users(client: Client) -> tuple[set[str], int]:
    """Return the ids of an environment's users, and how many there are said to be."""
    answer = client.ask("GET", "/neptune/{env}/users")
    assert answer.status == 200, answer.body
    shown = answer.json()
    return {each["user_id"] for each in shown["data"]}, shown["meta"]["total"]


def test_a_profile_is_gone_and_counted_no_longer_when_nobody_used_it(client: Client, wait: Wait) -> None:
    client.accept("identify", {"anonymous_id": "gone", "data": {"a": 1}})
    client.accept("devices", {**DEVICE, "anonymous_id": "gone"})
    client.accept("identify", {"anonymous_id": "mail", "email": "a@example.com"})
    client.accept("identify", {"external_id": "known", "data": {"a": 1}})
    client.accept("identify", {"anonymous_id": "linked", "data": {"a": 1}})
    client.accept("alias", {"anonymous_id": "linked", "external_id": "linked"})
    client.settle()
    stay = {"anon:mail", "known", "linked", "marker"}
    assert users(client) == ({*stay, "anon:gone"}, 5)
    wait(RETENTION)
    sweep(client, wait)
    assert users(client) == ({*stay, "anon:gone"}, 5)
    wait(NOTE)
    sweep(client, wait)
    assert users(client) == (stay, 4)
    assert client.user("anon:gone") is None
    assert client.ask("DELETE", "/neptune/{env}/users/anon:gone").status == 404
    assert users(client) == (stay, 4)


def test_a_profile_that_is_used_again_stays(client: Client, wait: Wait) -> None:
    client.accept("identify", {"anonymous_id": "a", "data": {"a": 1}})
    client.settle()
    wait(RETENTION)
    client.accept("events", [{"anonymous_id": "a", "name": "x"}])
    client.settle()
    wait(RETENTION)
    sweep(client, wait)
    shown = client.user("anon:a")
    assert shown is not None
    assert shown["meta"] == {"a": 1}


def test_a_profile_to_which_a_server_gives_a_contact_info_stays(client: Client, wait: Wait) -> None:
    client.accept("identify", {"anonymous_id": "a", "data": {"a": 1}})
    client.accept("identify", {"anonymous_id": "b", "data": {"a": 1}})
    client.settle()
    for method, profile in (("POST", "a"), ("PUT", "b")):
        contact = {"type": "email", "value": f"{profile}@example.com"}
        answer = client.ask(method, f"/neptune/{{env}}/users/anon:{profile}/contacts_info", contact)
        assert answer.status == 200, answer.body
    for _ in range(2):
        wait(RETENTION + NOTE)
        sweep(client, wait)
    assert set(client.contacts("anon:a")) == {("email", "a@example.com")}
    assert set(client.contacts("anon:b")) == {("email", "b@example.com")}


def test_a_visitor_who_comes_back_too_late_is_a_new_one(client: Client, wait: Wait) -> None:
    client.accept("identify", {"anonymous_id": "a", "data": {"a": 1}})
    client.settle()
    wait(RETENTION + NOTE)
    sweep(client, wait)
    client.accept("identify", {"anonymous_id": "a", "data": {"b": 1}})
    client.settle()
    shown = client.user("anon:a")
    assert shown is not None
    assert shown["meta"] == {"b": 1}
    assert users(client) == ({"anon:a", "marker"}, 2)
