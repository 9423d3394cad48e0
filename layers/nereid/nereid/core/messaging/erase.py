"""Erase what deleted environments have left, in bounded steps: a run goes as far as the time goes, the next one on.

An environment is done with in a run that finds nothing of it any more, which is a later one than the last that erased
something: what lists its users and messages may lag behind. Each step can be repeated, and two runs may meet.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from nereid.errors import NotFound
from nereid.logs import unexpected
from nereid.models.delivery import Plan
from nereid.models.team import DELETION_SETTLES, Scope
from nereid.ports.audience import UserStore
from nereid.ports.clock import Clock
from nereid.ports.messaging import (
    Arrival,
    Deletions,
    DeliveryStore,
    EventTypeStore,
    HourStore,
    MessageStore,
    SweepState,
)

#: How many users, event types and messages are looked up at once.
_USERS, _EVENT_TYPES, _MESSAGES = 100, 100, 200

HasTime = Callable[[], bool]


@dataclass(frozen=True)
class Eraser:
    """Erases the data of deleted environments."""

    deletions: Deletions
    users: UserStore
    event_types: EventTypeStore
    messages: MessageStore
    deliveries: DeliveryStore
    state: SweepState
    hours: HourStore
    clock: Clock

    def erase(self, has_time: HasTime) -> list[Scope]:
        """Erase as far as the time goes; return the environments that failed."""
        failed = []
        for scope, at in list(self.deletions.deletions()):
            if not has_time():
                break
            if self.clock.now() - at < DELETION_SETTLES:
                continue
            try:
                self._erase(scope, has_time)
            except Exception as error:  # noqa: BLE001 - the others have their turn
                unexpected(error, "not erased", team_id=scope.team_id, environment=scope.environment)
                failed.append(scope)
        return failed

    def _erase(self, scope: Scope, has_time: HasTime) -> None:
        self.deletions.delete_client_keys(scope)
        found = [step(scope, has_time) for step in (self._event_types, self._users, self._messages)]
        if any(found) or not has_time():
            return
        self.users.forget_counts(scope)
        self.hours.forget(scope)
        self.state.forget(scope)
        self.deletions.finish_deletion(scope)

    def _event_types(self, scope: Scope, has_time: HasTime) -> bool:
        """Delete the event types; tell whether there were any. The other steps do the same."""
        found, after = False, None
        while has_time():
            page, after = self.event_types.page(scope, after, _EVENT_TYPES)
            for event_type in page:
                found = True
                with suppress(NotFound):
                    self.event_types.delete(scope, event_type.event_type)
            if after is None:
                break
        return found

    def _users(self, scope: Scope, has_time: HasTime) -> bool:
        known: set[str] = set()
        while has_time():
            listed = set(self.users.some(scope, _USERS)) - known
            if not listed:
                break
            for user_id in listed:
                if has_time():
                    with suppress(NotFound):
                        self.users.delete(scope, user_id)
            known |= listed
        return bool(known)

    def _messages(self, scope: Scope, has_time: HasTime) -> bool:
        found, position = False, None
        while has_time():
            page = self.messages.arrivals(scope, position, self.clock.now(), _MESSAGES)
            position = page.position
            if position is None:
                break
            found = True
            plans = self.messages.plans(scope, [each.message_id for each in page.messages])
            self._inboxes(scope, plans)
            self.deliveries.delete_many(scope, self._deliveries(scope, page.messages, plans))
            # What names the rest goes last, so that who is interrupted finds it again.
            self.messages.delete_many(scope, [message.message_id for message in page.messages])
            self.messages.forget_arrivals(page.names)
        return found

    def _inboxes(self, scope: Scope, plans: Mapping[str, Plan]) -> None:
        """Delete the inboxes that messages went to, of ids, too, that nobody had made users of."""
        for user_id in {each.value for plan in plans.values() for each in plan.recipients if each.type == "user"}:
            self.users.purge(scope, user_id)

    def _deliveries(self, scope: Scope, messages: Sequence[Arrival], plans: Mapping[str, Plan]) -> list[str]:
        unlisted = {each.message_id for each in messages if each.deliveries is None} & plans.keys()
        planned = [each.id for name in sorted(unlisted) for each in plans[name].deliveries(scope, name)]
        return [*planned, *(each for message in messages for each in message.deliveries or ())]
