"""POST /manage/environments: create an environment."""

from nereid.auth.credentials import Caller
from nereid.core.access.teams import create_environment
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import EnvironmentBody
from nereid.models.team import Channels
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the environment."""
    body = manage.parse(EnvironmentBody, manage.json_object(request))
    channels = Channels.model_validate(body.channels.model_dump(by_alias=True, exclude_unset=True))
    environment = create_environment(
        runtime.account_store,
        runtime.clock,
        caller.team_id,
        body.identifier,
        body.name,
        mock=body.mock,
        channels=channels,
    )
    return manage.ok(manage.environment_object(environment, runtime.settings.channels()))
