"""An app's first steps, through the built layers and handlers in Lambda's own runtime."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.sam_local.conftest import Api, LocalStack, wait_until

# Processing is asynchronous; the local stack takes from the queue what the container put there.
SECONDS = 20.0


@pytest.fixture
def user(sam_local: Api) -> str:
    """Create a user through sam local and return the user's id."""
    user_id = f"user-{uuid.uuid4()}"
    status, answer = sam_local.call("POST", "/neptune/dev/users", {"user_id": user_id, "meta": {"name": "Sam"}})
    assert status == 200, answer
    return user_id


def event(local_stack: LocalStack, event_type: str, **fields: Any) -> dict[str, Any]:
    """Return the body of an event for the demo's environment."""
    return {"environment": "dev", "api_token": local_stack.demo["api_token"], "event_type": event_type, **fields}


def test_an_event_that_is_taken_is_processed(sam_local: Api, local_stack: LocalStack) -> None:
    status, taken = sam_local.call(
        "POST", "/neptune/events/ingest", event(local_stack, "signed_up", data={"plan": "free"})
    )
    assert (status, taken["status"]) == (200, "accepted")
    path = f"/manage/dev/messages/{taken['message_id']}"
    assert wait_until(lambda: local_stack.api.call("GET", path)[0] == 200, SECONDS)
    assert local_stack.api.call("GET", path)[1]["data"] == {"plan": "free"}


def test_an_event_without_a_token_is_refused(sam_local: Api) -> None:
    body = {"environment": "dev", "event_type": "signed_up"}
    assert sam_local.call("POST", "/neptune/events/ingest", body) == (401, {"error": "Unauthenticated"})


def test_a_user_who_is_created_is_there(local_stack: LocalStack, user: str) -> None:
    status, found = local_stack.api.call("GET", f"/neptune/dev/users/{user}")
    assert status == 200
    assert (found["user_id"], found["meta"]) == (user, {"name": "Sam"})


def test_an_app_notification_is_listed_until_it_is_read(sam_local: Api, local_stack: LocalStack, user: str) -> None:
    notification = {"name": "inbox", "channel": "app", "template": {"title": "Hello {{ name }}", "body": "Welcome"}}
    status, _ = local_stack.api.call("PUT", "/manage/dev/event_types/welcomed", {"notifications": [notification]})
    assert status == 200
    inbox = f"/neptune/app_notifications/dev?user_id={user}"
    welcomed = event(local_stack, "welcomed", user_id=user, data={"name": "Sam"})
    assert sam_local.call("POST", "/neptune/events/ingest", welcomed)[0] == 200
    assert wait_until(lambda: sam_local.call("GET", inbox)[1]["meta"]["unread"] == 1, SECONDS)
    (listed,) = sam_local.call("GET", inbox)[1]["data"]
    assert (listed["title"], listed["read_at"]) == ("Hello Sam", None)
    read = {"type": "notification", "id": listed["uuid"]}
    answer = sam_local.call("POST", "/neptune/app_notifications/dev/read", read)
    assert answer == (200, {"message": "Successfully updated", "updated": 1})
    assert sam_local.call("GET", inbox)[1]["meta"]["unread"] == 0


def test_a_path_that_no_route_takes_is_answered_by_the_product(sam_local: Api) -> None:
    assert sam_local.call("GET", "/neptune/nothing/here/at/all") == (404, {"error": "Not Found"})
