"""What the two routes of the Client API's inbox do."""

from typing import Protocol

from nereid.auth.credentials import ClientCaller
from nereid.core.access.vouching import Vouching
from nereid.core.audience.client_identities import Identities
from nereid.core.messaging.app_notifications import list_unread, read_own
from nereid.dialects.client import bodies
from nereid.dialects.client import frame as client
from nereid.dialects.endpoint import HasCredentials
from nereid.dialects.http import Response
from nereid.ports.audience import Inbox
from nereid.ports.clock import Clock
from nereid.ports.messaging import DeliveryStore


class ShowsInbox(HasCredentials, Protocol):
    """The part of the runtime that these routes need."""

    @property
    def vouching(self) -> Vouching:
        """Return the check of user tokens."""
        ...

    @property
    def inbox(self) -> Inbox:
        """Return the store of app notifications."""
        ...

    @property
    def identities(self) -> Identities:
        """Return what finds users by a client's ids."""
        ...

    @property
    def deliveries(self) -> DeliveryStore:
        """Return the store of deliveries."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        ...


def show(runtime: ShowsInbox, request: client.ParsedRequest, caller: ClientCaller) -> Response:
    """Answer with a page of a user's unread notifications, newest first."""
    runtime.vouching.open_inbox(caller)
    who = bodies.who_of_headers(request.headers)
    limit, before = bodies.page_size(request.query), bodies.cursor(request.query)
    runtime.vouching.check_inbox(caller, client.user_token(request), who)
    found, position = list_unread(runtime.inbox, runtime.identities, caller.scope, who, before, limit)
    return client.page([client.notification_object(each) for each in found], limit, position)


def read(runtime: ShowsInbox, request: client.ParsedRequest, caller: ClientCaller) -> Response:
    """Mark a notification as read if it is the user's; the answer does not tell."""
    who = bodies.who(request.content)
    runtime.vouching.check_inbox(caller, client.user_token(request), who)
    id_ = request.params["id"]
    read_own(runtime.inbox, runtime.deliveries, runtime.identities, runtime.clock, caller.scope, who, id_)
    return client.accepted()
