"""The APIs that people and servers call, from a web page of another site."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.shop import Shop
from tests.browser.watch import Watch
from tests.contract.manage_client import INBOX, Manage, unique
from tests.contract.neptie_client import PASSWORD, email
from tests.local_stack import LocalStack


@pytest.fixture
def tool(page: Page, site: str, local_stack: LocalStack) -> Shop:
    """Return a page that has an API token of the demo's team."""
    page.goto(f"{site}/shop.html")
    return Shop(page, local_stack.base_url, local_stack.demo["api_token"])


def account(tool: Shop) -> dict[str, Any]:
    """Register an account from the page; return its tokens."""
    body = {"email": email(), "password": PASSWORD, "full_name": "Sam Example"}
    status, registered = tool.said("POST", "/api/auth/register", body)
    assert status == 201
    status, tokens = tool.said("POST", "/api/auth/login", {"email": body["email"], "password": PASSWORD})
    assert (status, tokens["user"]) == (200, registered["user"])
    return dict(tokens)


class TestNeptie:
    def test_somebody_registers_logs_in_and_keeps_leads(self, tool: Shop, manage: Manage) -> None:
        token = account(tool)["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        lead = {"full_name": "Zoë Example", "email": email(), "industry": "Software"}
        status, made = tool.said("POST", "/v1/leads", lead, **bearer)
        assert (status, made["lead"]["email"]) == (201, lead["email"])
        path = f"/v1/leads/{made['lead']['id']}"
        assert tool.said("PUT", path, {"status": "contacted"}, **bearer)[0] == 200
        listed = manage.stack.request("GET", "/api/leads", token=token).json()
        assert [(each["full_name"], each["status"]) for each in listed["leads"]] == [("Zoë Example", "contacted")]
        assert tool.said("GET", "/v1/leads?page=1&limit=5", **bearer)[1]["total"] == 1
        assert tool.said("DELETE", path, **bearer)[0] == 200
        assert manage.stack.request("GET", "/api/leads", token=token).json()["total"] == 0

    def test_a_session_is_renewed_and_ended(self, tool: Shop, watch: Watch) -> None:
        tokens = account(tool)
        status, renewed = tool.said("POST", "/api/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        assert status == 200
        bearer = {"Authorization": f"Bearer {renewed['token']}"}
        assert tool.said("POST", "/api/auth/logout", **bearer) == (200, {"message": "Logged out"})
        watch.expect("401 .*/api/auth/refresh>")
        body = {"refresh_token": renewed["refresh_token"]}
        assert tool.said("POST", "/api/auth/refresh", body) == (401, {"message": "Invalid refresh token"})

    def test_a_file_of_leads_is_imported_with_an_api_token(self, tool: Shop, manage: Manage) -> None:
        address = email()
        body = f"full_name,email\nKim Example,{address}\n"
        headers = {"X-API-Key": manage.token, "Content-Type": "text/csv"}
        tool.page.evaluate("delete caller.headers.Authorization")
        status, answer = tool.said("POST", "/api/leads/import", body, **headers)
        assert (status, answer) == (200, {"added": 1, "updated": 0, "skipped": 0, "errors": []})
        found = manage.stack.request("GET", "/api/leads?limit=100", token=manage.token).json()["leads"]
        assert address in [each["email"] for each in found]

    def test_a_wrong_password_and_what_is_left_of_the_limit_can_be_read(self, tool: Shop, watch: Watch) -> None:
        watch.expect("401 .*/api/auth/login>")
        answer = tool.ask("POST", "/api/auth/login", {"email": email(), "password": "wrong password"})
        assert (answer["status"], answer["body"]) == (401, {"message": "Invalid email or password"})
        assert int(answer["headers"]["x-ratelimit-remaining"]) < int(answer["headers"]["x-ratelimit-limit"])


class TestNeptune:
    def test_an_event_is_ingested_and_its_notification_read(self, tool: Shop, manage: Manage) -> None:
        user = unique("u")
        event_type = manage.configure({**INBOX, "template": {"title": "Code", "body": "{{ otp }}"}})
        event = {"environment": "dev", "api_token": manage.token, "event_type": event_type, "user_id": user}
        status, answer = tool.said("POST", "/neptune/events/ingest", {**event, "data": {"otp": 123456}})
        assert (status, answer["status"]) == (200, "accepted")
        assert manage.message(answer["message_id"])["user_id"] == user
        status, listed = tool.said("GET", f"/neptune/app_notifications/dev?user_id={user}")
        assert (status, [each["body"] for each in listed["data"]]) == (200, ["123456"])
        path, body = "/neptune/app_notifications/dev/read", {"type": "notification", "id": listed["data"][0]["uuid"]}
        assert tool.said("POST", path, body) == (200, {"message": "Successfully updated", "updated": 1})

    def test_an_error_can_be_read(self, tool: Shop, watch: Watch) -> None:
        watch.expect("401 .*/neptune/events/ingest>")
        refused = tool.said("POST", "/neptune/events/ingest", {"environment": "dev", "api_token": "x"})
        assert refused == (401, {"error": "Unauthenticated"})


class TestManage:
    def test_an_event_type_is_put_read_and_deleted(self, tool: Shop, manage: Manage) -> None:
        path = f"/manage/dev/event_types/{unique('e')}"
        assert tool.said("PUT", path, {"notifications": [INBOX]})[0] == 200
        assert manage.ok("GET", path.removeprefix("/manage"))["notifications"][0]["name"] == "inbox"
        assert tool.said("GET", path)[0] == 200
        assert tool.said("DELETE", path) == (200, {"message": "Successfully deleted"})
        assert manage.call("GET", path.removeprefix("/manage"))[0] == 404

    def test_the_fields_that_are_wrong_can_be_read(self, tool: Shop, watch: Watch) -> None:
        path = f"/manage/dev/event_types/{unique('e')}"
        watch.expect(f"422 .*{path}>")
        status, answer = tool.said("PUT", path, {"notifications": [{**INBOX, "template": {"title": "t"}}]})
        assert (status, [each["field"] for each in answer["errors"]]) == (422, ["notifications[0].template.body"])


def test_what_only_servers_call_is_not_for_pages(tool: Shop, watch: Watch) -> None:
    watch.expect("blocked by CORS policy")
    watch.expect("net::ERR_FAILED .*/v1/user>")
    failed = tool.page.evaluate("caller.ask('POST', '/v1/user', {email: 'a@example.com'}).catch(String)")
    assert failed == "TypeError: Failed to fetch"
