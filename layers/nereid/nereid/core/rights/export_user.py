"""Export a user: everything that there is of it, in as many parts as it takes.

A part ends where the answer of a function would, or its time; nothing is left out: the next part goes on from there.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from nereid import jsontext
from nereid.clock import from_iso, to_iso
from nereid.core.messaging.show_message import not_begun
from nereid.core.rights.about import addresses_among, to_addresses, to_user
from nereid.core.rights.erase_user import addresses_of
from nereid.errors import NotFound
from nereid.models.export import Export
from nereid.models.team import Scope
from nereid.ports.audience import Inbox, Position
from nereid.ports.clock import Clock
from nereid.ports.messaging import DeliveryStore, MessageFilter, MessageStore, SuppressionStore
from nereid.ports.outreach import LeadStore
from nereid.ports.rights import PeopleStore

#: How large a part is before it ends, as the text in JSON that a function answers with; that ends at 6 MB.
_BYTES = 3_500_000
#: How long it takes before it ends, in seconds; the gateway waits for 29.
_SECONDS = 15
_PAGE = 25
#: What an export goes through, in this order; a cursor names where to go on, and from which place.
_INBOX, _TO_USER, _TO_ADDRESSES = "inbox", "messages", "addresses"
#: Stands for the beginning: a place in a cursor is never empty.
_FIRST = "-"
_Tells = Callable[[], bool]


@dataclass(frozen=True)
class Exporter:
    """Exports users."""

    people: PeopleStore
    inbox: Inbox
    messages: MessageStore
    deliveries: DeliveryStore
    suppressions: SuppressionStore
    leads: LeadStore
    clock: Clock

    def export(self, scope: Scope, user_id: str, place: Sequence[str] | None) -> Export:
        """Return a part of everything about a user.

        Parameters
        ----------
        place
            Where to go on; None for the beginning.

        Raises
        ------
        NotFound
            If there is nothing at all.
        """
        ends = time.monotonic() + _SECONDS
        found = Export()
        loaded = self.people.load_with_devices(scope, user_id)
        addresses = addresses_of(*loaded) if loaded else frozenset()
        if place is None and loaded:
            emails = sorted({each.partition(" ")[2] for each in addresses if each.startswith("email ")})
            found.user, found.devices = loaded
            found.leads = list(self.leads.by_emails(scope.team_id, emails).values())
            stored = [self.suppressions.get(scope.team_id, email) for email in emails]
            found.suppressions = [each for each in stored if each is not None and not each.is_erased]
        phase, after = (place[0], None if place[1] == _FIRST else place[1]) if place else (_INBOX, None)

        def is_full() -> bool:
            return found.size > _BYTES or time.monotonic() > ends

        if phase == _INBOX:
            following = self._add_inbox(scope, user_id, after, found, is_full)
            found.following, phase, after = (_INBOX, following) if following else None, _TO_USER, None
        if phase == _TO_USER and found.following is None:
            following = self._add_own(scope, user_id, after, found, is_full)
            found.following, phase, after = (_TO_USER, following) if following else None, _TO_ADDRESSES, None
        if phase == _TO_ADDRESSES and found.following is None and addresses:
            following = self._add_to_addresses(scope, addresses, after, found, is_full)
            found.following = (_TO_ADDRESSES, following) if following else None
        if place is None and found.following is None and found.is_empty:
            raise NotFound("user")
        return found

    def _add_inbox(self, scope: Scope, user_id: str, after: str | None, found: Export, is_full: _Tells) -> str | None:
        """Add app notifications; return where to go on, None at their end. The others do the same."""
        position = _position(after) if after else None
        while True:
            page = self.inbox.after(scope, user_id, position, _PAGE)
            for each in page:
                position = Position(each.created_at, each.uuid)
                found.inbox.append(each)
                found.size += _size(each)
                if is_full():
                    return f"{to_iso(position.created_at)}#{position.uuid}"
            if len(page) < _PAGE:
                return None

    def _add_own(self, scope: Scope, user_id: str, before: str | None, found: Export, is_full: _Tells) -> str | None:
        for page, following in to_user(self.messages, scope, user_id, before, _PAGE):
            for number, stored in enumerate(page, 1):
                self._add(scope, stored.message.key, found, frozenset())
                if number < len(page) and is_full():
                    # Only the store knows where a page ends that ends here.
                    return self.messages.page(scope, MessageFilter(user_id=user_id), before, number)[1]
            if following is not None and is_full():
                return following
            before = following
        return None

    def _add_to_addresses(
        self, scope: Scope, addresses: frozenset[str], after: str | None, found: Export, is_full: _Tells
    ) -> str | None:
        position, _, last = (after or "").partition(" ")
        for some, reached in to_addresses(self.messages, scope, addresses, position or None, self.clock.now()):
            names = [_name(each.key) for each in some]
            # Messages that were processed together have one place: those up to the last one were there before.
            for each in some[names.index(last) + 1 :] if last in names else some:
                self._add(scope, each.key, found, addresses)
                if is_full():
                    return f"{each.position or ''} {_name(each.key)}"
            last = ""
            if is_full() and reached is not None:
                return reached
        return None

    def _add(self, scope: Scope, message_key: str, found: Export, addresses: frozenset[str]) -> None:
        """Add a message with its deliveries; of one that names nobody, what is about the addresses."""
        stored = self.messages.get(scope, message_key)
        if stored is None or (addresses and stored.message.user_id is not None):
            return
        message, plan, _ = stored
        planned = [each for each in plan.deliveries(scope, message_key) if each.recipient]
        if addresses:
            is_theirs = addresses_among(addresses)
            planned = [
                each for each in planned if each.recipient and is_theirs(each.recipient.type, each.recipient.value)
            ]
            own = [
                each for each in message.contact_infos if is_theirs(str(each.get("type")), str(each.get("value") or ""))
            ]
            stored = stored._replace(message=message.model_copy(update={"contact_infos": own}))
        known = self.deliveries.get_many(scope, [each.id for each in planned])
        shown = [known.get(each.id) or not_begun(plan, each) for each in planned]
        found.messages.append(stored)
        found.deliveries += [(message.message_id, each) for each in shown]
        found.size += _size(stored.message) + sum(map(_size, shown))


def _name(message_key: str) -> str:
    """Return what names a message in a cursor, in which a key might have no room."""
    return hashlib.sha256(message_key.encode()).hexdigest()[:32]


def _size(thing: BaseModel) -> int:
    """Return about how much of an answer something takes, which holds it as a text in JSON."""
    return jsontext.size(jsontext.dumps(thing.model_dump(mode="json")))


def _position(place: str) -> Position:
    moment, _, uuid = place.partition("#")
    try:
        return Position(from_iso(moment), uuid)
    except ValueError as error:
        raise NotFound("place") from error
