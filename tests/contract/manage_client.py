"""The management API as its tests call it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from tests.local_stack import Answer, Stack

UNAUTHENTICATED = (401, {"message": "Unauthenticated"})
FORBIDDEN = (403, {"message": "Forbidden"})
NOT_FOUND = (404, {"message": "Not Found"})
NOT_JSON = (400, {"message": "Invalid JSON"})
NOT_AN_OBJECT = (400, {"message": "The body must be a JSON object"})
BAD_CURSOR = (400, {"message": "Invalid cursor"})
TOO_LARGE = (413, {"message": "Request too large"})
DELETED = (200, {"message": "Successfully deleted"})
#: As many bytes as a body may have.
LIMIT = 262144

MAIL: dict[str, Any] = {
    "name": "mail",
    "channel": "email",
    "template": {"subject": "Code {{ otp }}", "text": "{{ otp }}"},
}
TEXT: dict[str, Any] = {"name": "text", "channel": "sms", "template": {"text": "{{ otp }} is your code"}}
PHONE: dict[str, Any] = {"name": "phone", "channel": "push", "template": {"title": "Login", "body": "{{ otp }}"}}
INBOX: dict[str, Any] = {"name": "inbox", "channel": "app", "template": {"title": "Login", "body": "{{ otp }}"}}


def unique(prefix: str = "x") -> str:
    """Return an id that nothing else has."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def phone_number() -> str:
    """Return a phone number that nobody else has."""
    return f"+1555{uuid.uuid4().int % 10**7:07d}"


def invalid(*errors: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the answer that lists these errors."""
    return 422, {"message": "Validation failed", "errors": [dict(error) for error in errors]}


def mail(subject: str = "s", text: str = "t", **members: Any) -> dict[str, Any]:
    """Return an e-mail notification with this template."""
    return {"name": "mail", "channel": "email", "template": {"subject": subject, "text": text, **members}}


def email_to(*addresses: str) -> list[dict[str, str]]:
    """Return contact infos with e-mail addresses."""
    return [{"type": "email", "value": address} for address in addresses]


class Manage:
    """A client with one API token, which works in one environment.

    Parameters
    ----------
    stack : Stack
        Whom to call.
    token : str
        The API token; empty for none.
    environment : str
        What `{env}` in a path stands for.
    """

    def __init__(self, stack: Stack, token: str, environment: str = "dev") -> None:
        self.stack = stack
        self.token = token
        self.environment = environment

    def request(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request with the token."""
        return self.stack.request(method, "/manage" + path.replace("{env}", self.environment), body, token=self.token)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request with the token; return the status and the parsed answer."""
        answer = self.request(method, path, body)
        return answer.status, answer.json()

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that succeeds; return the parsed answer."""
        status, answer = self.call(method, path, body)
        assert status == 200, (status, answer)
        return answer

    def errors(self, method: str, path: str, body: Any = None) -> dict[str, str]:
        """Send a request that does not pass validation; return the reason for each field."""
        status, answer = self.call(method, path, body)
        assert (status, answer["message"]) == (422, "Validation failed"), (status, answer)
        return {error["field"]: error["message"] for error in answer["errors"]}

    def in_environment(self, **members: Any) -> Manage:
        """Make an environment; return a client that works in it."""
        made = self.ok("POST", "/environments", {"identifier": unique("e"), **members})
        return Manage(self.stack, self.token, made["identifier"])

    def with_permissions(self, *permissions: str) -> Manage:
        """Make a token of the same team; return a client that uses it."""
        body = {"name": "narrow", "permissions": permissions, "default_environment": self.environment}
        return Manage(self.stack, self.ok("POST", "/api_tokens", body)["token"], self.environment)

    def pages(self, path: str, limit: int, **query: str) -> list[list[Any]]:
        """Read a list page by page to its end."""
        pages = []
        cursor: str | None = ""
        while cursor is not None:
            given = {**query, "limit": str(limit), **({"cursor": cursor} if cursor else {})}
            answer = self.ok("GET", f"{path}?{urlencode(given)}")
            assert set(answer) == {"data", "next_cursor"}
            pages.append(answer["data"])
            cursor = answer["next_cursor"]
            assert len(pages) < 100
        return pages

    def configure(self, *notifications: Mapping[str, Any], event_type: str | None = None) -> str:
        """Say what an event type tells; return its name."""
        name = event_type or unique("event")
        self.ok("PUT", f"/{{env}}/event_types/{quote(name, safe='')}", {"notifications": list(notifications)})
        return name

    def put_errors(self, *notifications: Any) -> tuple[int, Any]:
        """Try to configure an event type."""
        return self.call("PUT", f"/{{env}}/event_types/{unique()}", {"notifications": list(notifications)})

    def user(self, *contacts: Mapping[str, Any], **meta: Any) -> str:
        """Create a user with contact infos; return its id."""
        user_id = unique("u")
        path = f"/neptune/{self.environment}/users"
        assert self.stack.request("POST", path, {"user_id": user_id, "meta": meta}, token=self.token).status == 200
        for contact in contacts:
            made = self.stack.request("POST", f"{path}/{user_id}/contacts_info", contact, token=self.token)
            assert made.status == 200, made.body
        return user_id

    def ingest(self, event_type: str, **fields: Any) -> str:
        """Ingest an event; return its message id."""
        body = {"environment": self.environment, "api_token": self.token, "event_type": event_type, **fields}
        answer = self.stack.request("POST", "/neptune/events/ingest", body)
        assert answer.status == 200, answer.body
        return str(answer.json()["message_id"])

    def message(self, message_id: str, *, until_final: bool = True) -> dict[str, Any]:
        """Wait until a message is stored, and by default its deliveries final; return it."""

        def look() -> dict[str, Any] | None:
            answer = self.request("GET", f"/{{env}}/messages/{quote(message_id, safe='')}")
            if answer.status != 200:
                return None
            found: dict[str, Any] = answer.json()
            pending = any(each["status"] == "pending" for each in found["deliveries"])
            return None if until_final and pending else found

        return self.stack.wait_for(look)

    def told(self, *notifications: Mapping[str, Any], **fields: Any) -> list[dict[str, Any]]:
        """Configure an event type, let it happen once, and return the deliveries when they are final."""
        deliveries: list[dict[str, Any]] = self.message(self.ingest(self.configure(*notifications), **fields))[
            "deliveries"
        ]
        return deliveries

    def mailed(self, notification: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
        """Let an event with one e-mail happen; return the e-mail as the provider was handed it."""
        address = f"{unique()}@example.com"
        [delivery] = self.told(notification, contact_infos=email_to(address), **fields)
        assert delivery["status"] == "success", delivery
        [sent] = self.stack.outbox(address)
        return sent

    def report(self, provider_message_id: str, type_: str, **members: str) -> None:
        """Let the e-mail provider report something."""
        body = {"provider_message_id": provider_message_id, "type": type_, **members}
        answer = self.stack.request("POST", "/_local/feedback", body)
        assert (answer.status, answer.json()) == (202, {"status": "accepted"})


def outcomes(deliveries: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """Return the status and reason of each delivery."""
    return [(each["status"], each["reason"]) for each in deliveries]


class Mailed:
    """A mail that was sent, and what becomes of it."""

    def __init__(self, manage: Manage, address: str | None = None, notification: dict[str, Any] | None = None) -> None:
        self.manage = manage
        self.address = address or f"{unique()}@example.com"
        event_type = manage.configure(notification or mail())
        self.message_id = manage.ingest(event_type, contact_infos=email_to(self.address))
        [self.sent] = manage.message(self.message_id)["deliveries"]

    def delivery(self) -> dict[str, Any]:
        [delivery] = self.manage.message(self.message_id)["deliveries"]
        found: dict[str, Any] = delivery
        return found

    def report(self, type_: str, **members: str) -> None:
        self.manage.report(self.sent["provider_message_id"], type_, **members)

    def types(self) -> list[str]:
        return [event["type"] for event in self.delivery().get("events", [])]

    def wait_for(self, *types: str) -> dict[str, Any]:
        """Wait until these and no other types are listed; reports may overtake each other."""
        self.manage.stack.wait_for(lambda: sorted(self.types()) == sorted(types))
        return self.delivery()
