"""PUT /manage/environments/{identifier}: change an environment; what is left out stays."""

from nereid.auth.credentials import Caller
from nereid.core.access.teams import check_senders, update_environment
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import EnvironmentChangesBody
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the environment as it is then."""
    body = manage.parse(EnvironmentChangesBody, manage.json_object(request))
    channels = body.channels.given()
    check_senders(runtime.senders(runtime.teams.get(caller.team_id)), channels, runtime.closed_channels())
    environment = update_environment(
        runtime.account_store,
        caller.team_id,
        request.params["identifier"],
        name=body.name,
        channels=channels,
        client_access=body.client_access.given(),
        keep_rendered=body.keep_rendered if "keep_rendered" in body.model_fields_set else None,
        default_country=body.default_country if "default_country" in body.model_fields_set else "",
    )
    return manage.ok(manage.environment_object(environment, runtime.settings.channels()))
