"""GET /manage/{environment}/messages: the messages, newest first."""

from nereid.auth.credentials import Caller
from nereid.core.messaging.list_messages import DeliveryFilter, list_messages
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import MessagesQuery
from nereid.ports.messaging import MessageFilter
from nereid.runtime import runtime


@manage.endpoint(runtime, "read_messages")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with one page of messages, without their deliveries."""
    query, before = manage.list_query(MessagesQuery, request, 1)
    environment = runtime.credentials.environment(caller, request.params["environment"])
    selected = MessageFilter(query.event_type or None, query.user_id or None, since=query.from_, until=query.to)
    messages, last = list_messages(
        runtime.messages,
        runtime.deliveries,
        environment,
        selected,
        DeliveryFilter(query.address or None, query.status),
        before[0] if before else None,
        query.limit,
    )
    shown = [manage.message_object(environment, message) for message in messages]
    return manage.page(shown, [last] if last else None)
