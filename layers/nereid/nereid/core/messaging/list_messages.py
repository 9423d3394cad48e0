"""Messages by what became of them: those that went to an address, or have a delivery with a status."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nereid.core.messaging.show_message import all_deliveries
from nereid.models.addresses import comparable, normal
from nereid.models.delivery import CONTACT_OF, Delivery, Status
from nereid.models.team import Environment, Scope
from nereid.ports.messaging import DeliveryStore, MessageFilter, MessageStore, StoredMessage


class DeliveryFilter(NamedTuple):
    """What holds of one and the same delivery of a message."""

    #: The address that it goes to, however it is written.
    address: str | None = None
    status: Status | None = None


def list_messages(
    messages: MessageStore,
    deliveries: DeliveryStore,
    environment: Environment,
    selected: MessageFilter,
    wanted: DeliveryFilter,
    before: str | None,
    limit: int,
) -> tuple[list[StoredMessage], str | None]:
    """Return one page of messages, newest first, and the position to go on before.

    A page may end early, even without a message, when it is large or has taken long.
    """
    if wanted == DeliveryFilter():
        return messages.page(environment.scope, selected, before, limit)
    forms = _forms(wanted.address, environment.default_country) if wanted.address is not None else {}
    chooses = _Choice(deliveries, environment.scope, forms, wanted)
    selected = selected._replace(address=tuple(dict.fromkeys(forms.values())))
    return messages.page(environment.scope, selected, before, limit, chooses)


def _forms(address: str, country: str | None) -> dict[str, str]:
    """Return an address as it is compared, by the type of contact info that it may be."""
    return {type_: comparable(type_, normal(type_, address, country)) for type_ in (*CONTACT_OF.values(), "user")}


@dataclass(frozen=True)
class _Choice:
    """Implements `nereid.ports.messaging.Chooses`."""

    deliveries: DeliveryStore
    scope: Scope
    forms: dict[str, str]
    wanted: DeliveryFilter

    def __call__(self, stored: Sequence[StoredMessage]) -> list[bool]:
        if self.wanted.status is None:
            return [any(map(self._is_addressed, _addresses(self.scope, each))) for each in stored]
        # Of those that are to no such address nothing is read.
        likely = [
            each for each in stored if not self.forms or any(map(self._is_addressed, _addresses(self.scope, each)))
        ]
        found = dict(zip(map(id, likely), all_deliveries(self.deliveries, self.scope, likely), strict=True))
        return [any(map(self._is_wanted, found.get(id(each), ()))) for each in stored]

    def _is_wanted(self, delivery: Delivery) -> bool:
        return delivery.status == self.wanted.status and (
            not self.forms or self._is_addressed((CONTACT_OF.get(delivery.channel, "user"), delivery.to))
        )

    def _is_addressed(self, address: tuple[str, str | None]) -> bool:
        type_, value = address
        return value is not None and comparable(type_, value) == self.forms.get(type_)


def _addresses(scope: Scope, stored: StoredMessage) -> list[tuple[str, str | None]]:
    planned = stored.plan.deliveries(scope, stored.message.key)
    return [(each.recipient.type, each.recipient.value) for each in planned if each.recipient]
