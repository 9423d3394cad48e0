"""An app as its public key and its server's user tokens let it speak, in an environment of its own."""

from __future__ import annotations

import time
from typing import Any

import jwt

from tests.contract.client_api import ACCEPTED, Client, unique
from tests.contract.manage_client import Manage

TOKEN_REQUIRED = (401, b'{"status":"error","error":"User token required.","code":1008}')
DEVICE = {"device_id": "d", "os": "iOS 16.3", "model": "iPhone15,2", "app_build": "465", "app_version": "1.2.4"}


class App:
    """An environment with a public key, a secret one, and one that signs user tokens.

    Parameters
    ----------
    team : Manage
        The team, with a token that may do everything.
    access : str
        What public keys may do in the environment.
    """

    def __init__(self, team: Manage, **access: Any) -> None:
        self.manage = team.in_environment(client_access=access)
        self.public = self._client("public")
        self.server = self._client("secret")
        self.key = self.make_key("user_token")["key"]

    def make_key(self, scope: str) -> Any:
        """Make a client key; return its record with the key."""
        return self.manage.ok("POST", "/client_keys", {"environment": self.manage.environment, "scope": scope})

    def _client(self, scope: str) -> Client:
        return Client(self.manage.stack, self.make_key(scope)["key"], self.manage.token, self.manage.environment)

    def token(self, user: Any, key: str | None = None, *, hours: float = 1, **claims: Any) -> str:
        """Sign a user token as the app's server does."""
        body = {"sub": user, "exp": int(time.time() + hours * 3600), **claims}
        return jwt.encode(body, key or self.key, algorithm="HS256")

    def post(self, path: str, body: Any, token: str | None = None) -> tuple[int, bytes]:
        """Post something with the public key, and perhaps with a user token."""
        return self.public.post(path, body, {"X-User-Token": token} if token else {})

    def accept(self, path: str, body: Any, token: str | None = None) -> None:
        """Post something that is accepted, and wait until it is done."""
        assert self.post(path, body, token) == ACCEPTED
        self.server.settle()

    def contacts(self, user: str) -> dict[str, bool]:
        """Return a user's addresses, and whether each is verified."""
        shown = self.public.user(user) or {}
        return {each["value"]: each.get("verified", True) for each in shown.get("contact_infos", [])}

    def register(self, user: str, push_token: str | None, token: str | None = None, **members: Any) -> None:
        """Register a device with the public key, and wait until that is done."""
        self.accept("devices", {**DEVICE, "external_id": user, "token": push_token, **members}, token)

    def anonymous(self, **members: Any) -> str:
        """Identify an anonymous profile; return its anonymous id."""
        anonymous_id = unique("a")
        self.accept("identify", {"anonymous_id": anonymous_id, **members})
        return anonymous_id
