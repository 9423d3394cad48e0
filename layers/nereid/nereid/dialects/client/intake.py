"""What the routes of the Client API that take something in do: read it, mark what nobody vouches for, queue it.

Their functions are one for each route; the two that answer other spellings of the paths serve them all.
"""

from collections.abc import Sequence
from typing import Protocol

from nereid.auth.credentials import ClientCaller
from nereid.core.access.vouching import Vouching
from nereid.core.messaging.ingest import ingest_operations
from nereid.dialects.client import bodies
from nereid.dialects.client import frame as client
from nereid.dialects.endpoint import HasCredentials
from nereid.dialects.http import Response
from nereid.models.message import Operation
from nereid.ports.clock import Clock
from nereid.ports.messaging import MessageQueue


class TakesIn(HasCredentials, Protocol):
    """The part of the runtime that these routes need."""

    @property
    def vouching(self) -> Vouching:
        """Return the check of user tokens."""
        ...

    @property
    def message_queue(self) -> MessageQueue:
        """Return the queue of the records."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        ...


def alias(runtime: TakesIn, request: client.ParsedRequest, caller: ClientCaller) -> Response:
    """Queue an alias."""
    return _queue(runtime, request, caller, [bodies.alias(request.content, caller, runtime.clock.now())])


def identify(runtime: TakesIn, request: client.ParsedRequest, caller: ClientCaller) -> Response:
    """Queue a user's traits."""
    return _queue(runtime, request, caller, [bodies.identify(request.content, caller, runtime.clock.now())])


def devices(runtime: TakesIn, request: client.ParsedRequest, caller: ClientCaller) -> Response:
    """Queue a device."""
    return _queue(runtime, request, caller, [bodies.device(request.content, caller, runtime.clock.now())])


def events(runtime: TakesIn, request: client.ParsedRequest, caller: ClientCaller) -> Response:
    """Queue events."""
    return _queue(runtime, request, caller, bodies.events(request.content, caller, request, runtime.clock.now()))


def track(runtime: TakesIn, request: client.ParsedRequest, caller: ClientCaller) -> Response:
    """Queue one event, or several."""
    return _queue(runtime, request, caller, bodies.track(request.content, caller, request, runtime.clock.now()))


def segment(runtime: TakesIn, request: client.ParsedRequest, caller: ClientCaller) -> Response:
    """Queue Segment's calls of the types that this API has."""
    return _queue(runtime, request, caller, bodies.segment(request.content, caller, runtime.clock.now()))


#: Each by the last part of its path.
ROUTES = {function.__name__: function for function in (alias, identify, devices, events, track, segment)}


def _queue(
    runtime: TakesIn, request: client.ParsedRequest, caller: ClientCaller, operations: Sequence[Operation]
) -> Response:
    """Queue operations; the answer says yes only when the queue has them all."""
    marked = runtime.vouching.marked(caller, client.user_token(request), operations)
    if marked:
        ingest_operations(runtime.message_queue, caller.scope, marked)
    return client.accepted()
