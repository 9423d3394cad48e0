"""PUT /api/client/notifications/{id}: mark an app notification as read."""

from nereid.auth.credentials import ClientCaller
from nereid.core.messaging.app_notifications import read_own
from nereid.dialects.client import bodies as client_bodies
from nereid.dialects.client import frame as client
from nereid.dialects.http import Response
from nereid.runtime import runtime


@client.endpoint(runtime)
def handler(request: client.ParsedRequest, caller: ClientCaller) -> Response:
    """Mark it if it is the user's; the answer does not tell."""
    who = client_bodies.who(request.content)
    runtime.vouching.check_inbox(caller, client.user_token(request), who)
    uuid = request.params["id"]
    read_own(runtime.inbox, runtime.deliveries, runtime.identities, runtime.clock, caller.scope, who, uuid)
    return client.accepted()
