"""Carry out the operations of a client's request, in its order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nereid.core.audience.alias_user import alias_user
from nereid.core.audience.client_identities import Identities
from nereid.core.audience.identify_user import identify_user
from nereid.core.audience.register_device import Devices
from nereid.core.messaging.announce_user import announce_if_new
from nereid.core.messaging.erased import erased_message, is_erased
from nereid.core.messaging.one_by_one import one_by_one
from nereid.core.messaging.process_message import Processor
from nereid.core.messaging.track_event import Known, track_event
from nereid.models.message import Alias, EventBatch, Identify, Operation, RegisterDevice, TrackEvent
from nereid.models.team import Environment
from nereid.models.user import User
from nereid.ports.messaging import MessageQueue


@dataclass(frozen=True)
class Operations:
    """Carries out operations. All are safe to repeat."""

    identities: Identities
    devices: Devices
    processor: Processor
    queue: MessageQueue

    def process(self, environment: Environment, operations: Sequence[Operation]) -> None:
        """Carry out operations one after the other; one that fails does not keep the others back.

        Raises
        ------
        Unavailable
            At once: the later ones would fail as well.
        Exception
            The exception of the first operation that failed, after all were tried.
        """
        scope = environment.scope
        known: Known = {}

        def put_back(rest: Sequence[Operation]) -> None:
            self.queue.send([EventBatch(team_id=scope.team_id, environment=scope.environment, operations=list(rest))])

        one_by_one(
            operations,
            lambda operation: self._process(environment, operation, known),
            put_back,
            stop_when_unavailable=True,
        )

    def _process(self, environment: Environment, operation: Operation, known: Known) -> None:
        if is_erased(self.processor.erased, environment, operation):
            if isinstance(operation, TrackEvent):
                left = erased_message(operation.message, self.processor.clock.now())
                self.processor.process(environment, left)
            return
        # Who was erased since it was accepted is not one who came afterwards, whenever this is carried out.
        made_at = operation.message.received_at if isinstance(operation, TrackEvent) else operation.asked_at
        identities = replace(self.identities, made_at=made_at)
        match operation:
            case Identify() | Alias() | RegisterDevice():
                known.clear()
                user = self._change(identities, environment, operation)
                announce_if_new(self.processor, environment, operation, user)
            case _:
                track_event(identities, self.processor, environment, operation, known)

    def _change(
        self, identities: Identities, environment: Environment, operation: Identify | Alias | RegisterDevice
    ) -> User | None:
        """Carry out what is about a user alone; return the user."""
        scope = environment.scope
        match operation:
            case Identify(who=who, traits=traits, unvouched=unvouched):
                country = environment.default_country
                return identify_user(identities, scope, who, traits, unvouched, operation.id, country=country)
            case Alias(anonymous_id=anonymous_id, external_id=external_id):
                return alias_user(identities, scope, anonymous_id, external_id, operation.id)
        is_verified = not operation.unvouched
        may_take = is_verified or environment.client_access.identity == "open"
        return replace(self.devices, identities=identities).register(
            scope, operation.who, operation.device, operation.id, verified=is_verified, may_take=may_take
        )
