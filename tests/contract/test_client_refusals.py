"""Bodies that the Client API refuses: one message, the first, to the byte; and nothing of the body is done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client_api import ACCEPTED, NO_ID, Client, refused, unique
from tests.local_stack import Stack
from tests.unit.dialects.client import test_checks as checks

IN_PROCESS = True

REFUSED = [
    each
    for mark in checks.test_a_body_is_refused_with_the_first_problem.pytestmark
    for each in mark.args[1]
    if each[0] != "who" and each[1] is not None
]
# A thousand events would keep the stack busy for all who come after.
TAKEN = [
    each
    for mark in checks.test_a_body_that_keeps_the_rules_is_taken.pytestmark
    for each in mark.args[1]
    if len(each[1]) < 1000
]


@pytest.fixture(scope="module")
def client(local_stack: Stack) -> Client:
    return Client(local_stack, local_stack.demo["public_key"], local_stack.demo["api_token"])


@pytest.mark.parametrize(("route", "body", "text"), REFUSED)
def test_a_body_is_refused_over_http_as_the_checks_say(client: Client, route: str, body: Any, text: str) -> None:
    assert client.post(route, body) == refused(text)


@pytest.mark.parametrize(("route", "body"), TAKEN)
def test_a_body_that_keeps_the_rules_is_taken_over_http(client: Client, route: str, body: Any) -> None:
    assert client.post(route, body) == ACCEPTED


def test_one_bad_item_refuses_the_whole_request(client: Client) -> None:
    name, good = unique("name"), unique()
    assert client.post("events", [{"external_id": good, "name": name}, {"name": name}]) == refused(NO_ID)
    marker = unique("marker")
    client.accept("events", [{"external_id": "marker", "name": "marker", "message_id": marker}])
    client.message(marker)
    assert client.messages(event_type=name) == []
    assert client.user(good) is None
