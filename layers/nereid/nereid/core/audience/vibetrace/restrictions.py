"""The restrictions of the Vibetrace API's events, and their changes of the user: once, however often processed.

A message is settled by one transaction: a claim on its id, for a confirmation a claim on the order, and the changed
user on the condition that it is unchanged since it was read. So each of them is there or none is; a run that handles
the message again, after a crash or because the queue delivered it twice, finds the claim and goes on from there.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nereid.contention import until_uncontested
from nereid.core.audience.users_by_email import holder
from nereid.core.audience.vibetrace.amounts import amount
from nereid.core.audience.vibetrace.user_attributes import with_changes, with_open, with_purchase, with_visit
from nereid.errors import Invalid
from nereid.logs import discarded
from nereid.models.addresses import normal, why_unreachable
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.models.user import MAX_CONTACT_INFOS, ContactInfo, User
from nereid.ports.audience import AddressedUserStore, EventLedger, Settlement

#: Of the e-mail opens of a user, one counts within this time.
OPEN_WINDOW = timedelta(minutes=20)
#: For how long the opens that counted are remembered, so that one that is handled late meets its neighbours.
OPENS_KEPT = timedelta(days=14)
#: Members of an update or login that are no attributes.
_NO_ATTRIBUTES = frozenset({"_id", "email", "ua"})
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Discarded(Exception):
    """The event does not count; its argument says why."""


@dataclass(frozen=True)
class EventRules:
    """Settles events."""

    users: AddressedUserStore
    ledger: EventLedger

    def admits(self, scope: Scope, message: Message) -> bool:
        """Tell whether a message counts; if it does, its changes of the user have been written.

        Safe to repeat, with the same answer.

        Raises
        ------
        Unavailable
            If a store failed, or others kept writing the same user.
        """
        try:
            self._settle(scope, message)
        except _Discarded as why:
            count_discarded(str(why), scope, message)
            return False
        return True

    def _settle(self, scope: Scope, message: Message) -> None:
        assert message.user_id is not None
        order_id = order_of(message)
        user_id = message.user_id

        def attempt() -> None:
            known = self.ledger.read(scope, message.message_id, user_id, order_id)
            if known.done or known.order_message_id == message.message_id:
                return
            if known.order_message_id is not None:
                raise _Discarded("duplicate_order")
            settlement = self._settlement(scope, message, known.user)
            self.ledger.settle(scope, settlement._replace(order_id=order_id))

        until_uncontested("user", attempt)

    def _settlement(self, scope: Scope, message: Message, user: User | None) -> Settlement:
        nothing = Settlement(message.message_id)
        if user is None:  # deleted since the event was taken
            return nothing
        at = message.received_at
        match message.rule:
            case "confirmation":
                changed = _with_meta(user, with_purchase(user.meta, amount(message.data.get("total")), at), at)
            case "open":
                opens = with_opened(user.opens, at)
                changed = _with_meta(user, with_open(user.meta, at), at).model_copy(update={"opens": opens})
            case _:
                attributes = {key: value for key, value in message.data.items() if key not in _NO_ATTRIBUTES}
                try:
                    changed = _with_meta(user, with_visit(with_changes(user.meta, attributes), at), at)
                except Invalid:
                    return nothing
        settlement = nothing._replace(user=changed)
        if message.rule == "login" and isinstance(email := message.data.get("email"), str):
            return self._with_email(scope, settlement, changed, email.strip(), at)
        return settlement

    def _with_email(self, scope: Scope, settlement: Settlement, user: User, email: str, at: datetime) -> Settlement:
        """Add the address that a login brought, unless the user has one or somebody else has this one."""
        email = normal("email", email)
        if why_unreachable("email", email) is not None:
            return settlement
        stored = self.users.load(scope, user.user_id)
        contacts = stored.contact_infos if stored else []
        if any(each.type == "email" for each in contacts) or len(contacts) >= MAX_CONTACT_INFOS:
            return settlement
        stamp = self.users.address_stamp(scope, "email", email)
        if holder(self.users, scope, email):
            return settlement
        contact = ContactInfo(type="email", value=email, created_at=at, updated_at=at, verified=True)
        return settlement._replace(contact=contact, stamp=stamp)


def count_discarded(reason: str, scope: Scope, message: Message) -> None:
    """Count a message that leaves no other trace, and log its ids."""
    ids = {"team_id": scope.team_id, "environment": scope.environment, "message_id": message.message_id}
    discarded(reason, **ids, user_id=message.user_id)


def order_of(message: Message) -> str | None:
    """Return the id of the order that a message confirms; None if it is not limited by one."""
    order_id = message.data.get("orderId") if message.rule == "confirmation" else None
    if isinstance(order_id, bool) or not isinstance(order_id, str | int):
        return None
    return str(order_id).strip() or None


def with_opened(opens: list[int], at: datetime) -> list[int]:
    """Add an open to those that counted; raise if it does not.

    Opens may be handled in another order than they were received in. One counts unless another that counted was
    received less than the window before or after it; handled in order, that is the window from the last one on.
    """
    received = (at - _EPOCH) // _MICROSECOND
    window, kept = OPEN_WINDOW // _MICROSECOND, OPENS_KEPT // _MICROSECOND
    if any(abs(received - other) < window for other in opens):
        raise _Discarded("open_window")
    oldest = max([received, *opens]) - kept
    if received < oldest:
        raise _Discarded("open_too_late")
    return sorted(each for each in [*opens, received] if each >= oldest)


def _with_meta(user: User, meta: dict[str, object], at: datetime) -> User:
    return user.model_copy(update={"meta": meta, "updated_at": max(user.updated_at, at)})
