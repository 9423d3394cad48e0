"""What was accepted from or for somebody who was erased since.

Records wait on queues, and on dead-letter queues for days. What they hold is of before the erasure, so it is not stored
and sent, and makes no user. The environment says when the latest erasure was asked for; only what is older than that
is looked up, which ordinary records never are.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from nereid.models.addresses import normal
from nereid.models.erasure import address_of, name_of
from nereid.models.message import Message, Operation, TrackEvent
from nereid.models.operation import Who
from nereid.models.team import Environment, Scope
from nereid.models.user import profile_id

#: Tells when the erasure of those was asked for who were erased of late, by their names and addresses.
Erased = Callable[[Scope, Collection[str]], Mapping[str, datetime]]


def nobody_erased(_scope: Scope, _names: Collection[str]) -> Mapping[str, datetime]:
    """Say that nobody was."""
    return {}


def erased_message(message: Message, now: datetime) -> Message:
    """Return what remains of a message: its id, its event type and its times."""
    gone: dict[str, object] = {
        "user_id": None,
        "data": {},
        "contact_infos": [],
        "extra": {},
        "outreach": None,
        "test": None,
        "rule": None,
        "dropped_at": message.dropped_at or now,
        "is_erased": True,
    }
    return message.model_copy(update=gone)


def what_is_left(erased: Erased, environment: Environment, message: Message, now: datetime) -> Message:
    """Return a message that comes from a queue without what is of somebody who was erased since it was accepted.

    A message to such a user, or only to addresses of such users, keeps what :func:`erased_message` keeps. One to
    others as well loses those addresses.
    """
    if environment.erased_at is None or message.received_at > environment.erased_at or message.is_erased:
        return message
    country = environment.default_country
    entries = [_name_of_entry(entry, country) for entry in message.contact_infos]
    own = [name_of(message.user_id)] if message.user_id is not None else []
    if message.outreach is not None:
        own.append(address_of("email", message.outreach.to))
    if message.test is not None:
        own.append(address_of(message.test.type, message.test.to))
    if not own and not entries:
        return message
    gone = _gone(erased, environment.scope, [*own, *entries], message.received_at)
    if not gone:
        return message
    left = [entry for entry, name in zip(message.contact_infos, entries, strict=True) if name not in gone]
    if gone.intersection(own) or (message.user_id is None and not left):
        return erased_message(message, now)
    return message.model_copy(update={"contact_infos": left})


def is_erased(erased: Erased, environment: Environment, operation: Operation) -> bool:
    """Tell whether an operation is of somebody who was erased since it was accepted."""
    asked_at = operation.message.received_at if isinstance(operation, TrackEvent) else operation.asked_at
    # Earlier releases did not note when.
    if environment.erased_at is None or asked_at is None or asked_at > environment.erased_at:
        return False
    who = (
        Who(anonymous_id=operation.anonymous_id, external_id=operation.external_id)
        if operation.kind == "alias"
        else operation.who
    )
    ids = who.ids()
    named = [profile_id(ids.anonymous_id)] if ids.anonymous_id else []
    named += [ids.external_id] if ids.external_id else []
    return bool(_gone(erased, environment.scope, [name_of(each) for each in named], asked_at))


def _gone(erased: Erased, scope: Scope, names: Collection[str], since: datetime) -> set[str]:
    found = erased(scope, sorted(set(names)))
    return {name for name, at in found.items() if since <= at}


def _name_of_entry(entry: Mapping[str, object], country: str | None) -> str:
    type_, value = str(entry.get("type")), str(entry.get("value") or "")
    return address_of(type_, normal(type_, value, country))
