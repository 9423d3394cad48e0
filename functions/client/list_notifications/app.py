"""GET /api/client/notifications: list the unread app notifications of a user."""

from nereid.auth.credentials import ClientCaller
from nereid.core.messaging.app_notifications import list_unread
from nereid.dialects.client import bodies as client_bodies
from nereid.dialects.client import frame as client
from nereid.dialects.http import Response
from nereid.runtime import runtime


@client.endpoint(runtime)
def handler(request: client.ParsedRequest, caller: ClientCaller) -> Response:
    """Answer with a page, newest first."""
    runtime.vouching.open_inbox(caller)
    who = client_bodies.who_of_headers(request.headers)
    limit, before = client_bodies.page_size(request.query), client_bodies.cursor(request.query)
    runtime.vouching.check_inbox(caller, client.user_token(request), who)
    found, position = list_unread(runtime.inbox, runtime.identities, caller.scope, who, before, limit)
    return client.page([client.notification_object(each) for each in found], limit, position)
