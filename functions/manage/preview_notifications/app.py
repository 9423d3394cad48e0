"""POST /manage/{environment}/previews: what notifications would be with data at hand; nothing is sent or stored."""

from nereid.auth.credentials import Caller
from nereid.core.messaging.event_types import check_alone
from nereid.core.messaging.selected_notifications import Selection
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import PreviewBody
from nereid.models.delivery import Recipient
from nereid.models.preview import Sample
from nereid.runtime import runtime


@manage.endpoint(runtime, "manage_templates")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with each notification as it would be."""
    body = manage.parse(PreviewBody, manage.json_object(request))
    selection = Selection(body.notification, body.event_type, body.name)
    selection.check()
    if body.user is not None and body.user_id is not None:
        raise manage.given_twice("user", "user_id")
    if body.notification is not None:
        senders = runtime.senders(runtime.teams.get(caller.team_id))
        check_alone(body.notification, senders, runtime.settings.need("attachment_bucket"), caller.team_id)
    environment = runtime.credentials.environment(caller, request.params["environment"])
    contact = Recipient.model_validate(body.contact.model_dump()) if body.contact else None
    previews = runtime.previewer.preview(
        environment,
        selection.read(runtime.event_types, environment.scope),
        Sample(body.data, body.user_id, body.user, contact),
        selection.label,
        f"https://{request.domain}/u/preview",
    )
    return manage.ok({"previews": [manage.preview_object(each) for each in previews]})
