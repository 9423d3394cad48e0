"""Segment's calls: identify, track and alias as the routes of that name, the others as nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.app_client import TOKEN_REQUIRED, App
from tests.contract.client_api import ACCEPTED, BAD_REQUEST, UNAUTHORIZED, Client, refused, unique
from tests.contract.manage_client import Manage

IN_PROCESS = True


@pytest.fixture(scope="module")
def app(manage: Manage) -> App:
    """Return an app in an environment of its own."""
    return App(manage)


@pytest.mark.over_http
def test_a_batch_does_what_each_call_says(app: App) -> None:
    user, anonymous = unique(), unique("a")
    traits = {"email": f"{user}@example.com", "phone": "+4915112345678", "plan": "pro", "n": 3}
    calls = [
        {"type": "track", "event": "Visited", "anonymousId": anonymous, "properties": {"page": "/"}},
        {"type": "page", "name": "Home", "userId": user},
        {"type": "group", "groupId": "g", "userId": user, "traits": {"plan": "free"}},
        {"type": "alias", "previousId": anonymous, "userId": user},
        {
            "type": "identify",
            "userId": user,
            "anonymousId": None,
            "traits": traits,
            "context": {"timezone": "asia/tokyo", "locale": "ja", "ip": "::1"},
        },
        {
            "type": "track",
            "event": "Order Completed",
            "userId": user,
            "properties": {"total": 9.5},
            "context": {"app": 1},
        },
    ]
    for client in (app.public, app.server):
        client.accept("segment", calls)
    shown = app.server.stack.wait_for(lambda: (app.server.user(user) or {}).get("timezone") and app.server.user(user))
    assert (shown["timezone"], shown["locale"], shown["meta"]["plan"], shown["meta"]["n"]) == (
        "Asia/Tokyo",
        "ja",
        "pro",
        3,
    )
    assert set(app.server.contacts(user)) == {("email", traits["email"]), ("mobile_number", traits["phone"])}
    app.server.stack.wait_for(lambda: len(app.server.messages(event_type="Order Completed", user_id=user)) == 2)
    message = app.server.messages(event_type="Order Completed", user_id=user)[0]
    assert message["data"] == {"total": 9.5}
    assert app.server.user(f"anon:{anonymous}") is None


def test_a_message_id_makes_it_count_once(app: App) -> None:
    user, message_id = unique(), unique("m")
    call = {"type": "track", "event": "Once", "userId": user, "messageId": message_id}
    for _ in range(2):
        app.accept("segment", [call])
    app.server.settle()
    [message] = app.server.messages(event_type="Once", user_id=user)
    assert (message["message_id"], message["conflicts"]) == (message_id, 0)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "The value of `` must be a array."),
        ({"batch": []}, "The value of `` must be a array."),
        ([], "Must NOT have fewer than 1 items"),
        ([{"type": "page"}] * 1001, "Must NOT have more than 1000 items"),
        (["x"], "The value of `0` must be a object."),
        ([{"userId": "u"}], "Must have required property 'type'"),
        ([{"type": 5, "userId": "u"}], "The value of `0/type` must be a string."),
        ([{"type": None}], "The value of `0/type` must be a string."),
        ([{"type": "track", "event": "x"}], "Must have required property 'anonymousId'"),
        ([{"type": "alias", "anonymousId": "a"}], "Must have required property 'userId'"),
        ([{"type": "alias", "userId": "u"}], "Must have required property 'previousId'"),
        ([{"type": "track", "userId": 5}], "The value of `0/userId` must be a string."),
        (
            [{"type": "page"}, {"type": "track", "userId": "u", "properties": []}],
            "The value of `1/properties` must be a object.",
        ),
        (
            [{"type": "identify", "userId": "u", "traits": {"email": 5}}],
            "The value of `0/traits/email` must be a string.",
        ),
        (
            [{"type": "identify", "userId": "u", "context": {"timezone": "x"}}],
            "The timezone value must be in the IANA format.",
        ),
    ],
)
def test_a_batch_that_breaks_a_rule_is_refused_as_a_whole(app: App, body: Any, text: str) -> None:
    assert app.public.post("segment", body) == refused(text)


@pytest.mark.parametrize(
    "members", [{"userId": 5}, {"anonymousId": "a" * 257}, {"traits": []}, {"messageId": ""}, {"context": "x"}]
)
def test_nothing_in_a_call_that_is_ignored_refuses_the_others(app: App, members: dict[str, Any]) -> None:
    user = unique()
    assert app.public.post("segment", [{"type": "group", **members}, {"type": "identify", "userId": user}]) == ACCEPTED
    assert app.server.wait_for_user(user)


def test_others_alone_are_taken_and_do_nothing(app: App) -> None:
    assert app.public.post("segment", [{"type": "screen", "name": "x", "userId": unique()}]) == ACCEPTED


def test_it_needs_a_key_and_json(app: App) -> None:
    assert Client(app.server.stack, "", "").post("segment", []) == UNAUTHORIZED
    assert app.public.post("segment", b"[", {"Content-Type": "application/json"}) == BAD_REQUEST


def test_where_tokens_are_asked_for_each_user_needs_one(manage: Manage) -> None:
    app, user = App(manage, identity="verified"), unique()
    own: list[dict[str, Any]] = [{"type": "identify", "userId": user}, {"type": "track", "anonymousId": unique("a")}]
    assert app.post("segment", own[1:]) == ACCEPTED
    assert app.post("segment", own) == TOKEN_REQUIRED
    assert app.post("segment", [*own, {"type": "track", "userId": unique()}], app.token(user)) == TOKEN_REQUIRED
    assert app.post("segment", own, app.token(user)) == ACCEPTED
