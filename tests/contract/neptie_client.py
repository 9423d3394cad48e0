"""The Neptie API as its tests call it."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping
from typing import Any

from tests.local_stack import Answer, Stack

PREFIXES = ("/api", "/v1", "/v1/api")
REQUIRED = (401, {"message": "Authentication required"})
INVALID_TOKEN = (401, {"message": "Invalid token"})
EXPIRED = (401, {"message": "Expired token"})
FORBIDDEN = (403, {"message": "Insufficient permissions"})
NO_ROUTE = (404, {"message": "Not Found"})
NO_LEAD = (404, {"message": "Lead not found"})
NO_CAMPAIGN = (404, {"message": "Campaign not found"})
NOT_JSON = (400, {"message": "Invalid JSON"})
NOT_AN_OBJECT = (400, {"message": "The body must be a JSON object"})
TOO_LARGE = (413, {"message": "Request too large"})
TOO_MANY = (429, {"message": "Rate limit exceeded"})
#: As many bytes as most bodies may have.
LIMIT = 262144
PASSWORD = "correct horse battery"


def invalid(**errors: str) -> tuple[int, dict[str, Any]]:
    """Return the answer that names these fields, each with the rest of its sentence."""
    listed = [{"field": field, "message": f"{field} {text}"} for field, text in errors.items()]
    return 400, {"message": listed[0]["message"], "errors": listed}


def taken(text: str) -> tuple[int, dict[str, Any]]:
    """Return the answer when an e-mail address is taken."""
    return 400, {"message": text, "errors": [{"field": "email", "message": text}]}


def address() -> str:
    """Return a source address of this machine that nothing has come from yet."""
    return f"127.{random.randint(1, 254)}.{random.randint(0, 254)}.{random.randint(1, 254)}"  # noqa: S311


def email() -> str:
    """Return an e-mail address that nobody has."""
    return f"{uuid.uuid4().hex[:12]}@example.com"


class Neptie:
    """A client with one credential.

    Parameters
    ----------
    stack : Stack
        Whom to call.
    token : str
        Sent as a bearer token; empty for none.
    source : str, optional
        The address that its requests come from.
    prefix : str
        What its paths begin with.
    """

    def __init__(self, stack: Stack, token: str = "", source: str | None = None, prefix: str = "/api") -> None:
        self.stack = stack
        self.token = token
        self.source = source or address()
        self.prefix = prefix
        #: What register answered, if this is who registered.
        self.account: dict[str, Any] = {}

    def request(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request; a path that begins with a slash is sent as it is."""
        self.stack.note(body)
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        where = path if path.startswith("/") else f"{self.prefix}/{path}"
        return self.stack.send(method, where, data, sent, self.source)

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send a request; return the status and the parsed answer."""
        answer = self.request(method, path, body, headers)
        return answer.status, answer.json()

    def ok(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """Send a request that succeeds; return the parsed answer."""
        status, answer = self.call(method, path, body, headers)
        assert status in (200, 201, 202), (status, answer)
        return answer

    def register(self, **fields: Any) -> tuple[int, Any]:
        """Register; what is not given is filled in."""
        return self.call(
            "POST", "auth/register", {"email": email(), "password": PASSWORD, "full_name": "Sam Example", **fields}
        )

    def newcomer(self, **fields: Any) -> Neptie:
        """Return a client of an account that is just made, in a team of its own."""
        client = Neptie(self.stack)
        status, answer = client.register(**fields)
        assert status == 201, answer
        client.account = answer
        client.token = str(answer["token"])
        return client

    def with_scopes(self, *scopes: str) -> Neptie:
        """Return a client of the same team with an API token that has these permissions."""
        body = {"name": "test", "permissions": list(scopes), "default_environment": "dev"}
        answer = self.stack.request("POST", "/manage/api_tokens", body, token=self.token)
        assert answer.status == 200, answer.body
        return Neptie(self.stack, str(answer.json()["token"]), self.source)

    def lead(self, **fields: Any) -> dict[str, Any]:
        """Create a lead; what is not given is filled in."""
        made = self.ok("POST", "leads", {"full_name": "John Doe", "email": email(), **fields})
        return dict(made["lead"])

    def leads(self, query: str = "") -> tuple[list[str], int]:
        """List leads; return the ids and the total."""
        answer = self.ok("GET", f"leads?{query}")
        return [lead["id"] for lead in answer["leads"]], answer["total"]

    def campaign(self, **fields: Any) -> dict[str, Any]:
        """Create a campaign; what is not given is filled in."""
        made = self.ok("POST", "campaigns", {"name": "Spring", "type": "email", **fields})
        return dict(made["campaign"])
