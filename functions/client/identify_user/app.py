"""POST /api/client/identify: create or update a user with contact details and attributes."""

from nereid.auth.credentials import ClientCaller
from nereid.core.messaging.ingest import ingest_operations
from nereid.dialects.client import bodies as client_bodies
from nereid.dialects.client import frame as client
from nereid.dialects.http import Response
from nereid.runtime import runtime


@client.endpoint(runtime)
def handler(request: client.ParsedRequest, caller: ClientCaller) -> Response:
    """Queue the traits; the answer says yes only when the queue has them."""
    identify = client_bodies.identify(request.content)
    operations = runtime.vouching.marked(caller, client.user_token(request), [identify])
    ingest_operations(runtime.message_queue, caller.scope, operations)
    return client.accepted()
