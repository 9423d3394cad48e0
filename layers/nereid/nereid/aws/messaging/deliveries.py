"""Records of deliveries in the activity table, and the claims that keep two runs from sending one delivery.

A delivery that is sent again by force keeps its record. The reports on the sending before are put aside, for they
say nothing about the new one: `reported` holds the facts of the current sending, `reported_1` those of the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from nereid import jsontext
from nereid.aws.errors import ConditionFailed
from nereid.aws.table import Item, Table, tenant
from nereid.clock import from_iso, to_iso
from nereid.contention import until_uncontested
from nereid.errors import Conflict
from nereid.models.delivery import Delivery, DeliveryJob, Planned, Status
from nereid.models.report import outcome, shown
from nereid.models.team import Scope
from nereid.ports.messaging import UNKNOWN_OUTCOME, Claim, Outcome, Sent

#: Stands in `claimed_until` of a delivery that nobody holds and that was certainly not handed over.
_RELEASED = "released"
#: What a pending delivery waits for and until when; members that a record without them takes away.
_WAIT = ("reason", "next_try_at")
#: What is about trying, and says nothing of a delivery that is recorded: most records are kept for months like that.
_OF_TRIES = ("claimed_until", "attempts")


class DynamoDeliveryStore:
    """Implements `nereid.ports.messaging.DeliveryStore` and `nereid.ports.messaging.SentDeliveries`.

    Parameters
    ----------
    retention_seconds
        How long a delivery is kept; only needed to claim them.
    findable
        Whether recorded deliveries can be found by the provider's message id, for the price of a write of an index.
    """

    def __init__(self, table: Table, retention_seconds: int = 0, *, findable: bool = False) -> None:
        self._table = table
        self._retention = retention_seconds
        self._findable = findable

    def claim(self, job: DeliveryJob, token: str, now: datetime, until: datetime) -> Claim:
        # Storing an app notification twice leaves one, so an unknown outcome does no harm there.
        repeats = job.notification.retry == "at_least_once" or job.notification.channel == "app"
        lapsed = " OR claimed_until < :now" if repeats else ""
        # A delivery with a report was accepted, even against our own record.
        condition = (
            "attribute_not_exists(#status) OR claim = :token OR (#status = :pending AND attribute_not_exists(reported)"
            f" AND (claimed_until = :released{lapsed}))"
        )
        values = {
            ":pending": "pending",
            ":token": token,
            ":until": to_iso(until),
            ":now": to_iso(now),
            ":released": _RELEASED,
            ":one": 1,
            ":zero": 0,
            ":id": job.delivery_id,
            ":notification": job.notification.name,
            ":channel": job.notification.channel,
            ":to": job.recipient.value,
            ":planned_at": to_iso(job.planned_at),
            ":expires_at": self._expiry(job.planned_at),
        }
        try:
            item = self._table.update(
                *delivery_key(job.scope, job.delivery_id),
                "SET #status = :pending, claim = :token, claimed_until = :until, "
                "attempts = if_not_exists(attempts, :zero) + :one, id = :id, notification = :notification, "
                "channel = :channel, #to = :to, created_at = :planned_at, updated_at = :now, "
                "expires_at = :expires_at",
                values,
                names={"#status": "status", "#to": "to"},
                condition=condition,
            )
        except ConditionFailed as error:
            return _refused(error.old, now)
        sending = sending_of(item)
        return Claim("mine", token, item["attempts"], sending=sending, is_counted=item.get("counted") == sending)

    def add(self, job: DeliveryJob, outcome: Outcome, now: datetime) -> bool:
        pk, sk = delivery_key(job.scope, job.delivery_id)
        item = {
            "pk": pk,
            "sk": sk,
            **_outcome_members(outcome),
            "id": job.delivery_id,
            "notification": job.notification.name,
            "channel": job.notification.channel,
            "to": job.recipient.value,
            "created_at": to_iso(job.planned_at),
            "updated_at": to_iso(now),
            "expires_at": self._expiry(job.planned_at),
        }
        try:
            self._table.put(item, "attribute_not_exists(pk)")
        except ConditionFailed:
            return False
        return True

    def record(
        self, scope: Scope, delivery_id: str, token: str, outcome: Outcome, now: datetime, sending: int = 1
    ) -> None:
        condition = "claim = :token"
        known: dict[str, Any] = {":token": token}
        if outcome.status == "success":
            condition += f" OR (#status = :pending AND {_is_sending(sending)})"
            known |= {":pending": "pending", ":sending": sending}
        values = {
            **{f":{name}": value for name, value in _outcome_members(outcome).items()},
            ":next_try_at": to_iso(outcome.next_try_at) if outcome.next_try_at else None,
            ":sent_as": outcome.provider_message_id if self._findable else None,
            ":updated_at": to_iso(now),
            ":claimed_until": _RELEASED if outcome.status == "pending" else None,
        }
        given = {name: value for name, value in values.items() if value is not None}
        sets = [f"#{name[1:]} = {name}" for name in given]
        removed = ["claim", *(name for name in _WAIT if f":{name}" not in given)]
        if outcome.status != "pending":
            removed += _OF_TRIES
        if outcome.status == "pending":  # nothing was handed over, so it was no try
            sets.append("attempts = attempts - :one")
            known[":one"] = 1
        with suppress(ConditionFailed):  # the claim lapsed and another run took it over: that one's record stands
            self._table.update(
                *delivery_key(scope, delivery_id),
                f"SET {', '.join(sets)} REMOVE {', '.join(removed)}",
                {**given, **known},
                names={f"#{name[1:]}": name[1:] for name in given},
                condition=condition,
            )

    def delete_many(self, scope: Scope, delivery_ids: Sequence[str]) -> None:
        self._table.delete_many(delivery_key(scope, delivery_id) for delivery_id in dict.fromkeys(delivery_ids))

    def erase(self, scope: Scope, planned: Planned, planned_at: datetime, now: datetime) -> bool:
        key = delivery_key(scope, planned.id)
        # Without its claim, whoever had it for too long records nothing any more.
        gone = "claim, #to, rendered, missing_variables, template_notes, events, earlier, reason, next_try_at"

        def attempt() -> bool:
            item = self._table.get(*key) or {}
            if item.get("erased"):
                return True
            is_final = _is_final(item, now)
            if not is_final and _refused(item, now).state == "held" and item:
                return False
            values = {
                ":id": planned.id,
                ":notification": planned.notification,
                ":channel": planned.channel,
                ":planned_at": item.get("created_at", to_iso(planned_at)),
                ":now": to_iso(now),
                ":status": _standing(item)[0] if is_final else "failed",
                ":released": _RELEASED,
                ":expires_at": item.get("expires_at", self._expiry(planned_at)),
                ":yes": True,
            }
            unchanged = "attribute_not_exists(pk)"
            if item:
                unchanged, same = "attribute_not_exists(claimed_until)", {":seen": item["updated_at"]}
                if "claimed_until" in item:
                    unchanged, same[":held"] = "claimed_until = :held", item["claimed_until"]
                unchanged, values = f"updated_at = :seen AND {unchanged}", {**values, **same}
            self._table.update(
                *key,
                "SET #status = :status, claimed_until = :released, id = :id, notification = :notification, channel = "
                ":channel, created_at = :planned_at, updated_at = :now, expires_at = :expires_at, erased = :yes "
                f"REMOVE {gone}",
                values,
                names={"#status": "status", "#to": "to"},
                condition=unchanged,
            )
            return True

        return until_uncontested("delivery", attempt, again=(ConditionFailed,))

    def drop_rendered(self, scope: Scope, delivery_ids: Iterable[str]) -> None:
        for delivery_id in delivery_ids:
            with suppress(ConditionFailed):  # it is not kept any more, or had nothing
                self._table.update(
                    *delivery_key(scope, delivery_id), "REMOVE rendered", {}, condition="attribute_exists(rendered)"
                )

    def get_many(self, scope: Scope, delivery_ids: Iterable[str]) -> dict[str, Delivery]:
        found = self._table.get_many(delivery_key(scope, delivery_id) for delivery_id in delivery_ids)
        return {item["id"]: to_delivery(item) for item in found.values() if "id" in item}

    def sent_as(self, provider_message_id: str) -> Sent | None:
        for found in self._table.query("sent_as = :id", {":id": provider_message_id}, index="sent_as", limit=1):
            # The index may still have the entry from before the delivery was sent again.
            item = self._table.get(found["pk"], found["sk"])
            if item is not None and item.get("sent_as") == provider_message_id:
                team_id, environment, _, delivery_id = found["pk"].split("#", 3)
                return Sent(Scope(team_id, environment), delivery_id, sending_of(item))
        return None

    def final(self, scope: Scope, delivery_ids: Iterable[str]) -> set[str]:
        keys = [delivery_key(scope, delivery_id) for delivery_id in dict.fromkeys(delivery_ids)]
        found = self._table.get_attributes(keys, ("id", "status", "reported"))
        return {item["id"] for item in found if item.get("status", "pending") != "pending" or "reported" in item}

    def standings(self, scope: Scope, delivery_ids: Sequence[str]) -> dict[str, tuple[Status, str | None]]:
        keys = [delivery_key(scope, delivery_id) for delivery_id in dict.fromkeys(delivery_ids)]
        found = self._table.get_attributes(keys, ("id", "status", "reason", "events", "sending"))
        # A report may be there before our own record.
        return {item["id"]: _standing(item) for item in found if "id" in item}

    def report(self, scope: Scope, delivery_id: str, event: Mapping[str, Any], sending: int = 1) -> Delivery | None:
        key = delivery_key(scope, delivery_id)
        current, noted = sending, event

        def attempt() -> Delivery | None:
            nonlocal current, noted
            try:
                return to_delivery(self._table.update(*key, **noting_report(noted, sending, current)))
            except ConditionFailed as error:
                if "id" not in error.old:
                    return None
                if "erased" in error.old:
                    noted = without_link(event)
                current = sending_of(error.old)
                if event["type"] in error.old.get(facts_of(error.old, sending), ()):
                    return to_delivery(error.old)
                raise Conflict from error

        return until_uncontested("delivery", attempt)

    def reopen(self, scope: Scope, planned: Planned, planned_at: datetime, replay_id: str, now: datetime) -> None:
        key = delivery_key(scope, planned.id)

        def attempt() -> None:
            item = self._table.get(*key) or {}
            if replay_id in item.get("replays", ()) or "erased" in item:
                return
            change = _reopening(item, now) if _is_final(item, now) else _LEAVING_OPEN
            sets = ", ".join([*change.sets, "expires_at = :expires_at"])
            values = {":replay": replay_id, ":replays": {replay_id}, ":expires_at": self._expiry(planned_at)}
            self._table.update(
                *key,
                f"SET {sets} ADD replays :replays {change.removes}",
                {**values, **change.values},
                names={"#status": "status"},
                condition=f"NOT contains(replays, :replay) AND attribute_not_exists(erased) AND {change.condition}",
            )

        until_uncontested("delivery", attempt, again=(ConditionFailed,))

    def close(
        self,
        scope: Scope,
        planned: Planned,
        planned_at: datetime,
        reason: str | None,
        now: datetime,
        status: Status = "failed",
    ) -> bool:
        assert planned.recipient is not None
        key = delivery_key(scope, planned.id)
        values = {
            ":pending": "pending",
            ":status": status,
            **({":reason": reason} if reason is not None else {}),
            ":released": _RELEASED,
            ":id": planned.id,
            ":notification": planned.notification,
            ":channel": planned.channel,
            ":to": planned.recipient.value,
            ":planned_at": to_iso(planned_at),
            ":now": to_iso(now),
            ":expires_at": self._expiry(planned_at),
        }
        try:
            self._table.update(
                *key,
                "SET #status = :status, claimed_until = :released, id = :id, notification = :notification, channel = "
                ":channel, #to = :to, created_at = :planned_at, updated_at = :now, expires_at = :expires_at"
                f"{', reason = :reason' if reason is not None else ''} REMOVE next_try_at"
                f"{', reason' if reason is None else ''}",
                values,
                names={"#status": "status", "#to": "to"},
                condition="attribute_not_exists(#status) OR "
                "(#status = :pending AND attribute_not_exists(reported) AND claimed_until = :released)",
            )
        except ConditionFailed as error:
            refused = _refused(error.old, now)
            if refused.state == "unknown":
                self.record(scope, planned.id, refused.token, Outcome("failed", UNKNOWN_OUTCOME), now)
            return refused.state != "held"
        return True

    def _expiry(self, planned_at: datetime) -> int:
        return int(planned_at.timestamp()) + self._retention


def _outcome_members(outcome: Outcome) -> Item:
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "provider_message_id": outcome.provider_message_id,
        "rendered": jsontext.dumps(outcome.rendered) if outcome.rendered is not None else None,
        "missing_variables": list(outcome.missing_variables) or None,
        "template_notes": list(outcome.template_notes) or None,
    }


def noting_report(
    event: Mapping[str, Any], sending: int, current: int, *, not_among: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the arguments of the update that notes a report of a sending, once.

    Parameters
    ----------
    current
        The delivery's current sending, as it is known.
    not_among
        Further attributes that must not hold the report's type.
    """
    kind = str(event["type"])
    facts = "reported" if sending >= current else f"reported_{sending}"
    noted = {**event, "sending": sending} if sending > 1 else dict(event)
    new = [f"NOT contains({name}, :kind)" for name in dict.fromkeys((facts, *not_among))]
    if event != without_link(event):
        new.append("attribute_not_exists(erased)")
    return {
        "expression": f"SET events = list_append(if_not_exists(events, :none), :events) ADD {facts} :kinds",
        "values": {
            ":none": [],
            ":events": [jsontext.dumps(noted)],
            ":kinds": {kind},
            ":kind": kind,
            ":sending": current,
        },
        "condition": " AND ".join(["attribute_exists(id)", _is_sending(current), *new]),
    }


def without_link(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a report without the link that somebody clicked, which may name whom it was made for."""
    return {name: value for name, value in event.items() if name != "link"}


def _is_sending(number: int) -> str:
    """Return the condition that a delivery's current sending is `:sending`, which is `number`."""
    return "(attribute_not_exists(sending) OR sending = :sending)" if number == 1 else "sending = :sending"


def facts_of(item: Item, sending: int) -> str:
    """Return the attribute of a delivery that holds the reports on a sending."""
    return "reported" if sending >= sending_of(item) else f"reported_{sending}"


def all_facts(current: int) -> list[str]:
    """Return the attributes of a delivery that hold the reports on all sendings up to the current one."""
    return ["reported", *(f"reported_{number}" for number in range(1, current))]


def sending_of(item: Item) -> int:
    """Return which sending of a delivery is the current one."""
    return int(item.get("sending", 1))


class _Change(NamedTuple):
    """The changes that reopen a delivery, if it is still as it was read."""

    condition: str
    values: Mapping[str, Any]
    sets: Sequence[str] = ()
    removes: str = ""


def _is_final(item: Item, now: datetime) -> bool:
    if item.get("status", "pending") != "pending":
        return True
    # A delivery with a report was sent; but the run that has the claim is about to record it.
    return "reported" in item and (item["claimed_until"] == _RELEASED or from_iso(item["claimed_until"]) < now)


_LEAVING_OPEN = _Change("(attribute_not_exists(#status) OR #status = :pending)", {":pending": "pending"})


def _reopening(item: Item, now: datetime) -> _Change:
    sending = sending_of(item)
    ended = to_delivery(item)
    record = {
        "status": ended.status,
        "reason": ended.reason,
        "provider_message_id": ended.provider_message_id,
        "updated_at": to_iso(ended.updated_at),
    }
    sets = [
        "#status = :pending",
        "claimed_until = :released",
        "sending = :next",
        "updated_at = :now",
        "earlier = list_append(if_not_exists(earlier, :none), :record)",
    ]
    removed = [
        "claim",
        "attempts",
        *_WAIT,
        "provider_message_id",
        "rendered",
        "missing_variables",
        "template_notes",
        "sent_as",
    ]
    same = ["#status = :status", "updated_at = :seen"]
    if "reported" in item:
        sets.append(f"reported_{sending} = reported")
        removed.append("reported")
    else:
        same.append("attribute_not_exists(reported)")
    values = {
        ":status": item["status"],
        ":seen": item["updated_at"],
        ":pending": "pending",
        ":released": _RELEASED,
        ":next": sending + 1,
        ":now": to_iso(now),
        ":none": [],
        ":record": [jsontext.dumps(record)],
    }
    return _Change(" AND ".join(same), values, sets, f"REMOVE {', '.join(removed)}")


def delivery_key(scope: Scope, delivery_id: str) -> tuple[str, str]:
    """Return the key of a delivery."""
    return tenant(scope, "delivery", delivery_id), "delivery"


def _refused(item: Item, now: datetime) -> Claim:
    """Say why a claim was refused, from the delivery as it is."""
    if item.get("status") != "pending" or "reported" in item:
        return Claim("done", "")
    until = from_iso(item["claimed_until"])
    if until < now:
        return Claim("unknown", item["claim"])
    return Claim("held", "", until=until)


def _events(item: Item) -> list[dict[str, Any]]:
    return sorted((jsontext.loads(event) for event in item.get("events", [])), key=lambda event: str(event["at"]))


def _standing(item: Item) -> tuple[Status, str | None]:
    current = sending_of(item)
    reported = outcome(event for event in _events(item) if event.get("sending", 1) == current)
    return reported or (item["status"], item.get("reason"))


def to_delivery(item: Item) -> Delivery:
    """Return a delivery as it stands: our record, and the provider's reports since.

    Reports may come in any order, and even before our own record; so they are kept apart from it and combined when
    read.
    """
    events = _events(item)
    status, reason = _standing(item)
    return Delivery(
        id=item["id"],
        notification=item["notification"],
        channel=item["channel"],
        to=item.get("to"),
        status=status,
        reason=reason,
        next_try_at=from_iso(item["next_try_at"]) if status == "pending" and "next_try_at" in item else None,
        provider_message_id=item.get("provider_message_id"),
        rendered=jsontext.loads(item["rendered"]) if "rendered" in item else None,
        missing_variables=item.get("missing_variables"),
        template_notes=item.get("template_notes"),
        events=None if "erased" in item else [shown(event) for event in events] or None,
        earlier=[jsontext.loads(record) for record in item.get("earlier", [])] or None,
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
    )
