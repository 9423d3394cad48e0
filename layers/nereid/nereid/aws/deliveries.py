"""Records of deliveries in the activity table, and the claims that keep two runs from sending one delivery."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from nereid import jsontext
from nereid.aws.errors import is_condition, old_item
from nereid.aws.table import Item, Table, tenant, unmarshal
from nereid.clock import from_iso, to_iso
from nereid.models.delivery import Delivery, DeliveryJob, Status
from nereid.models.team import Scope
from nereid.ports import Claim, Outcome

#: Stands in `claimed_until` of a delivery that nobody holds and that was certainly not handed over.
_RELEASED = "released"


class DynamoDeliveryStore:
    """Implements `nereid.ports.DeliveryStore` and `nereid.ports.SentDeliveries`.

    Parameters
    ----------
    retention_seconds
        How long a delivery is kept; only needed by who claims them.
    findable
        Whether what is recorded can be found by the provider's message id, for the price of a write of an index.
    """

    def __init__(self, table: Table, retention_seconds: int = 0, *, findable: bool = False) -> None:
        self._table = table
        self._retention = retention_seconds
        self._findable = findable

    def claim(self, job: DeliveryJob, token: str, now: datetime, until: datetime) -> Claim:
        """See the port."""
        # Storing an app notification twice leaves one, so an unknown outcome does no harm there.
        repeats = job.notification.retry == "at_least_once" or job.notification.channel == "app"
        lapsed = " OR claimed_until < :now" if repeats else ""
        # What the provider has reported on was accepted, whatever our own record says.
        condition = (
            "attribute_not_exists(pk) OR claim = :token OR (#status = :pending AND attribute_not_exists(reported)"
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
            ":expires_at": int(job.planned_at.timestamp()) + self._retention,
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
        except ClientError as error:
            if not is_condition(error):
                raise
            return _refused(unmarshal(old_item(error) or {}), now)
        return Claim("mine", token, item["attempts"])

    def record(self, scope: Scope, delivery_id: str, token: str, outcome: Outcome, now: datetime) -> None:
        """See the port."""
        values = {
            ":status": outcome.status,
            ":reason": outcome.reason,
            ":provider_message_id": outcome.provider_message_id,
            ":sent_as": outcome.provider_message_id if self._findable else None,
            ":rendered": jsontext.dumps(outcome.rendered) if outcome.rendered is not None else None,
            ":missing_variables": list(outcome.missing_variables) or None,
            ":updated_at": to_iso(now),
            ":claimed_until": _RELEASED,
        }
        given = {name: value for name, value in values.items() if value is not None}
        sets = ", ".join(f"#{name[1:]} = {name}" for name in given)
        try:
            self._table.update(
                *delivery_key(scope, delivery_id),
                f"SET {sets} REMOVE claim",
                {**given, ":token": token},
                names={f"#{name[1:]}": name[1:] for name in given},
                condition="claim = :token",
            )
        except ClientError as error:
            # The claim lapsed and another run took it over: what that one records stands.
            if not is_condition(error):
                raise

    def get_many(self, scope: Scope, delivery_ids: Iterable[str]) -> dict[str, Delivery]:
        """See the port."""
        found = self._table.get_many(delivery_key(scope, delivery_id) for delivery_id in delivery_ids)
        return {item["id"]: to_delivery(item) for item in found.values() if "id" in item}

    def sent_as(self, provider_message_id: str) -> tuple[Scope, str] | None:
        """See the port."""
        for found in self._table.query("sent_as = :id", {":id": provider_message_id}, index="sent_as", limit=1):
            team_id, environment, _, delivery_id = found["pk"].split("#", 3)
            return Scope(team_id, environment), delivery_id
        return None

    def report(self, scope: Scope, delivery_id: str, event: Mapping[str, Any]) -> Delivery | None:
        """See the port."""
        kind = str(event["type"])
        try:
            item = self._table.update(
                *delivery_key(scope, delivery_id),
                "SET events = list_append(if_not_exists(events, :none), :events) ADD reported :kinds",
                {":none": [], ":events": [jsontext.dumps(dict(event))], ":kinds": {kind}, ":kind": kind},
                condition="attribute_exists(pk) AND NOT contains(reported, :kind)",
            )
        except ClientError as error:
            if not is_condition(error):
                raise
            known = old_item(error)
            return to_delivery(unmarshal(known)) if known else None
        return to_delivery(item)


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


def to_delivery(item: Item) -> Delivery:
    """Return a delivery as it stands: what we recorded, and what the provider reported since.

    Reports may come in any order, and even before our own record; so they are kept apart from it and combined when
    read. Whatever is reported was accepted, though our record knows nothing of it or ends otherwise: an earlier
    hand-over had no answer. What the reports make of a delivery is the same in whatever order they came.
    """
    status, reason = item["status"], item.get("reason")
    events = sorted((jsontext.loads(event) for event in item.get("events", [])), key=lambda event: str(event["at"]))
    reported = {event["type"]: event for event in events}
    if reported:
        status, reason = _reported(reported)
    return Delivery(
        id=item["id"],
        notification=item["notification"],
        channel=item["channel"],
        to=item["to"],
        status=status,
        reason=reason,
        provider_message_id=item.get("provider_message_id"),
        rendered=jsontext.loads(item["rendered"]) if "rendered" in item else None,
        missing_variables=item.get("missing_variables"),
        events=[_shown(event) for event in events] or None,
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
    )


#: What reports make of a delivery, the gravest first.
_FAILURES = {
    "bounce": "bounced",
    "reject": "rejected",
    "rendering_failure": "rendering failure",
    "known_complaint": "suppressed: complaint",
}
#: How reports are shown that are told apart by what follows from them.
_SHOWN = {"transient_bounce": "bounce", "known_complaint": "complaint"}


def _reported(reported: Mapping[str, Any]) -> tuple[Status, str | None]:
    """Return the status and reason that follow from the reports of an accepted delivery, given by their types."""
    for kind, reason in _FAILURES.items():
        if kind in reported:
            return "failed", reason
    if "push_failure" in reported:
        return "failed", f"provider: {reported['push_failure']['code']}"
    return "success", "complaint" if "complaint" in reported else None


def _shown(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "type": _SHOWN.get(event["type"], event["type"])}
