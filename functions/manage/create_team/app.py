"""Create a team, or change or list those that exist. It has no route: the operator invokes it (`make team`)."""

from typing import Any

from nereid.core.access.accounts import NewAccount
from nereid.core.access.teams import change_team, create_team
from nereid.dialects.accounts import account_object
from nereid.dialects.manage.bodies import TeamBody, TeamChangeBody
from nereid.dialects.manage.frame import parse, team_object
from nereid.logs import identify
from nereid.runtime import runtime


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do what the payload says; raise for a bad one.

    ``{"list": true}`` lists all teams, ``{"team": …}`` changes one, and any other makes one: the answer has the team,
    its first API token, which is shown this once, and its account.
    What it raises is logged and shown, so it names fields and no values: one of them is a password.
    """
    identify(context)
    if event.get("list") is True:
        return {"teams": [team_object(team) for team in runtime.account_store.teams()]}
    if "team" in event:
        to = parse(TeamChangeBody, event)
        accounts, clock = runtime.account_store, runtime.clock
        team = change_team(accounts, clock, to.team, to.senders, to.quota_times, stopped=to.stopped)
        return {"team": team_object(team)}
    body = parse(TeamBody, event)
    given = body.account
    admin = NewAccount(given.email, given.password, given.full_name, given.company) if given else None
    store, clock, secret = runtime.account_store, runtime.clock, runtime.token_secret()
    made = create_team(store, clock, secret, body.name, body.environment, admin, body.senders, body.quota_times)
    account = {"account": account_object(made.admin)} if made.admin else {}
    shown = {**team_object(made.team), "environment": body.environment}
    return {"team": shown, "api_token": made.token, **account}
