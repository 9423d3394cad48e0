"""The whole API in this process: requests find their function as they do behind API Gateway."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

from local_stack.http import gateway
from nereid.aws.clients import Clients
from nereid.runtime import runtime
from tests.infrastructure import stack
from tests.support.cloud import LINK_SECRET, SECRET, Cloud


@dataclass(frozen=True)
class Call:
    """A request to one route.

    Parameters
    ----------
    path : str
        Not percent-encoded.
    query : mapping
        Names and values.
    headers : mapping
        Names in any case.
    body : bytes
        As sent.
    source : str
        The address that it comes from.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    source: str = "192.0.2.1"

    def to_request(self) -> gateway.Request:
        """Return it as the gateway gets it."""
        return gateway.Request(
            self.method,
            quote(self.path, safe="/"),
            urlencode(self.query),
            list(self.headers.items()),
            self.body,
            self.source,
        )


@dataclass(frozen=True)
class Answer:
    """What a function answered, and who it was.

    Parameters
    ----------
    api : str
        The folder of the function: neptune, client, vibetrace, manage, neptie or public.
    headers : mapping
        Names in lower case.
    """

    api: str
    function: str
    status: int
    headers: Mapping[str, str]
    body: str

    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)


class Api:
    """All routes of the template, with their functions in warm sandboxes.

    Parameters
    ----------
    cloud : Cloud
        What they run over.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._router = gateway.Router(
            gateway.Route(method, path, function) for (method, path), function in stack.routes().items()
        )
        # Making clients takes longer than all that most requests do.
        self._clients = Clients()

    def call(self, call: Call) -> Answer:
        """Send a request."""
        return self.send(call.to_request())

    def send(self, request: gateway.Request) -> Answer:
        """Send a request as the gateway has it."""
        found = self._router.find(request.method, unquote(request.path))
        assert found is not None
        route, parameters = found
        return self.invoke(
            route.function, gateway.make_event(request, unquote(request.path), route, parameters, "api.example.com")
        )

    def run(self, function: str, event: Mapping[str, Any]) -> Any:
        """Run a function with an event; return what it returns."""
        path = stack.folder(function)
        folder = f"{path.parent.name}/{path.name}"
        if folder not in self.cloud._sandboxes:
            module = self.cloud.load(folder)
            # What a sandbox reads from its environment it has to read before another one is set up.
            kept = {
                "settings": runtime.settings,
                "clients": self._clients,
                "_token_secret": lambda: SECRET,
                "_link_secret": lambda: LINK_SECRET,
            }
            self.cloud._sandboxes[folder] = module, kept
        return self.cloud.warm(folder, dict(event))

    def invoke(self, function: str, event: Mapping[str, Any]) -> Answer:
        """Run a function with an event; return its answer to a caller."""
        answer = self.run(function, event)
        assert answer["isBase64Encoded"] is False
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        return Answer(stack.folder(function).parent.name, function, answer["statusCode"], headers, answer["body"])


def sample(folder: str, kind: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Return an event of events/, with what it refers to filled in."""
    text = (stack.ROOT / "events" / folder / f"{kind}.json").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    event: dict[str, Any] = json.loads(text)
    return event


def to_call(event: Mapping[str, Any]) -> Call:
    """Return the request that an event was made of."""
    http = event["requestContext"]["http"]
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    return Call(
        http["method"],
        event["rawPath"],
        event.get("queryStringParameters") or {},
        event["headers"],
        raw,
        http["sourceIp"],
    )
