"""POST /neptune/{environment}/users/{user_id}/contacts_info: add an address to a user."""

from nereid.auth.credentials import Caller
from nereid.core.audience.contact_infos import add_contact_info
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.neptune.bodies import ContactInfoBody
from nereid.runtime import runtime


@neptune.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the contact info as stored."""
    body = neptune.parse(ContactInfoBody, request.json_object())
    environment = runtime.credentials.environment(caller, request.params["environment"])
    user_id = neptune.user_id(request)
    contact = add_contact_info(
        runtime.users,
        runtime.clock,
        environment.scope,
        user_id,
        body.type,
        body.value,
        body.filterable,
        body.meta,
        country=environment.default_country,
        tokens=runtime.token_owners,
    )
    return neptune.ok(neptune.contact_info_object(contact, environment.default_country))
