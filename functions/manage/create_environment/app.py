"""POST /manage/environments: create an environment."""

from nereid.auth.credentials import Caller
from nereid.core.access.teams import allowed_channels, create_environment
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import EnvironmentBody
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the environment."""
    body = manage.parse(EnvironmentBody, manage.json_object(request))
    team = runtime.teams.get(caller.team_id)
    environment = create_environment(
        runtime.account_store,
        runtime.clock,
        caller.team_id,
        body.identifier,
        body.name,
        mock=body.mock,
        channels=allowed_channels(team, runtime.senders(team), body.channels.given(), runtime.closed_channels()),
        client_access=body.client_access.given(),
        keep_rendered=body.keep_rendered,
        default_country=body.default_country,
    )
    return manage.ok(manage.environment_object(environment, runtime.settings.channels()))
