"""DELETE /neptune/{environment}/users/{user_id}/contacts_info: delete an address of a user.

The pair is in the JSON body, or in the query when there is no body: some proxies drop the bodies of DELETEs.
"""

from nereid.auth.credentials import Caller
from nereid.core.audience.contact_infos import delete_contact_info
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.neptune.bodies import ContactInfoKey
from nereid.runtime import runtime


@neptune.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Delete the contact info."""
    key = neptune.parse(ContactInfoKey, request.json_object() or dict(request.query))
    environment = runtime.credentials.environment(caller, request.params["environment"])
    user_id, country = neptune.user_id(request), environment.default_country
    delete_contact_info(runtime.users, environment.scope, user_id, key.type, key.value, country)
    return neptune.ok(neptune.DELETED)
