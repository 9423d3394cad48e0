"""Stores in memory that keep the promises of their ports, and can break on purpose."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nereid.errors import AlreadyExists, Conflict, NotFound
from nereid.models.addresses import comparable
from nereid.models.message import Message, Rule
from nereid.models.team import Scope
from nereid.models.user import ContactInfo, User
from nereid.ports.audience import Settled, Settlement

SCOPE = Scope("team", "dev")
START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def new_user(user_id: str = "sam", **fields: Any) -> User:
    """Return a user that is not stored yet."""
    return User(user_id=user_id, created_at=START, updated_at=START, generation="g", **fields)


def event(rule: Rule, *, at: datetime = START, message_id: str = "m", user_id: str = "sam", **data: Any) -> Message:
    """Return a message under a rule."""
    return Message(
        message_id=message_id,
        event_type=rule,
        user_id=user_id,
        source="vibetrace",
        data=data,
        rule=rule,
        received_at=at,
    )


class Store:
    """Users and the ledger of events, written under one lock. Implements both ports.

    Parameters
    ----------
    before, after
        Called with the name of each method before it begins and after it is done; may raise.
    """

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.stamps: dict[tuple[str, str], str] = {}
        self.events: set[str] = set()
        self.orders: dict[str, str] = {}
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None
        self._lock = threading.RLock()

    def get(self, _scope: Scope, user_id: str) -> User | None:
        user = self.users.get(user_id)
        return user.model_copy(update={"contact_infos": []}) if user else None

    def load(self, _scope: Scope, user_id: str) -> User | None:
        return self.users.get(user_id)

    def create(self, _scope: Scope, user: User) -> None:
        with self._lock:
            if user.user_id in self.users:
                raise AlreadyExists("user")
            self.users[user.user_id] = user

    def update(self, _scope: Scope, user: User) -> None:
        with self._lock:
            self._replace(user)

    def delete(self, _scope: Scope, user_id: str) -> None:
        self.users.pop(user_id)

    def page(self, _scope: Scope, page: int, per_page: int) -> tuple[list[User], int]:
        raise NotImplementedError(page, per_page)

    def purge(self, scope: Scope, user_id: str, generation: str | None = None) -> None:
        raise NotImplementedError(scope, user_id, generation)

    def some(self, scope: Scope, limit: int) -> list[str]:
        raise NotImplementedError(scope, limit)

    def forget_counts(self, scope: Scope) -> None:
        raise NotImplementedError(scope)

    def put_contact_info(self, scope: Scope, user: User, contact: ContactInfo, *, new: bool) -> None:
        raise NotImplementedError(scope, user, contact, new)

    def delete_contact_info(self, scope: Scope, user: User, contact: ContactInfo) -> None:
        raise NotImplementedError(scope, user, contact)

    def holding(self, _scope: Scope, type_: str, value: str) -> list[str]:
        found = [(user.contact_info(type_, value), user.user_id) for user in self.users.values()]
        return [user_id for _, user_id in sorted((c.created_at, user_id) for c, user_id in found if c)]

    def address_stamp(self, _scope: Scope, type_: str, value: str) -> str | None:
        return self.stamps.get((type_, comparable(type_, value)))

    def create_with_contact(self, _scope: Scope, user: User, contact: ContactInfo, stamp: str | None) -> None:
        with self._lock:
            self._check(contact, stamp)
            self.users[user.user_id] = user.model_copy(update={"contact_infos": [contact]})
            self._stamp(contact)

    def read(self, scope: Scope, message_id: str, user_id: str, order_id: str | None) -> Settled:
        self.before("read")
        with self._lock:
            order = self.orders.get(order_id) if order_id is not None else None
            found = Settled(message_id in self.events, order, self.get(scope, user_id))
        self.after("read")
        return found

    def settle(self, _scope: Scope, settlement: Settlement) -> None:
        self.before("settle")
        with self._lock:
            if settlement.message_id in self.events or settlement.order_id in self.orders:
                raise Conflict
            if settlement.contact is not None:
                self._check(settlement.contact, settlement.stamp)
            if settlement.user is not None:
                self._replace(settlement.user, settlement.contact)
            if settlement.order_id is not None:
                self.orders[settlement.order_id] = settlement.message_id
            self.events.add(settlement.message_id)
        self.after("settle")

    def _replace(self, user: User, contact: ContactInfo | None = None) -> None:
        stored = self.users.get(user.user_id)
        if stored is None or stored.version != user.version:
            raise Conflict
        contacts = [*stored.contact_infos, *([contact] if contact else [])]
        self.users[user.user_id] = user.model_copy(update={"version": user.version + 1, "contact_infos": contacts})
        if contact:
            self._stamp(contact)

    def _check(self, contact: ContactInfo, stamp: str | None) -> None:
        if self.stamps.get(contact.key) != stamp:
            raise Conflict

    def _stamp(self, contact: ContactInfo) -> None:
        self.stamps[contact.key] = f"{self.stamps.get(contact.key, '')}."

    def the(self, user_id: str = "sam") -> User:
        """Return a user that is there."""
        user = self.users.get(user_id)
        if user is None:
            raise NotFound(user_id)
        return user
