"""Erase a user: afterwards nothing of it is found, and nothing that was to be sent to it is sent.

The wish is noted first, with the user's addresses as soon as they are known; then everything goes, step by step, each
of which can be repeated. Whoever asks does as much as there is time for; the sweeper does the rest, and all of it once
more a while later, for what was under way. See docs/adr/0047-data-rights.md.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol

from nereid.clock import to_iso
from nereid.core.messaging.dead_letters import DeadLetters
from nereid.core.messaging.erased import erased_message
from nereid.core.outreach.leads import delete_lead
from nereid.core.rights.about import to_addresses, to_user
from nereid.core.rights.letters import LetterSifter
from nereid.errors import NotFound
from nereid.logs import unexpected
from nereid.models.delivery import Plan, PlannedNotification, Recipient
from nereid.models.erasure import ERASURE_SETTLES, Erasure, address_given, address_of, name_of
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.models.user import Device, User, profile_id
from nereid.ports.audience import Inbox, Position
from nereid.ports.clock import Clock
from nereid.ports.messaging import DeliveryStore, FailureNotes, MessageStore, StoredMessage, SuppressionStore
from nereid.ports.outreach import EngagementStore, LeadStore, OutgoingEmailStore
from nereid.ports.rights import ErasureStore, PeopleStore, PlatformEndpoints

#: How far before the request messages are searched again for what was under way.
_SEARCHED_AGAIN = timedelta(days=1)
#: How many app notifications are looked at at once.
_NOTICES = 100
HasTime = Callable[[], bool]


class NoteErasure(Protocol):
    """Notes that somebody was erased, and whether suppressions became hashes."""

    def __call__(self, scope: Scope, at: datetime, /, *, hashes: bool) -> object:
        """Note it, and when it was asked for. Safe to repeat."""
        ...


@dataclass(frozen=True)
class UserEraser:
    """Erases users.

    Parameters
    ----------
    note_erasure
        Has what was accepted before looked up among those who were erased, and the team's suppressions by their
        hashes as well, from then on.
    country_of
        Returns the country of an environment's phone numbers that name none.
    """

    erasures: ErasureStore
    people: PeopleStore
    inbox: Inbox
    messages: MessageStore
    deliveries: DeliveryStore
    suppressions: SuppressionStore
    leads: LeadStore
    engagement: EngagementStore
    emails: OutgoingEmailStore
    clock: Clock
    note_erasure: "NoteErasure"
    letters: DeadLetters
    notes: FailureNotes
    endpoints: PlatformEndpoints
    country_of: Callable[[Scope], str | None]

    def erase_all(self, has_time: HasTime) -> list[Scope]:
        """Go on with all erasures as far as the time goes; return the environments in which one failed."""
        failed = []
        by_team: dict[str, list[Erasure]] = {}
        for each in self.erasures.all():
            by_team.setdefault(each.team_id, []).append(each)
        # One look is for all of a team: there may be thousands of erasures, and each look takes seconds.
        sifted: dict[str, bool] = {}
        for erasure in _in_turn(by_team):
            if not has_time():
                break
            try:
                if erasure.team_id not in sifted:
                    sifted[erasure.team_id] = False
                    sifted[erasure.team_id] = self._letters(by_team[erasure.team_id])
                self._erase(erasure, has_time, sifted[erasure.team_id])
            except Exception as error:  # noqa: BLE001 - the others have their turn
                unexpected(error, "user not erased", team_id=erasure.team_id, environment=erasure.environment)
                failed.append(erasure.scope)
        return failed

    def erase(self, erasure: Erasure, has_time: HasTime) -> None:
        """Erase a user as far as the time goes, and for good once nothing can be under way any more."""
        self._erase(erasure, has_time, None)

    def _erase(self, erasure: Erasure, has_time: HasTime, is_sifted: bool | None) -> None:  # noqa: FBT001 - as noted
        """Do it; `is_sifted` tells whether all dead letters were seen already, None if nobody looked."""
        begun = self.clock.now()
        is_last = begun - erasure.requested_at >= ERASURE_SETTLES
        looked_for = erasure.addresses
        erasure, found = self._know(erasure)
        # Letters were looked through for what was known then.
        is_done = is_sifted is not False and (is_sifted is None or looked_for == erasure.addresses)
        # What comes from a queue from here on, and was accepted before, is known to be of somebody who was erased.
        self.erasures.mark(erasure)
        self.note_erasure(erasure.scope, erasure.requested_at, hashes=bool(erasure.of_type("email")))
        # What may be sent comes first.
        is_done = self._own_messages(erasure, has_time) and is_done
        self._leads(erasure)
        for email in erasure.of_type("email"):
            self.suppressions.erase(erasure.team_id, email, for_good=is_last)
        self._user(erasure, found)
        if is_last:
            self._late_notices(erasure)
        is_done = self._others_messages(erasure, has_time, is_last=is_last) and is_done
        if is_sifted is None and has_time():
            is_done = self._letters([erasure]) and is_done
        if is_done and is_last and has_time():
            self.erasures.finish(erasure, self.clock.now())

    def _letters(self, erasures: Sequence[Erasure]) -> bool:
        """Take a team's erased users out of its dead letters; tell whether all letters were seen."""
        sifter = LetterSifter(erasures, self._addresses_of, self.suppressions, cache(self.country_of))
        return self.letters.sift(self.notes, erasures[0].team_id, sifter.left_of)

    def _know(self, erasure: Erasure) -> tuple[Erasure, bool]:
        """Note the user's addresses, before anything of it goes; tell whether there is a user to be erased."""
        loaded = self.people.load_with_devices(erasure.scope, erasure.user_id)
        if loaded is None or loaded[0].there_since > erasure.requested_at:  # made anew since
            return erasure, False
        profiles = [profile_id(each) for each in self.people.anonymous_ids(erasure.scope, erasure.user_id)]
        addresses = addresses_of(*loaded).union(name_of(each) for each in profiles if each != erasure.user_id)
        return self.erasures.note(erasure, addresses) if addresses else erasure, True

    def _user(self, erasure: Erasure, found: bool) -> None:  # noqa: FBT001 - it is what was found
        if found:
            with suppress(NotFound):
                self.people.delete(erasure.scope, erasure.user_id)
        self.people.delete_remains(erasure.scope, erasure.user_id, erasure.requested_at)
        for token in erasure.of_type("firebase_token"):
            for endpoint in self.people.endpoints(erasure.scope, token):
                self.endpoints.delete(endpoint)
            self.people.forget_token(erasure.scope, token)

    def _late_notices(self, erasure: Erasure) -> None:
        """Delete app notifications that were put just after their messages were erased, by who had them in hand."""
        for user_id in erasure.user_ids:
            position: Position | None = Position(erasure.requested_at, "")
            while position is not None:
                page = self.inbox.after(erasure.scope, user_id, position, _NOTICES)
                known = self.deliveries.get_many(erasure.scope, [each.uuid for each in page])
                for each in page:
                    if each.uuid in known and known[each.uuid].to is None:
                        self.inbox.delete_many(erasure.scope, user_id, [each.uuid], each.created_at)
                position = Position(page[-1].created_at, page[-1].uuid) if len(page) == _NOTICES else None

    def _leads(self, erasure: Erasure) -> None:
        for lead in self.leads.by_emails(erasure.team_id, erasure.of_type("email")).values():
            if lead.created_at <= erasure.requested_at:
                self.engagement.forget(erasure.team_id, lead.id)
                with suppress(NotFound):
                    delete_lead(self.leads, erasure.team_id, lead.id)

    def _own_messages(self, erasure: Erasure, has_time: HasTime) -> bool:
        """Erase the messages to the user; tell whether all that were found are."""
        is_done = True
        for user_id in erasure.user_ids:
            for page, _ in to_user(self.messages, erasure.scope, user_id):
                # A page may have nothing of the user, and have taken long.
                if not has_time():
                    return False
                for stored in page:
                    if not has_time():
                        return False
                    if stored.message.received_at <= erasure.requested_at:
                        is_done = self._message(erasure, stored.message.key) and is_done
        return is_done

    def _others_messages(self, erasure: Erasure, has_time: HasTime, *, is_last: bool) -> bool:
        """Erase the messages to the user's addresses; tell whether all that were found are."""
        if not erasure.addresses:
            return True
        after = erasure.position
        searched_before = to_iso(erasure.requested_at - _SEARCHED_AGAIN)
        if is_last and after is not None:
            after = min(after, searched_before)
        is_done = True
        found = to_addresses(self.messages, erasure.scope, erasure.addresses, after, erasure.requested_at)
        for some, position in found:
            for each in some:
                if not has_time():
                    return False
                if each.outline.received_at <= erasure.requested_at:
                    is_done = self._message(erasure, each.key) and is_done
            if is_done and position is not None:
                self.erasures.advance(erasure, position)
            if not has_time():
                return False
        return is_done

    def _message(self, erasure: Erasure, message_key: str) -> bool:
        """Erase a message, or what of it is the user's; False if somebody is sending a part of it just now."""
        stored = self.messages.get(erasure.scope, message_key)
        if stored is None or stored.message.is_erased:
            return True
        message = stored.message
        if message.user_id in (None, *erasure.user_ids):
            return self._whole(erasure, stored)
        kept = self._addresses_of(erasure.scope, message.user_id)
        gone = [
            index
            for index, each in enumerate(stored.plan.recipients)
            if erasure.has(each.type, each.value) and address_of(each.type, each.value) not in kept
        ]
        country = self.country_of(erasure.scope) if message.contact_infos else None
        left = [entry for entry in message.contact_infos if not _is_theirs(erasure, entry, kept, country)]
        return not (gone or len(left) < len(message.contact_infos)) or self._part(erasure, stored, gone, left)

    def _addresses_of(self, scope: Scope, user_id: str | None) -> frozenset[str]:
        loaded = self.people.load_with_devices(scope, user_id) if user_id is not None else None
        return addresses_of(*loaded) if loaded else frozenset()

    def _whole(self, erasure: Erasure, stored: StoredMessage) -> bool:
        scope, message, plan = erasure.scope, stored.message, stored.plan
        planned = [each for each in plan.deliveries(scope, message.key) if each.recipient]
        now = self.clock.now()
        if message.user_id is None:
            known = self.deliveries.get_many(scope, [each.id for each in planned])
            reached = [each for each in planned if each.recipient and each.recipient.value]
            others = [
                each
                for each in reached
                if each.recipient and not erasure.has(each.recipient.type, each.recipient.value)
            ]
            if any(each.id not in known or known[each.id].status == "pending" for each in others):
                # What goes to others as well is left until it went there, and so is what it is found by.
                for each in reached:
                    if each not in others:
                        self.deliveries.erase(scope, each, plan.planned_at, now)
                return False
        closed = [self.deliveries.erase(scope, each, plan.planned_at, now) for each in planned]
        if not all(closed):
            return False
        notices = [
            each for each in planned if each.recipient and each.recipient.type == "user" and each.recipient.value
        ]
        if notices:
            ids = [each.id for each in notices]
            self.inbox.delete_many(scope, message.user_id or erasure.user_id, ids, plan.planned_at)
        self.messages.replace(scope, message, erased_plan(scope, message, plan, range(len(plan.recipients))))
        self.emails.delete(scope.team_id, message.message_id)
        # It goes last, since it is what the message is found by.
        self.messages.replace(scope, erased_message(message, now))
        return True

    def _part(
        self, erasure: Erasure, stored: StoredMessage, gone: Sequence[int], contact_infos: list[dict[str, Any]]
    ) -> bool:
        """Erase recipients of a message that is somebody else's, and leave of its `contact_infos` these."""
        scope, message, plan = erasure.scope, stored.message, stored.plan
        now = self.clock.now()
        reached = {plan.recipients[index].value: plan.recipients[index] for index in gone}
        planned = [each for each in plan.deliveries(scope, message.key) if each.recipient]
        theirs = [
            each for each in planned if each.recipient and each.recipient.value in reached and each.recipient.value
        ]
        closed = [self.deliveries.erase(scope, each, plan.planned_at, now) for each in theirs]
        if not all(closed):
            return False
        if contact_infos == message.contact_infos and not gone:
            return True
        left = message.model_copy(update={"contact_infos": contact_infos})
        # What the message names goes last, since it is what it is found by.
        self.messages.replace(scope, message, erased_plan(scope, message, plan, gone))
        self.messages.replace(scope, left)
        return True


def _in_turn(by_team: Mapping[str, Sequence[Erasure]]) -> Iterator[Erasure]:
    """Yield erasures team by team, each time in another order: those that take all of a run's time end no other's."""
    for team_id in random.sample(sorted(by_team), len(by_team)):
        yield from random.sample(by_team[team_id], len(by_team[team_id]))


def _is_theirs(erasure: Erasure, entry: Mapping[str, Any], kept: frozenset[str], country: str | None) -> bool:
    """Tell whether an entry of a message's `contact_infos` is an address of the user's, and nobody else's to keep."""
    return address_given(entry, country) in erasure.addresses - kept


def addresses_of(user: User, devices: Sequence[Device]) -> frozenset[str]:
    """Return the addresses of a user as an erasure names them."""
    contacts = [address_of(each.type, each.value) for each in user.contact_infos]
    return frozenset([*contacts, *(address_of("firebase_token", each.token) for each in devices if each.token)])


def erased_plan(scope: Scope, message: Message, plan: Plan, gone: Sequence[int]) -> Plan:
    """Return a plan without the addresses of recipients. The ids of its deliveries, which are made of them, stay."""
    ids = iter([each.id for each in plan.deliveries(scope, message.key)])
    notifications = [
        PlannedNotification(
            name=each.name,
            channel=each.channel,
            to=each.to,
            ids=[next(ids) for _ in each.to or [0]],
        )
        for each in plan.notifications
    ]
    forgotten = set(gone)
    recipients = [
        Recipient(type=each.type, value="") if index in forgotten else each
        for index, each in enumerate(plan.recipients)
    ]
    return plan.model_copy(update={"notifications": notifications, "recipients": recipients})
