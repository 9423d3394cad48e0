"""PUT /neptune/{environment}/users/{user_id}/contacts_info: add an address, or change the one that is there."""

from nereid.auth.credentials import Caller
from nereid.core.audience.contact_infos import put_contact_info
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.neptune.bodies import ContactInfoBody
from nereid.runtime import runtime


@neptune.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the contact info as stored."""
    body = neptune.parse(ContactInfoBody, request.json_object())
    environment = runtime.credentials.environment(caller, request.params["environment"])
    changes = body.model_dump(include=body.model_fields_set & {"filterable", "meta"})
    user_id = neptune.user_id(request)
    contact = put_contact_info(
        runtime.users,
        runtime.clock,
        environment.scope,
        user_id,
        body.type,
        body.value,
        changes,
        country=environment.default_country,
        tokens=runtime.token_owners,
    )
    return neptune.ok(neptune.contact_info_object(contact, environment.default_country))
