"""Carry out the operations of a client's request, in its order."""

from collections.abc import Sequence
from dataclasses import dataclass

from nereid.core.audience.alias_user import alias_user
from nereid.core.audience.client_identities import Identities
from nereid.core.audience.identify_user import identify_user
from nereid.core.audience.register_device import Devices
from nereid.core.messaging.one_by_one import one_by_one
from nereid.core.messaging.process_message import Processor
from nereid.core.messaging.track_event import track_event
from nereid.models.message import Alias, EventBatch, Identify, Operation, RegisterDevice
from nereid.models.team import Environment
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

        def put_back(rest: Sequence[Operation]) -> None:
            self.queue.send([EventBatch(team_id=scope.team_id, environment=scope.environment, operations=list(rest))])

        one_by_one(
            operations, lambda operation: self._process(environment, operation), put_back, stop_when_unavailable=True
        )

    def _process(self, environment: Environment, operation: Operation) -> None:
        scope = environment.scope
        match operation:
            case Identify():
                country = environment.default_country
                identify_user(self.identities, scope, operation.who, operation.traits, operation.unvouched, country)
            case Alias():
                alias_user(self.identities, scope, operation.anonymous_id, operation.external_id)
            case RegisterDevice():
                is_verified = not operation.unvouched
                may_take = is_verified or environment.client_access.identity == "open"
                self.devices.register(scope, operation.who, operation.device, verified=is_verified, may_take=may_take)
            case _:
                track_event(self.identities, self.processor, environment, operation)
