"""GET /neptune/{environment}/users/{user_id}: one user, with contact infos if asked for."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.errors import NotFound
from nereid.runtime import runtime


@neptune.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the user."""
    environment = runtime.credentials.environment(caller, request.params["environment"])
    user = runtime.users.load(environment.scope, neptune.user_id(request))
    if user is None:
        raise NotFound("user")
    includes = [name.strip() for name in request.query.get("includes", "").split(",")]
    with_contact_infos, country = "contact_infos" in includes, environment.default_country
    return neptune.ok(neptune.user_object(user, with_contact_infos=with_contact_infos, country=country))
