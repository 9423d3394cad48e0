"""One run: teams send at a steady rate, and it is seen what becomes of it and how long it takes."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial
from itertools import pairwise
from typing import Any

from nereid.core.access.teams import create_api_token, create_client_key, create_team
from nereid.core.audience.users import create_or_update_user
from nereid.core.messaging.event_types import check_notifications, put_event_type
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import EventTypeBody
from nereid.models.team import Scope
from tests.simulator.clock import SECOND, seconds
from tests.simulator.load.world import Load, LoadWorld
from tests.simulator.operators import schedules
from tests.simulator.providers import SECRET, Accepted
from tests.simulator.world import running

#: How often another team asks for a code meanwhile.
_CODE_EVERY = seconds(2)
_INGEST = "POST /neptune/events/ingest"
_EVENTS = "POST /api/client/events"
_TAKEN = (200, 204)
#: How many events of the Client API come in one request.
_HUNDRED = 100


def run(load: Load) -> list[str]:
    """Do a run; return what is to be told of it, a line each."""
    world = LoadWorld(load)
    with running(world):
        return Run(world).lines()


class Run:
    """What happens in a world."""

    def __init__(self, world: LoadWorld) -> None:
        self.world = world
        self.load = world.load
        self.waits: defaultdict[str, list[float]] = defaultdict(list)
        self.begun: dict[str, int] = {}
        self.requests: Counter[str] = Counter()
        #: When news were taken by the provider.
        self.news: list[int] = []
        self.sent = 0
        self.ids: list[tuple[Any, str]] = []
        self.keys: dict[Any, str] = {}
        #: Of what failed.
        self.reasons: Counter[str] = Counter()
        self.users = max(1, round(self.load.users * self.load.scale))
        world.on_accepted.append(self._accepted)
        self.places = [self._make(f"team {number + 1}") for number in range(max(2, self.load.teams))]
        world.is_warm = False
        self.asked = 0
        self._begin()
        for name, every in schedules().items():
            world.scheduler.after(every, partial(self._regularly, name, every))
        world.drain()

    def _regularly(self, name: str, every: int) -> None:
        """Run a function on its schedule for as long as anything waits."""
        world = self.world
        if self.asked < self.wanted or any(queue.messages for queue in world.queues.values() if queue.consumer):
            function = world.function(name)
            if world.has_room():
                world.invoke(function, f"{function.short}:{world.time.now}", {}, lambda _answer: None)
            world.scheduler.after(every, partial(self._regularly, name, every))

    def _make(self, name: str) -> tuple[str, Any, str]:
        runtime = self.world.runtime()
        team, _, _ = create_team(runtime.account_store, runtime.clock, SECRET, name, "live", senders=["*"])
        _, token = create_api_token(
            runtime.account_store, runtime.clock, SECRET, team.id, "t", ["post_events"], "live", 365
        )
        scope = Scope(team.id, "live")
        _, self.keys[scope] = create_client_key(
            runtime.account_store, lambda: runtime.user_token_cipher, runtime.clock, team.id, "live", "secret", None
        )
        text = "x" * int(self.load.template * 1000)
        template: dict[str, Any] = {
            "subject": "{{ id }}",
            "text": "{{ id }}",
            "html": f"<p>{{{{ id }}}}</p><!--{text}-->",
        }
        news = {"name": "n", "channel": "email", "template": template}
        if self.load.kind != "email":
            news = {"name": "n", "channel": "app", "template": {"title": "{{ id }}", "body": text or "b"}}
            for number in range(self.users):
                create_or_update_user(runtime.users, runtime.clock, scope, f"u{number}", {})
        code = {**news, "channel": "email", "template": {"subject": "{{ id }}", "text": "{{ id }}"}}
        for event_type, notification in (("news", news), ("code", {**code, "retry": "at_most_once"})):
            body = manage.parse(EventTypeBody, {"notifications": [notification]})
            check_notifications(body.notifications)
            put_event_type(runtime.event_types, runtime.clock, scope, event_type, body.notifications)
        return name, scope, token

    def _begin(self) -> None:
        count, every = self.load.events, SECOND / self.load.rate
        for number in range(count):
            # All but the last team send, and the last one asks for codes.
            place = self.places[number % max(1, len(self.places) - 1)]
            if self.load.kind != "client":
                self._at(round(number * every), place, "news", f"news-{number}")
            elif number % _HUNDRED == 0:
                self._hundred_at(round(number * every), place, number)
        lasts = count * every + SECOND * count / (self.load.ses if self.load.kind == "email" else self.load.rate)
        self.codes = min(2000, int(lasts // _CODE_EVERY))
        for number in range(self.codes):
            self._at(number * _CODE_EVERY, self.places[-1], "code", f"code-{number}")
        self.wanted = self.codes + (count // _HUNDRED if self.load.kind == "client" else count)

    def _at(self, at: int, place: tuple[str, Any, str], event_type: str, identifier: str) -> None:
        name, scope, token = place
        body = {
            "environment": "live",
            "api_token": token,
            "event_type": event_type,
            "message_id": identifier,
            "data": {"id": f"{name}|{identifier}"},
            "contact_infos": [{"type": "email", "value": f"{identifier}@example.com"}],
        }
        if self.load.kind == "app" and event_type == "news":
            body |= {"user_id": self._user(identifier), "contact_infos": []}

        def ask() -> None:
            if self._ask(identifier, _INGEST, body):
                self.begun[f"{name}|{identifier}"] = self.world.time.now
                self.ids.append((scope, identifier))

        self.world.start(identifier, ask, at)

    def _hundred_at(self, at: int, place: tuple[str, Any, str], number: int) -> None:
        _, scope, _ = place
        ids = [f"news-{each}" for each in range(number, number + _HUNDRED)]
        events = [
            {"external_id": self._user(each), "name": "news", "data": {"id": each}, "message_id": each} for each in ids
        ]

        def ask() -> None:
            if self._ask(f"{number} and on", _EVENTS, events, authorization=f"Bearer {self.keys[scope]}"):
                self.ids += [(scope, each) for each in ids]

        self.world.start(f"news {number} and on", ask, at)

    def _user(self, identifier: str) -> str:
        """Return whom an event is about: one after the other."""
        return f"u{int(identifier.partition('-')[2]) % self.users}"

    def _ask(self, label: str, route: str, body: Any, **headers: str) -> bool:
        """Ask the API something; tell whether it took it."""
        self.asked += 1
        if not self.world.has_room():
            self.requests["refused"] += 1
            return False
        answer = self.world.request(label, route, headers=headers, body=body)
        self.requests["taken" if answer and answer.status in _TAKEN else str(answer and answer.status)] += 1
        return answer is not None and answer.status in _TAKEN

    def _accepted(self, accepted: Accepted) -> None:
        identifier = accepted.text.splitlines()[0]
        self.sent += 1
        name, _, number = identifier.partition("|")
        kind = number.partition("-")[0]
        if kind == "news":
            self.news.append(accepted.at)
        priority = "high" if kind == "code" else "normal"
        begun = self.begun.get(identifier, accepted.at)
        self.waits[f"{name}, {priority} priority"].append((accepted.at - begun) / SECOND)

    def lines(self) -> list[str]:
        """Return what is to be told."""
        world, load, database = self.world, self.load, self.world.limited_database
        ends = self._ends()
        others = {kind: number for kind, number in self.requests.items() if kind != "taken"}
        lines = [
            f"accepted {self.requests['taken']} requests, others: {others or 'none'}",
            f"sent {self.sent}",
            *(f"{kind} {ends.get(kind, 0)}" for kind in ("success", "failed", "expired", "pending", "not processed")),
            *(f"failed for {reason!r}: {number}" for reason, number in self.reasons.most_common()),
            f"dead letters {self._dead()}",
        ]
        if load.kind == "email":
            answers = world.ses.answers
            asked = answers["accepted"] + answers["rate"]
            share = answers["rate"] / asked if asked else 0
            lines += [
                f"refused by the provider {answers['rate']} for its rate ({share:.1%}), {answers['quota']} for the day",
                f"rate used {self._used():.1%}, {self._used(0.1):.1%} between the first tenth and the last",
            ]
        lines += [f"{name}: {_spread(waits)}" for name, waits in sorted(self.waits.items())]
        lines += [
            f"most sandboxes at once {world.most_running}; simulated {world.time.now / SECOND / 60:.1f} minutes",
            f"DynamoDB throttled {dict(database.throttled) or 'nothing'}; hottest {database.hottest()}",
        ]
        return lines

    def _used(self, without: float = 0) -> float:
        """Return which share of the provider's rate the news used, from first to last; pauses of a minute left out.

        Parameters
        ----------
        without
            Which share of them is left out at the beginning and at the end.
        """
        first = int(len(self.news) * without)
        moments = sorted(self.news)[first : len(self.news) - first]
        if len(moments) < 2:
            return 0.0
        busy = sum(min(after - before, 60 * SECOND) for before, after in pairwise(moments))
        return len(moments) / (busy / SECOND) / self.load.ses

    def _ends(self) -> Counter[str]:
        runtime = self.world.runtime()
        found: Counter[str] = Counter()
        for scope, identifier in self.ids:
            stored = runtime.messages.get(scope, identifier)
            if stored is None:
                found["not processed"] += 1
                continue
            planned = stored[1].deliveries(scope, identifier)
            records = runtime.deliveries.get_many(scope, [each.id for each in planned])
            for each in planned:
                record = records.get(each.id)
                status = record.status if record else "pending"
                found["expired" if record and record.reason == "expired" else status] += 1
                if record and status == "failed" and record.reason != "expired":
                    self.reasons[record.reason or ""] += 1
        return found

    def _dead(self) -> int:
        return sum(len(queue.messages) for name, queue in self.world.queues.items() if name.endswith("DeadLetterQueue"))


def _spread(waits: list[float]) -> str:
    ordered = sorted(waits)
    half, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    return f"{len(ordered)} waited {half:.1f} s (p50), {most:.1f} s (p95), {ordered[-1]:.1f} s at most"
