"""The Neptune API as its tests call it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tests.local_stack import Answer, Stack

UNAUTHENTICATED = (401, {"error": "Unauthenticated"})
FORBIDDEN = (403, {"message": "Forbidden"})
NOT_FOUND = (404, {"errorCode": "NotFound", "message": "Not Found"})
NO_ROUTE = (404, {"error": "Not Found"})
NOT_JSON = (400, {"message": "The body is not valid JSON", "errorCode": "InputNotValid"})
NOT_AN_OBJECT = (400, {"message": "The body must be a JSON object", "errorCode": "InputNotValid"})
TOO_LARGE = (
    413,
    {"message": "The body must not be larger than 262144 bytes", "errorCode": "PayloadTooLarge"},
)
DELETED = (200, {"message": "Successfully deleted"})
#: As many bytes as a body may have.
LIMIT = 262144


def invalid(**errors: str) -> tuple[int, dict[str, Any]]:
    """Return the answer that names these fields with these texts."""
    return (
        422,
        {
            "message": f"Validation failed. {len(errors)} error(s)",
            "errorCode": "InputNotValid",
            "errors": {field: [text] for field, text in errors.items()},
        },
    )


def missing(*fields: str) -> tuple[int, dict[str, Any]]:
    """Return the answer when required fields are not there."""
    return invalid(**{field: f"Please enter {field}" for field in fields})


def not_valid(*fields: str) -> tuple[int, dict[str, Any]]:
    """Return the answer when fields have a wrong type or value."""
    return invalid(**{field: f"{field} is not valid" for field in fields})


def unique(prefix: str = "u") -> str:
    """Return an id that nothing else has."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def segment(text: str) -> str:
    """Percent-encode a text for one segment of a path."""
    return quote(text, safe="")


class Neptune:
    """A client with one API token.

    Parameters
    ----------
    stack : Stack
        Whom to call.
    token : str
        The API token; empty for none.
    environment : str
        The environment that it works in.
    """

    def __init__(self, stack: Stack, token: str, environment: str = "dev") -> None:
        self.stack = stack
        self.token = token
        self.environment = environment

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, *, token: str = ""
    ) -> Answer:
        """Send a request with the token; `{env}` in the path stands for the environment."""
        return self.stack.request(
            method, "/neptune" + path.replace("{env}", self.environment), body, headers, token=token or self.token
        )

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send a request with the token; return the status and the parsed answer."""
        answer = self.request(method, path, body, headers)
        return answer.status, answer.json()

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that succeeds; return the parsed answer."""
        status, answer = self.call(method, path, body)
        assert status == 200, (status, answer)
        return answer

    def ingest(self, body: Mapping[str, Any] | None = None, **fields: Any) -> tuple[int, Any]:
        """Ingest an event; what is not given is filled in."""
        event = {"environment": self.environment, "api_token": self.token, "event_type": "x", **(body or {}), **fields}
        answer = self.stack.request("POST", "/neptune/events/ingest", event)
        return answer.status, answer.json()

    def accepted(self, body: Mapping[str, Any] | None = None, **fields: Any) -> str:
        """Ingest an event that is accepted; return its message_id."""
        status, answer = self.ingest(body, **fields)
        assert status == 200, (status, answer)
        assert set(answer) == {"message_id", "status"}
        assert answer["status"] == "accepted"
        return str(answer["message_id"])

    def message(self, message_id: str, *, until_final: bool = False) -> dict[str, Any]:
        """Wait until a message is stored, and its deliveries final if asked for; return it."""

        def look() -> dict[str, Any] | None:
            path = f"/manage/{self.environment}/messages/{quote(message_id)}"
            answer = self.stack.request("GET", path, token=self.token)
            if answer.status != 200:
                return None
            found: dict[str, Any] = answer.json()
            pending = any(each["status"] == "pending" for each in found["deliveries"])
            return None if until_final and pending else found

        return self.stack.wait_for(look)

    def configure(self, event_type: str, *notifications: Mapping[str, Any]) -> None:
        """Say what an event type sends."""
        path = f"/manage/{self.environment}/event_types/{segment(event_type)}"
        answer = self.stack.request("PUT", path, {"notifications": list(notifications)}, token=self.token)
        assert answer.status == 200, answer.body

    def user(self, user_id: str | None = None, **meta: Any) -> str:
        """Create a user; return its id."""
        made = self.ok("POST", "/{env}/users", {"user_id": user_id or unique(), "meta": meta})
        return str(made["user_id"])

    def notices(self, user_id: str, *titles: str) -> list[str]:
        """Put app notifications into a user's inbox, one after the other; return their ids."""
        event_type = unique("notice")
        template = {"title": "{{ title }}", "body": "for {{ user.user_id }}", "data": {"n": "{{ title }}"}}
        self.configure(event_type, {"name": "inbox", "channel": "app", "template": template})
        ids = []
        for title in titles:
            message_id = self.accepted(event_type=event_type, user_id=user_id, data={"title": title})
            delivery = self.message(message_id, until_final=True)["deliveries"][0]
            assert delivery["status"] == "success", delivery
            ids.append(str(delivery["id"]))
        return ids


def raw(body: Any) -> bytes:
    """Return JSON as bytes, so that no Content-Type is set for it."""
    return json.dumps(body).encode()
