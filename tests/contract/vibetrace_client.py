"""A client of the Vibetrace API, as the tests of its contract use it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.local_stack import Answer, Stack

CREATED = b'{"results":{"message":"Event created","email":"Event was created for the specified user"}}'


def error(message: str, description: str) -> dict[str, Any]:
    """Return the envelope of an error."""
    return {"errors": [{"message": message, "description": description}]}


UNAUTHORIZED = error("Unauthorized", "Please send a valid API key in the Authorization header.")
FORBIDDEN = error("Forbidden", "This API key does not allow this operation.")
NOT_JSON = error("Invalid data format/type", "The request body is not a valid JSON object.")
NO_USER = error("User not found", "This email does not exist in our database.")
NO_ROUTE = error("Not Found", "This endpoint does not exist.")
TOO_LARGE = error("Request too large", "The body must not be larger than 262144 bytes.")
MISSING_EVENT = error("Missing event information", "Please send event information along with user")
MISSING_USER = error("Missing user information", "Please send user information along with event")
BAD_EVENT = error("Invalid data format/type", "Error validating event attributes")
BAD_USER = error("Invalid data format/type", "Error validating user attributes")
EXISTS = error("User already exists", "This email already exists in our database.")
UNAVAILABLE = error("Service unavailable", "Please try again later.")


def address() -> str:
    """Return an e-mail address that nobody has."""
    return f"{uuid.uuid4().hex}@example.com"


@dataclass(frozen=True)
class Vibetrace:
    """The API as a holder of a token sees it."""

    stack: Stack
    token: str

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, *, token: str = ""
    ) -> Answer:
        """Make a request with the raw token."""
        sent = {"Authorization": token or self.token, **(headers or {})}
        return self.stack.request(method, path, body, sent)

    def user(self, email: str | None = None, **attributes: Any) -> dict[str, Any]:
        """Create a user; return it."""
        answer = self.call("POST", "/v1/user", {"email": email or address(), **attributes})
        assert answer.status == 200, answer.body
        shown: dict[str, Any] = answer.json()["object"]
        return shown

    def get(self, email: str) -> dict[str, Any]:
        """Return a user."""
        answer = self.call("GET", f"/v1/user/{quote(email, safe='')}")
        assert answer.status == 200, answer.body
        shown: dict[str, Any] = answer.json()
        return shown

    def send(self, user: Mapping[str, Any], event: Any, headers: Mapping[str, str] | None = None) -> None:
        """Send events of a user, which are accepted."""
        answer = self.call("POST", "/v1/event", {"user": {"_id": user["_id"]}, "event": event}, headers)
        assert (answer.status, answer.body) == (200, CREATED)

    def messages(self, user: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the messages of a user, oldest first."""
        path = f"/manage/dev/messages?limit=100&user_id={quote(user['_id'])}"
        answer = self.stack.request("GET", path, token=self.token)
        assert answer.status == 200, answer.body
        return list(reversed(answer.json()["data"]))

    def settled(self, user: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Wait until all that was sent for a user is processed; return its messages.

        One more event is sent behind the others, but a queue keeps no order: so this also waits until nothing
        has been added for a moment.
        """
        self.send(user, {"marker": {}})
        self.stack.wait_for(lambda: any(each["event_type"] == "marker" for each in self.messages(user)))
        return [each for each in self.quiet(lambda: self.messages(user)) if each["event_type"] != "marker"]

    def quiet(self, look: Callable[[], Any]) -> Any:
        """Look until the same is seen three times in a row."""
        seen: list[Any] = []

        def same() -> bool:
            seen.append(look())
            return len(seen) > 3 and seen[-1] == seen[-2] == seen[-3] == seen[-4]

        self.stack.wait_for(same)
        return seen[-1]
