"""The Client API as its tests call it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.local_stack import Answer, Stack

BAD_REQUEST = (400, b'{"status":"error","error":"An error occurred with this request."}')
UNAUTHORIZED = (401, b'{"status":"error","error":"Authorization error.","code":1000}')
UNKNOWN_KEY = (404, b'{"status":"error","error":"The requested project does not exist.","code":6000}')
DENIED = (403, b'{"status":"error","error":"Access denied.","code":1007}')
ACCEPTED = (204, b"")
NOT_ALLOWED = (405, b"Method Not Allowed")
NOT_FOUND = (404, b"Not Found")
NO_ID = "Must have required property 'anonymous_id'"
#: As many bytes as a body may have.
LIMIT = 1_048_576


def refused(text: str) -> tuple[int, bytes]:
    """Return the answer of a body that breaks a rule."""
    return 422, f'{{"status":"error","error":"{text}"}}'.encode()


def unique(prefix: str = "u") -> str:
    """Return an id that nothing else has."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def seen(answer: Answer) -> tuple[int, bytes]:
    """Return what an answer says; every one of this API lets any web page read it."""
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Vary"] == "Origin"
    if answer.status in {404, 405} and not answer.body.startswith(b"{"):
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    elif answer.body:
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    return answer.status, answer.body


@dataclass(frozen=True)
class Client:
    """An app or a server with a client key of one environment, and its team with an API token."""

    stack: Stack
    key: str
    token: str
    environment: str = "dev"

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Make a request under /api/client with the key; return what the answer says."""
        sent = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        if not self.key:
            del sent["Authorization"]
        return seen(self.stack.request(method, f"/api/client/{path}", body, sent))

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Post something."""
        return self.call("POST", path, body, headers)

    def accept(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """Post something that is accepted."""
        assert self.post(path, body, headers) == ACCEPTED

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Ask another API, with the API token; `{env}` in the path stands for the environment."""
        return self.stack.request(method, path.replace("{env}", self.environment), body, token=self.token)

    def user(self, user_id: str) -> dict[str, Any] | None:
        """Return a user with its contact infos by type and value, as the Neptune API shows it."""
        answer = self.ask("GET", f"/neptune/{{env}}/users/{quote(user_id, safe='')}?includes=contact_infos")
        if answer.status == 404:
            return None
        assert answer.status == 200, answer.body
        shown: dict[str, Any] = answer.json()
        return shown

    def contacts(self, user_id: str) -> dict[tuple[str, str], str | None]:
        """Return the contact infos of a user: type and value to filterable."""
        shown = self.user(user_id) or {}
        return {(each["type"], each["value"]): each["filterable"] for each in shown.get("contact_infos", [])}

    def messages(self, **filters: str) -> list[dict[str, Any]]:
        """Return messages, newest first; those that tell of new users only if they are asked for."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in filters.items())
        answer = self.ask("GET", f"/manage/{{env}}/messages?limit=100&{query}")
        assert answer.status == 200, answer.body
        found: list[dict[str, Any]] = answer.json()["data"]
        return [each for each in found if "event_type" in filters or each["event_type"] != "user_created"]

    def message(self, message_id: str) -> dict[str, Any]:
        """Wait until a message is processed, its deliveries included; return it."""

        def look() -> dict[str, Any] | None:
            answer = self.ask("GET", f"/manage/{{env}}/messages/{quote(message_id, safe='')}")
            shown: dict[str, Any] | None = answer.json() if answer.status == 200 else None
            ready = shown and all(each["status"] != "pending" for each in shown["deliveries"])
            return shown if ready else None

        return self.stack.wait_for(look)

    def wait_for_user(self, user_id: str) -> dict[str, Any]:
        """Wait until there is a user; return it."""
        return self.stack.wait_for(lambda: self.user(user_id))

    def settle(self) -> None:
        """Wait until an event sent now is processed, behind most of what was sent before it."""
        marker = unique("marker")
        self.accept("events", [{"external_id": "marker", "name": "marker", "message_id": marker}])
        self.message(marker)

    def event_type(self, name: str, *notifications: dict[str, Any]) -> None:
        """Say what an event of a name sends."""
        path = f"/manage/{{env}}/event_types/{quote(name, safe='')}"
        answer = self.ask("PUT", path, {"notifications": list(notifications)})
        assert answer.status == 200, answer.body
