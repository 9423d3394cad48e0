"""A team that means harm: with every tenth item it has something on its way that is to cost the others something.

In a run without harm it does the same with honest content, so that the two can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nereid.core.access.teams import create_team
from nereid.core.outreach.campaigns import create_campaign
from nereid.core.outreach.leads import create_lead
from nereid.core.templates import render as templates
from nereid.errors import TemplateFailed
from tests.simulator.clock import seconds
from tests.simulator.providers import SECRET
from tests.simulator.scheduler import current
from tests.simulator.setup import MARK, Place, configure, mail, text

if TYPE_CHECKING:
    from tests.simulator.workload import Item, Workload
    from tests.simulator.world import World

#: With which of ten items there is harm.
_EVERY, _AT = 10, 9
#: How long a template takes that has to be stopped, in seconds.
_SLOW_SECONDS = 2.0
_SLOW = "{% comment %}slow{% endcomment %}"
_WIDE = "%0999999d" * 2000
_NEVER_CLOSED = "<a " * 20_000
_ODD = "<p>Hi</p><![foo bar]>" + "<a href=x><br>" * 3000
_UNREADABLE = {
    "EmailQueue": ['{"poison": %d}', '{"team_id": "hostile", "delivery_id": %d}'],
    "MessageQueue": ["no json %d", '{"team_id": "hostile", "environment": "live", "messages": [{"n": %d}]}'],
}
_EVENT_TYPES: dict[str, list[dict[str, Any]]] = {
    "slow": [
        {**mail("mail"), "template": {"subject": MARK % "mail", "text": _SLOW + MARK % "mail"}},
        {**text("text"), "template": {"text": _SLOW + MARK % "text"}},
    ],
    "large": [
        {
            **mail("mail"),
            "template": {"subject": MARK % "mail", "text": (MARK % "mail") + "{{ 'now' | date: data.form }}"},
        }
    ],
}


@dataclass
class Hostile:
    """The team."""

    place: Place
    campaign: str
    lead: str

    def act(self, load: Workload, item: Item) -> None:
        """Do harm along with an item, if it is the turn of one."""
        if item.number % _EVERY != _AT:
            return
        match load.between(item, "harm", 0, 3):
            case 0:
                self._send(load, item, "slow", "%d")
            case 1:
                self._send(load, item, "large", _WIDE if load.world.harm else "%d")
            case 2:
                self._mail(load, item)
            case _:
                self._drop(load, item)

    def _send(self, load: Workload, item: Item, event_type: str, form: str) -> None:
        number = f"n{item.number}x99"
        contacts = [
            {"type": "email", "value": f"{number}@hostile.example.com"},
            {"type": "mobile_number", "value": "+15559990000"},
        ]
        load.persist(
            f"{item.label}h",
            route="POST /neptune/{environment}/events",
            parameters={"environment": self.place.environment},
            headers={"authorization": f"Bearer {self.place.token}"},
            body={
                "event_type": event_type,
                "message_id": f"m-{number}",
                "contact_infos": contacts,
                "data": {"n": number, "v": "a", "form": form},
            },
        )

    def _mail(self, load: Workload, item: Item) -> None:
        number = f"n{item.number}x98"
        harm = load.choice(item, "html", (_NEVER_CLOSED, _ODD)) if load.world.harm else "<p>Hello</p>"
        load.persist(
            f"{item.label}h",
            route="POST /api/email/send",
            headers={"authorization": f"Bearer {self.place.token}", "idempotency-key": f"key-{number}"},
            body={
                "campaign_id": self.campaign,
                "lead_id": self.lead,
                "subject": f"[{number}|a|email]",
                "content": harm,
            },
        )

    def _drop(self, load: Workload, item: Item) -> None:
        name = load.choice(item, "harmed", sorted(_UNREADABLE))
        body = load.choice(item, "unreadable", _UNREADABLE[name]) % item.number
        if load.world.harm:
            load.world.journal.poison.add(body)
            load.world.queues[name].put(f"{item.label}h", body, "hostile")


def make(world: World) -> Hostile:
    """Make the team."""
    runtime = world.runtime()
    made, _, token = create_team(runtime.account_store, runtime.clock, SECRET, "Hostile", "live")
    place = Place(-1, made.id, "live", token, "", "")
    for name, notifications in _EVENT_TYPES.items():
        configure(world, place, name, notifications)
    campaign = create_campaign(runtime.campaigns, runtime.clock, made.id, {"name": "C", "type": "email"})
    lead = {"full_name": "L", "email": "lead@hostile.example.com"}
    return Hostile(place, campaign.id, create_lead(runtime.leads, runtime.clock, made.id, lead).id)


@contextmanager
def slow_templates(world: World) -> Iterator[None]:
    """Let templates that would have to be stopped take their time; a run has no time of its own for it."""
    module: Any = templates
    render = module.render

    def slowly(template: Any, *args: Any, **kwargs: Any) -> Any:
        owner = current()
        if world.harm and owner is not None and _SLOW in json.dumps(template.model_dump(mode="json")):
            owner.task.sleep(seconds(_SLOW_SECONDS))
            raise TemplateFailed(f"took longer than {_SLOW_SECONDS:g} s")
        return render(template, *args, **kwargs)

    module.render = slowly
    try:
        yield
    finally:
        module.render = render
