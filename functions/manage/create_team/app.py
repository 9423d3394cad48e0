"""Create a team. It has no route: the operator invokes it with AWS credentials (`make team`)."""

from typing import Any

from nereid.core.access.accounts import NewAccount
from nereid.core.access.teams import create_team
from nereid.dialects.accounts import account_object
from nereid.dialects.manage.bodies import TeamBody
from nereid.dialects.manage.frame import parse, team_object
from nereid.logs import identify
from nereid.runtime import runtime


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the team, its first API token, which is shown this once, and its account; raise for a bad payload.

    What it raises is logged and shown, so it names fields and no values: one of them is a password.
    """
    identify(context)
    body = parse(TeamBody, event)
    given = body.account
    admin = NewAccount(given.email, given.password, given.full_name, given.company) if given else None
    made = create_team(runtime.account_store, runtime.clock, runtime.token_secret(), body.name, body.environment, admin)
    account = {"account": account_object(made.admin)} if made.admin else {}
    return {"team": team_object(made.team, body.environment), "api_token": made.token, **account}
