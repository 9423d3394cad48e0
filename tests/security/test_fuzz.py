"""Whatever is asked, the answer is that API's own: never a 5xx, always its envelope; and what was taken can be done.

`make fuzz EXAMPLES=1000` tries more than these, and other ones each time.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from local_stack.http import gateway
from tests.infrastructure import stack
from tests.security import fuzzing, world
from tests.security.world import Estate
from tests.support import confined, envelopes
from tests.support.api import Answer, sample, to_call

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
ROUTES = {function: route for route, function in reversed(stack.routes().items()) if "{slash+}" not in route[1]}
#: After how many requests a caller comes with another token: the smallest hour of Neptie's holds 100.
_REQUESTS_PER_TOKEN = 50
#: Bytes on the message queue up to which they are processed too: a thousand events take a while.
_MOST_PROCESSED = 10_000
#: Bytes that this module may have mapped beside what the process had when it began.
_MORE_MEMORY = 4_000_000_000
thorough = settings(
    max_examples=EXAMPLES or 25,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


class Fuzzed:
    """The API, asked by a team that may do everything."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._values: dict[str, str] = {}
        self._left = 0

    def values(self) -> dict[str, str]:
        """Return what the samples refer to, with a token that is good for a while."""
        if not self._left:
            self._left = _REQUESTS_PER_TOKEN
            owner = self.estate.first
            if self._values:  # a team has so many tokens at most
                used = world.token_id(self._values["api_token"])
                owner.runtime.account_store.delete_api_token(owner.team_id, used)
            self._values = {**self.estate.values(), "api_token": owner.api_token("admin:all")}
            self.estate.keep()
        self._left -= 1
        return self._values

    def sample(self, function: str) -> dict[str, Any]:
        """Return the good sample of a function."""
        folder = stack.folder(function)
        event = sample(f"{folder.parent.name}/{folder.name}", "good", self.values())
        if "authorization" in event["headers"]:
            credentials = self.estate.first.credentials
            event["headers"]["authorization"] = {
                "client": f"Bearer {credentials.secret_key}",
                "vibetrace": self._values["api_token"],
            }.get(folder.parent.name, f"Bearer {self._values['api_token']}")
        return event

    def check(self, path: str, answer: Answer) -> None:
        """Hold an answer to its envelope, and what was queued to be processed; then forget all of it."""
        fuzzing.count += 1
        event(f"status {answer.status}")
        try:
            envelopes.check(path, answer)
            answer.body.encode()
            if 0 < self._queued() <= _MOST_PROCESSED:
                assert self.estate.cloud.pump() == []
            assert fuzzing.refused_by_aws(self.estate.cloud.requests) == []
        finally:
            self.estate.drain()
            self.estate.restore()

    def _queued(self) -> int:
        """Return how many bytes a request put on the message queue."""
        sent = [body for name, body in self.estate.cloud.requests if name.startswith("sqs:Send")]
        entries = [entry for body in sent for entry in body.get("Entries", [body])]
        return sum(len(entry["MessageBody"]) for entry in entries)


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Fuzzed]:
    # What eats all memory has to end as an error of its own, and not as one of the machine.
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (confined.mapped() + _MORE_MEMORY, before[1]))
    try:
        with world.running() as estate:
            yield Fuzzed(estate)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("function", sorted(ROUTES))
@given(data=st.data())
@thorough
def test_a_request_is_answered_in_the_words_of_its_api(fuzzed: Fuzzed, function: str, data: st.DataObject) -> None:
    call = to_call(fuzzed.sample(function))
    template = call.path if function == "PublicNotFound" else ROUTES[function][1]
    request = data.draw(fuzzing.requests(call, template))
    fuzzed.check(unquote(request.path), fuzzed.estate.api.send(request))


@given(request=fuzzing.anything)
@thorough
def test_any_request_is_answered(fuzzed: Fuzzed, request: gateway.Request) -> None:
    fuzzed.check(unquote(request.path), fuzzed.estate.api.send(request))


@pytest.mark.parametrize("function", sorted(ROUTES))
@given(data=st.data())
@settings(thorough, max_examples=(EXAMPLES or 40) // 8)
def test_an_event_that_no_gateway_makes_is_answered(fuzzed: Fuzzed, function: str, data: st.DataObject) -> None:
    made = data.draw(fuzzing.events(fuzzed.sample(function)))
    fuzzed.check(made["rawPath"], fuzzed.estate.api.invoke(function, made))
