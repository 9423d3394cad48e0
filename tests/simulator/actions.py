"""What clients do: each action is one item of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.simulator.clock import seconds
from tests.simulator.http import Answer
from tests.simulator.journal import MarkAll, Opened, Sent, Trait
from tests.simulator.scheduler import current
from tests.simulator.setup import EVENT_TYPES, USERS, VARIANTS, Place, address, user_id
from tests.simulator.workload import TRIES, Action, Item, Workload

#: How many anonymous visitors there are per environment, and addresses that no user has.
_VISITORS, _STRANGERS = 25, 400
_ORDERS = 60
#: How many items long a team uses the same token.
_SAME_TOKEN_FOR = 150
_POISON: dict[str, list[str]] = {
    "MessageQueue": [
        "no json %d",
        '{"poison": %d}',
        '{"team_id": "nobody%d", "environment": "live", "messages": [{}]}',
    ],
    "EmailQueue": ["no json %d", '{"poison": %d}'],
    "SmsQueue": ["no json %d", '{"poison": %d}'],
    "PushQueue": ["no json %d", '{"poison": %d}'],
    "FeedbackQueue": ["no json %d", "[%d]"],
}


def _user(load: Workload, item: Item, what: str = "user") -> int:
    return load.between(item, what, 0, USERS - 1)


def _api(place: Place) -> dict[str, str]:
    return {"authorization": f"Bearer {place.token}"}


def _client(place: Place) -> dict[str, str]:
    return {"authorization": f"Bearer {place.public_key}"}


def _taken(answer: Answer | None) -> bool:
    return answer is not None and answer.status < 300


def _ingest(load: Workload, item: Item) -> None:
    """Send an event to the Neptune API, again with other content now and then."""
    place, user, number = load.place(item), _user(load, item), f"n{item.number}"
    named = load.happens(item, "named", 0.85)
    message_id = f"m-{number}" if named else None
    sent = load.sent(Sent(number, place.team_id, place.environment, message_id, user_id(user)))
    data = {"n": number, "v": "a", "amount": load.between(item, "amount", 0, 100)}
    body: dict[str, Any] = {"event_type": load.choice(item, "type", EVENT_TYPES), "user_id": sent.user, "data": data}
    if load.happens(item, "contacts", 0.25):
        stranger = load.between(item, "stranger", 0, _STRANGERS)
        body["contact_infos"] = [{"type": "email", "value": address("email", place.team, USERS + stranger)}]
        body["ignore_user_contacts"] = load.happens(item, "alone", 0.5)
    if named:
        body["message_id"] = sent.message_id
    if load.happens(item, "path", 0.3):
        request: dict[str, Any] = {
            "route": "POST /neptune/{environment}/events",
            "parameters": {"environment": place.environment},
            "headers": _api(place),
            "body": body,
        }
    else:
        body |= {"environment": place.environment, "api_token": place.token}
        request = {"route": "POST /neptune/events/ingest", "body": body}
    # Who cannot name an event does not send it again: that would be another event.
    answer = load.persist(item.label, tries=TRIES if named else 1, **request)
    if answer is not None and _taken(answer):
        sent.taken = True
        sent.message_id = sent.message_id or answer.json()["message_id"]
    if named and load.happens(item, "again", 0.1):
        request["body"] = {**body, "data": {**data, "v": "b"}}
        if _taken(load.persist(f"{item.label}b", **request)):
            sent.taken = True


def _who(load: Workload, item: Item, what: str) -> tuple[str | None, str | None]:
    """Return an anonymous id, an external one, or now and then both; a visitor is mostly about the same user."""
    visitor, user = load.between(item, f"{what}/visitor", 0, _VISITORS - 1), _user(load, item, what)
    anonymous_id, external_id = f"visitor-{visitor}", user_id(user)
    match load.between(item, f"{what}/ids", 0, 9):
        case 0 | 1 | 2 | 3:
            return anonymous_id, None
        case 4:
            return anonymous_id, external_id
    return None, external_id


def _ids(who: tuple[str | None, str | None]) -> dict[str, str | None]:
    return {"anonymous_id": who[0], "external_id": who[1]}


def _events(load: Workload, item: Item) -> None:
    """Send some events to the Client API in one request."""
    place = load.place(item)
    body, all_sent = [], []
    for index in range(load.between(item, "count", 1, 5)):
        number = f"n{item.number}x{index}"
        who = _who(load, item, f"who{index}")
        event_type = load.choice(item, f"type{index}", EVENT_TYPES)
        data = {"n": number, "v": "a", "amount": load.between(item, f"amount{index}", 0, 100)}
        sent = load.sent(Sent(number, place.team_id, place.environment, f"m-{number}"))
        all_sent.append((sent, who))
        event = {**_ids(who), "name": event_type, "data": data, "message_id": sent.message_id}
        if load.happens(item, f"traits{index}", 0.3):
            event["user"] = {"data": {f"k-{number}": 1}}
        body.append(event)
    answer = load.persist(item.label, route="POST /api/client/events", headers=_client(place), body=body)
    if _taken(answer):
        for (sent, who), event in zip(all_sent, body, strict=True):
            sent.taken = True
            if "user" in event:
                load.world.journal.traits.append(Trait(place.scope, *who, f"k-{sent.number}", item.label))


def _identify(load: Workload, item: Item) -> None:
    """Say something about a user, now and then an address."""
    place, who, key = load.place(item), _who(load, item, "who"), f"k-n{item.number}"
    body: dict[str, Any] = {**_ids(who), "data": {key: 1}}
    if load.happens(item, "email", 0.3):
        body["email"] = address("email", place.team, USERS + load.between(item, "address", 0, _STRANGERS))
    answer = load.persist(item.label, route="POST /api/client/identify", headers=_client(place), body=body)
    if _taken(answer):
        load.world.journal.traits.append(Trait(place.scope, *who, key, item.label))


def _alias(load: Workload, item: Item) -> None:
    """Say who a visitor is."""
    place = load.place(item)
    visitor = f"visitor-{load.between(item, 'visitor', 0, _VISITORS - 1)}"
    body = {"anonymous_id": visitor, "external_id": user_id(_user(load, item))}
    load.persist(item.label, route="POST /api/client/alias", headers=_client(place), body=body)


def _device(load: Workload, item: Item) -> None:
    """Register a phone, whose token may be somebody else's so far."""
    place, who = load.place(item), _who(load, item, "who")
    phone = load.between(item, "phone", 0, 15)
    body = {
        **_ids(who),
        "device_id": f"phone-{phone}",
        "token": f"push-token-{place.team}-{place.environment}-p{phone}",
        "os": "iOS 16.3",
        "model": "iPhone15,2",
        "app_build": "465",
        "app_version": "1.2.4",
    }
    load.persist(item.label, route="POST /api/client/devices", headers=_client(place), body=body)


def _vibetrace(load: Workload, item: Item) -> None:
    """Send an event that is subject to a rule."""
    place, user, number = load.place(item, live=True), _user(load, item), f"n{item.number}"
    kind = load.choice(item, "kind", ("open", "confirmation", "confirmation", "update", "login", "order"))
    sent = load.sent(Sent(number, place.team_id, place.environment, f"m-{number}", user_id(user), rule=kind))
    fields: dict[str, Any] = {"n": number, "v": "a"}
    if kind == "confirmation":
        sent.order_id = f"order-{load.between(item, 'order', 0, _ORDERS)}" if load.happens(item, "id", 0.9) else None
        sent.total = load.between(item, "total", 1, 500)
        fields |= {"orderId": sent.order_id, "total": sent.total}
    if kind == "update":
        fields |= {f"k-{number}": 1}
    answer = load.persist(
        item.label,
        route="POST /v1/event",
        headers={"authorization": place.token, "idempotency-key": str(sent.message_id)},
        body={"user": {"_id": sent.user}, "event": {kind: fields}},
    )
    if _taken(answer):
        sent.taken = True
        if kind == "update":
            load.world.journal.traits.append(Trait(place.scope, None, sent.user, f"k-{number}", item.label))


def _change_user(load: Workload, item: Item) -> None:
    """Set something of a user by the Neptune API."""
    place, user, key = load.place(item), user_id(_user(load, item)), f"k-n{item.number}"
    answer = load.persist(
        item.label,
        route="PUT /neptune/{environment}/users/{user_id+}",
        parameters={"environment": place.environment, "user_id": user},
        headers=_api(place),
        body={"meta": {key: 1}},
    )
    if _taken(answer):
        load.world.journal.traits.append(Trait(place.scope, None, user, key, item.label))


def _contact(load: Workload, item: Item) -> None:
    """Give a user an address, or take one away."""
    place, user = load.place(item), user_id(_user(load, item))
    value = address("email", place.team, USERS + load.between(item, "address", 0, _STRANGERS))
    route = "/neptune/{environment}/users/{user_id}/contacts_info"
    load.persist(
        item.label,
        route=f"{'POST' if load.happens(item, 'add', 0.5) else 'DELETE'} {route}",
        parameters={"environment": place.environment, "user_id": user},
        headers=_api(place),
        body={"type": "email", "value": value},
    )


def _outreach(load: Workload, item: Item) -> None:
    """Send a mail to a lead, with a key that makes a repetition the same mail."""
    place, number = load.place(item, live=True), f"n{item.number}"
    campaign = load.choice(item, "campaign", load.teams.campaigns[place.team])
    lead = load.choice(item, "lead", load.teams.leads[place.team])
    sent = load.sent(Sent(number, place.team_id, place.environment, None, rule="outreach"))
    headers = {"x-api-key": place.token}
    keyed = load.happens(item, "keyed", 0.8)
    if keyed:
        headers["idempotency-key"] = f"key-{number}"
    answer = load.persist(
        item.label,
        route="POST /api/email/send",
        headers=headers,
        body={"campaign_id": campaign, "lead_id": lead, "subject": f"[{number}|a|email]", "content": "Hello"},
        tries=TRIES if keyed else 1,
    )
    if answer is not None and answer.status == 202:
        sent.taken, sent.message_id = True, answer.json()["email_id"]


def _read(load: Workload, item: Item) -> None:
    """Look into an inbox; mark one notification as read, or all."""
    place, user = load.place(item), user_id(_user(load, item))
    listed = load.persist(
        item.label,
        route="GET /neptune/app_notifications/{environment}",
        parameters={"environment": place.environment},
        query={"user_id": user, "type": "unread", "per_page": "20"},
        headers=_api(place),
    )
    if listed is None or listed.status != 200:
        return
    shown = [each["uuid"] for each in listed.json()["data"]]
    journal, time = load.world.journal, load.world.time
    request: dict[str, Any] = {
        "route": "POST /neptune/app_notifications/{environment}/read",
        "parameters": {"environment": place.environment},
        "headers": _api(place),
    }
    if load.happens(item, "all", 0.3):
        asked = time.now
        answer = load.persist(f"{item.label}r", **request, body={"type": "user", "id": user})
        journal.marked_all.append(MarkAll(place.scope, user, asked, time.now, done=_taken(answer)))
    elif shown:
        one = load.choice(item, "one", shown)
        is_recorded = load.world.database.has("ActivityTable", f"{'#'.join(place.scope)}#delivery#{one}", "delivery")
        answer = load.persist(f"{item.label}r", **request, body={"type": "notification", "id": one})
        assert not (is_recorded and answer is not None and answer.status == 404), one
        journal.marked[one] = journal.marked.get(one, False) or _taken(answer)


def _configure(load: Workload, item: Item) -> None:
    """Change what an event type tells."""
    place = load.place(item)
    name = load.choice(item, "type", sorted(VARIANTS))
    notifications = load.choice(item, "variant", [EVENT_TYPES[name], *VARIANTS[name]])
    load.persist(
        item.label,
        route="PUT /manage/{environment}/event_types/{event_type+}",
        parameters={"environment": place.environment, "event_type": name},
        headers=_api(place),
        body={"notifications": notifications},
    )


def _poison(load: Workload, item: Item) -> None:
    """Put things on a queue that nobody can handle, one after the other, so that they stand among others there."""
    name = load.choice(item, "queue", ("MessageQueue", *sorted(_POISON)))
    for drop in range(load.between(item, "drops", 1, 5)):
        body = load.choice(item, f"body{drop}", _POISON[name]) % (item.number * 10 + drop)
        load.world.journal.poison.add(body)
        load.world.queues[name].put(f"{item.label}p{drop}", body)
        current().task.sleep(load.between(item, f"pause{drop}", 0, seconds(0.5)))


def _break_phone(load: Workload, item: Item) -> None:
    """Remove an app from a phone: the platform refuses its token from now on."""
    place = load.place(item)
    load.world.sns.dead.add(f"push-token-{place.team}-{place.environment}-p{load.between(item, 'phone', 0, 15)}")


def _token(load: Workload, item: Item, *, older: bool = False) -> tuple[Place, str, str]:
    """Return a token with its team and id: for a while many use the same one, somebody revokes it, others go on."""
    number = max(0, item.number // _SAME_TOKEN_FOR - older)
    places = [place for place in load.teams.places if place.environment == "live"]
    place = places[number % len(places)]
    tokens = load.teams.tokens[place.team]
    return place, *tokens[number % len(tokens)]


def _suppress(load: Workload, item: Item) -> None:
    """Suppress an address by the management API."""
    place, user = load.place(item), _user(load, item)
    kind = load.choice(item, "kind", (user, USERS + user * 3))
    value = address("email", place.team, kind)
    body = {"email": value, "reason": "unsubscribe"}
    answer = load.persist(item.label, route="POST /manage/suppressions", headers=_api(place), body=body)
    if _taken(answer):
        load.world.journal.suppress(place.team_id, value, load.world.time.now, "unsubscribe")


def _revoke(load: Workload, item: Item) -> None:
    """Revoke a token."""
    place, _, identifier = _token(load, item)
    journal, key = load.world.journal, (place.team_id, identifier)
    journal.revoking.add(key)
    answer = load.persist(
        item.label, route="DELETE /manage/api_tokens/{id}", parameters={"id": identifier}, headers=_api(place)
    )
    if _taken(answer):
        journal.revoked.setdefault(key, load.world.time.now)


def _with_token(load: Workload, item: Item) -> None:
    """Send an event with a token that may have been revoked."""
    number = f"n{item.number}"
    place, token, identifier = _token(load, item, older=load.happens(item, "older", 0.4))
    sent = load.sent(Sent(number, place.team_id, place.environment, f"m-{number}"))
    began = load.world.time.now
    body = {"environment": "live", "api_token": token, "event_type": "none", "message_id": sent.message_id}
    answer = load.persist(
        item.label, route="POST /neptune/events/ingest", tries=1, body={**body, "data": {"n": number, "v": "a"}}
    )
    sent.taken = _taken(answer)
    if answer is not None:
        load.world.journal.opened.append(Opened((place.team_id, identifier), began, answer.status, item.label))


def _crowd(load: Workload, item: Item) -> None:
    """Have many say something about one user at the same moment, by every API, and one visitor become the user."""
    place, user = load.place(item, live=True), user_id(_user(load, item))
    visitor = f"visitor-{load.between(item, 'visitor', 0, _VISITORS - 1)}"
    world, journal = load.world, load.world.journal

    def saying(number: int) -> Callable[[], None]:
        key, label = f"k-n{item.number}c{number}", f"{item.label}c{number}"
        way = load.choice(item, f"way{number}", ("neptune", "identify", "visitor", "vibetrace", "alias"))

        def say() -> None:
            who: tuple[str | None, str | None] = (None, user)
            match way:
                case "neptune":
                    answer = load.persist(
                        label,
                        route="PUT /neptune/{environment}/users/{user_id+}",
                        parameters={"environment": place.environment, "user_id": user},
                        headers=_api(place),
                        body={"meta": {key: 1}},
                    )
                case "vibetrace":
                    answer = load.persist(
                        label,
                        route="POST /v1/event",
                        headers={"authorization": place.token, "idempotency-key": f"m-{key}"},
                        body={"user": {"_id": user}, "event": {"update": {key: 1}}},
                    )
                case "alias":
                    body: dict[str, Any] = {"anonymous_id": visitor, "external_id": user}
                    load.persist(label, route="POST /api/client/alias", headers=_client(place), body=body)
                    return
                case _:
                    who = (visitor, None) if way == "visitor" else (None, user)
                    body = {**_ids(who), "data": {key: 1}}
                    answer = load.persist(label, route="POST /api/client/identify", headers=_client(place), body=body)
            if _taken(answer):
                journal.traits.append(Trait(place.scope, *who, key, label))

        return say

    for number in range(load.between(item, "size", 3, 6)):
        moment = world.time.now + load.between(item, f"moment{number}", 0, 60_000)
        world.start(f"{item.label}c{number}", saying(number), moment)


def _replay(load: Workload, item: Item) -> None:
    """Take a message up again that came in before; now and then have one of its deliveries sent again."""
    place = load.place(item)
    number = load.between(item, "number", 0, item.number)
    where = {"environment": place.environment}
    message_id = f"m-n{number}"
    shown = load.persist(
        item.label,
        route="GET /manage/{environment}/messages/{message_id+}",
        parameters={**where, "message_id": message_id},
        headers=_api(place),
    )
    if shown is None or shown.status != 200:
        return
    ended = [each["id"] for each in shown.json()["deliveries"] if each["status"] in ("success", "failed")]
    body: dict[str, Any] = {"message_id": message_id, "replay_id": f"r-{item.number}"}
    if ended and load.happens(item, "force", 0.4):
        body["force"] = [load.choice(item, "forced", ended)]
        forced = load.world.journal.forced
        forced[body["force"][0]] = forced.get(body["force"][0], 0) + 1
    request: dict[str, Any] = {"parameters": where, "headers": _api(place), "body": body}
    load.persist(f"{item.label}r", route="POST /manage/{environment}/replays", **request)


ACTIONS: dict[str, Action] = {
    "ingest": Action(37, _ingest),
    "events": Action(10, _events),
    "identify": Action(5, _identify),
    "alias": Action(3, _alias),
    "device": Action(3, _device),
    "vibetrace": Action(14, _vibetrace),
    "change_user": Action(3, _change_user),
    "contact": Action(3, _contact),
    "crowd": Action(3, _crowd),
    "outreach": Action(10, _outreach),
    "read": Action(6, _read),
    "configure": Action(3, _configure),
    "poison": Action(1, _poison),
    "break_phone": Action(1, _break_phone),
    "replay": Action(3, _replay),
    "revoke": Action(1, _revoke),
    "suppress": Action(1, _suppress),
    "with_token": Action(6, _with_token),
}
#: Kinds of items that change what other items lead to.
SHAPING = frozenset({"configure", "alias", "contact", "device", "break_phone"})
