"""The teams that a run is about, made before anything goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nereid.core.access.teams import create_api_token, create_client_key, create_environment, create_team
from nereid.core.audience.contact_infos import add_contact_info
from nereid.core.audience.users import create_or_update_user
from nereid.core.messaging.event_types import check_notifications, put_event_type
from nereid.core.outreach.campaigns import create_campaign
from nereid.core.outreach.leads import create_lead
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import EventTypeBody
from nereid.models.team import Channels, Scope
from tests.simulator.providers import SECRET

if TYPE_CHECKING:
    from tests.simulator.world import World

TEAMS, USERS, CAMPAIGNS, LEADS, TOKENS = 3, 30, 3, 60, 60
#: What stands in every text that is sent: the event's number, the version of its content, the notification.
MARK = "[{{ n }}|{{ v }}|%s]"


@dataclass
class Place:
    """An environment, and what opens it."""

    team: int
    team_id: str
    environment: str
    token: str
    public_key: str
    secret_key: str
    mock: bool = False

    @property
    def scope(self) -> Scope:
        """Its tenant key."""
        return Scope(self.team_id, self.environment)


@dataclass
class Teams:
    """What was made."""

    places: list[Place] = field(default_factory=list)
    #: API tokens that are revoked in the course of a run, with their ids, by team.
    tokens: list[list[tuple[str, str]]] = field(default_factory=list)
    #: Ids, by team.
    campaigns: list[list[str]] = field(default_factory=list)
    leads: list[list[str]] = field(default_factory=list)


def mail(name: str, **more: Any) -> dict[str, Any]:
    """Return an e-mail."""
    mark = MARK % name
    template = {"subject": mark, "text": f"{mark} Hello {{{{ user.name }}}}"}
    return {"name": name, "channel": "email", "template": template, **more}


def newsletter(name: str, **more: Any) -> dict[str, Any]:
    """Return an e-mail that can be unsubscribed from."""
    mark = MARK % name
    template = {"subject": mark, "text": f"{mark} {{{{ unsubscribe_url }}}}"}
    return {"name": name, "channel": "email", "template": template, **more}


def text(name: str, **more: Any) -> dict[str, Any]:
    """Return an SMS."""
    return {"name": name, "channel": "sms", "template": {"text": MARK % name}, **more}


def push(name: str, **more: Any) -> dict[str, Any]:
    """Return a push."""
    return {"name": name, "channel": "push", "template": {"title": "News", "body": MARK % name}, **more}


def inbox(name: str, **more: Any) -> dict[str, Any]:
    """Return an app notification."""
    return {"name": name, "channel": "app", "template": {"title": "News", "body": MARK % name}, **more}


#: What the event types of an environment are to begin with.
EVENT_TYPES: dict[str, list[dict[str, Any]]] = {
    "welcome": [mail("mail"), inbox("inbox")],
    "code": [mail("oncemail", retry="at_most_once"), text("oncetext", retry="at_most_once")],
    "news": [newsletter("letter"), push("phone")],
    "order": [mail("mail"), text("text"), push("phone"), inbox("inbox")],
    "sale": [newsletter("letter", when="data.amount > 50"), inbox("inbox", when="data.amount > 20")],
}

#: What event types become for a while: notifications come and go, and change their text and channel.
VARIANTS: dict[str, list[list[dict[str, Any]]]] = {
    "welcome": [[mail("mail")], [newsletter("mail"), inbox("inbox"), text("text")], [text("mail"), inbox("inbox")]],
    "order": [[mail("mail"), push("phone")], [mail("mail"), inbox("inbox", when="data.amount > 50"), text("text")]],
    "news": [[newsletter("letter")], []],
}
#: Event types of the Vibetrace API's rules.
RULED = {"confirmation": [mail("receipt"), inbox("inbox")], "open": [inbox("inbox")], "login": [text("text")]}


def address(kind: str, team: int, user: int) -> str:
    """Return an address that nobody else has."""
    match kind:
        case "email":
            return f"user{user}@team{team}.example.com"
        case "mobile_number":
            return f"+1555{team:02}{user:04}"
    return f"push-token-{team}-{user}"


def user_id(user: int) -> str:
    """Return the id of a user."""
    return f"user-{user}"


def contacts(user: int) -> list[str]:
    """Return the kinds of addresses that a user has."""
    kinds = ["email"] if user % 7 else []
    if user % 3 == 0:
        kinds.append("mobile_number")
    if user % 4 == 0:
        kinds.append("firebase_token")
    return kinds


def make(world: World) -> Teams:
    """Make teams, environments, event types and users."""
    runtime, teams = world.runtime(), Teams()
    for team in range(TEAMS):
        made, _, token = create_team(
            runtime.account_store, runtime.clock, SECRET, f"Team {team}", "live", senders=["*"]
        )
        create_environment(
            runtime.account_store,
            runtime.clock,
            made.id,
            "dev",
            None,
            mock=team == 0,
            channels=Channels.model_validate({}),
        )
        teams.tokens.append(
            [
                (token, record.id)
                for record, token in (
                    create_api_token(
                        runtime.account_store, runtime.clock, SECRET, made.id, "t", ["post_events"], "live", 365
                    )
                    for _ in range(TOKENS)
                )
            ]
        )
        campaigns = [
            create_campaign(runtime.campaigns, runtime.clock, made.id, {"name": f"C{number}", "type": "email"}).id
            for number in range(CAMPAIGNS)
        ]
        leads = [
            create_lead(
                runtime.leads,
                runtime.clock,
                made.id,
                {"full_name": "L", "email": f"lead{number}@team{team}.example.com"},
            ).id
            for number in range(LEADS)
        ]
        teams.campaigns.append(campaigns)
        teams.leads.append(leads)
        for environment in ("live", "dev"):
            keys = [
                create_client_key(
                    runtime.account_store,
                    lambda: runtime.user_token_cipher,
                    runtime.clock,
                    made.id,
                    environment,
                    scope,
                    None,
                )[1]
                for scope in ("public", "secret")
            ]
            mock = team == 0 and environment == "dev"
            place = Place(team, made.id, environment, token, keys[0], keys[1], mock=mock)
            teams.places.append(place)
            for name, notifications in {**EVENT_TYPES, **RULED}.items():
                configure(world, place, name, notifications)
            for user in range(USERS):
                create_or_update_user(runtime.users, runtime.clock, place.scope, user_id(user), {"name": f"N{user}"})
                for kind in contacts(user):
                    value: Any = (place.scope, user_id(user), kind, address(kind, team, user), None, {})
                    add_contact_info(runtime.users, runtime.clock, *value)
    return teams


def configure(world: World, place: Place, name: str, notifications: list[dict[str, Any]]) -> None:
    """Configure an event type as a caller of the management API does."""
    runtime = world.runtime()
    body = manage.parse(EventTypeBody, {"notifications": notifications})
    check_notifications(body.notifications)
    put_event_type(runtime.event_types, runtime.clock, place.scope, name, body.notifications)
