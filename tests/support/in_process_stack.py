"""The product without a server: the gateway of the local stack, and the functions in this process.

A request is over in a fraction of the time that it takes over HTTP, and nothing goes on between two of them: queues are
emptied when a test waits for something.
"""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import unquote

import nereid.logs
from local_stack import bootstrap
from local_stack.compute.functions import Outcome
from local_stack.http import gateway
from tests.infrastructure import stack
from tests.local_stack import Answer, Found, Stack
from tests.support import cloud as clouds
from tests.support.api import Api
from tests.support.cloud import Cloud

_DOMAIN = "nereid.example.com"
#: How often all queues are emptied in the hope of something; what fails is not handed over again.
_ROUNDS = 50


class InProcessStack(Stack):
    """The product over a cloud of this process.

    Parameters
    ----------
    cloud : Cloud
        With nothing in it.
    decode : callable
        How its gateway decodes paths.
    """

    def __init__(self, cloud: Cloud, decode: Callable[[str], str | None] = unquote) -> None:
        super().__init__()
        self.cloud = cloud
        self._api = Api(cloud)
        self._turn = threading.RLock()
        self._log = io.StringIO()
        router = gateway.Router(gateway.Route(*route, function) for route, function in stack.routes().items())
        self._gateway = gateway.Gateway(router, self._invoke, _DOMAIN, decode=decode)
        self.demo = bootstrap.make_demo(
            self._invoke, stack.functions().__contains__, self._gateway.handle, f"https://{_DOMAIN}"
        )

    def _invoke(self, function: str, event: Any) -> Outcome:
        """Run a function as the local stack does, one at a time."""
        with self._turn, self._logged(function):
            return Outcome(result=json.dumps(self._api.run(function, event)))

    @contextmanager
    def _logged(self, function: str) -> Iterator[None]:
        """Keep what a function prints, as the local stack prints it."""
        handler = cast("Any", nereid.logs.logger.registered_handler)
        printed = io.StringIO()
        before = sys.stdout, handler.stream
        sys.stdout = handler.stream = printed
        try:
            yield
        finally:
            sys.stdout, handler.stream = before
            self._log.writelines(f"[{function}] {line}\n" for line in printed.getvalue().splitlines())

    def exchange(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str], source: str = "127.0.0.1"
    ) -> Answer:
        where, _, query = path.partition("?")
        request = gateway.Request(method, where, query, [("Host", _DOMAIN), *headers.items()], data or b"", source)
        answer = self._gateway.handle(request)
        body = b"" if answer.status == 204 or method == "HEAD" else answer.body
        return Answer(answer.status, dict(answer.headers), body)

    def environment(self, function: str) -> dict[str, str]:
        return self.cloud.environment(function)

    def client(self, service: str) -> Any:
        return self.cloud.client(service)

    def wait_for(self, look: Callable[[], Found | None], seconds: float = 0) -> Found:  # noqa: ARG002 - nothing goes on
        for _ in range(_ROUNDS):
            found = look()
            if found:
                return found
            with self._turn, self._logged("Pipeline"):
                self.cloud.pump()
        raise AssertionError(f"nothing after {_ROUNDS} rounds; the functions say:\n{self.printed()}")

    def printed(self) -> str:
        return self._log.getvalue()


@contextmanager
def running(decode: Callable[[str], str | None] = unquote, **parameters: str) -> Iterator[InProcessStack]:
    """Start the product in this process, with parameters of the template, and look through its logs in the end."""
    with clouds.running(in_memory=True) as cloud:
        key = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
        nowhere = "http://127.0.0.1:9"
        cloud.parameters = {
            "EmailAccountKey": key,
            "UserTokenKey": key,
            "GmailUrl": nowhere,
            "GraphUrl": nowhere,
            "CredentialCacheSeconds": "0",
            "EventTypeCacheSeconds": "0",
            **parameters,
        }
        cloud.forget()
        made = InProcessStack(cloud, decode)
        yield made
        made.check_logs()
