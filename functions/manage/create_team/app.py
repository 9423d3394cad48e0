"""Make a team. No route leads here: the operator invokes it with AWS credentials (`make team`)."""

from typing import Any

from nereid.core.teams import create_team
from nereid.dialects.manage import team_object
from nereid.dialects.manage_bodies import TeamBody
from nereid.runtime import runtime


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Return the team and its first API token, which is shown this once; raise for a bad payload."""
    body = TeamBody.model_validate(event)
    team, _, token = create_team(runtime.accounts, runtime.clock, runtime.signing_secret(), body.name, body.environment)
    return {"team": team_object(team, body.environment), "api_token": token}
