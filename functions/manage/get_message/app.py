"""GET /manage/{environment}/messages/{message_id}: one message with its deliveries."""

from nereid.auth.credentials import Caller
from nereid.core.messaging.show_message import show_message, with_waits
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.runtime import runtime


@manage.endpoint(runtime, "read_messages")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the message and its deliveries."""
    environment = runtime.credentials.environment(caller, request.params["environment"])
    stored, deliveries = show_message(
        runtime.messages, runtime.deliveries, environment.scope, request.params["message_id"]
    )
    deliveries = with_waits(deliveries, runtime.closures, runtime.clock.now())
    shown = manage.message_object(environment, stored)
    return manage.ok({**shown, "deliveries": [manage.delivery_object(each) for each in deliveries]})
