"""Replay a stored message: the deliveries of its plan that are not final are handed over.

The plan and so the ids of the deliveries are the stored ones; a sent delivery is not sent again, unless the caller
forces it. The work is done by process_messages: an answer here means that the replay is on its queue.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nereid.core.messaging.configured import configured, is_configured
from nereid.core.messaging.show_message import show_message
from nereid.core.messaging.sweep_watches import watch_queued
from nereid.errors import Invalid
from nereid.models.delivery import Delivery, Effect, Replayed
from nereid.models.message import EventBatch, Replay
from nereid.models.team import Environment, Scope
from nereid.ports.clock import Clock
from nereid.ports.messaging import DeliveryStore, EventTypeStore, MessageQueue, MessageStore, Watches

#: Most messages and deliveries that one record of the queue has taken up again, which takes it some seconds.
_MAX_REPLAYS, _MAX_DELIVERIES = 25, 500


@dataclass(frozen=True)
class Replayer:
    """Replays messages on demand."""

    messages: MessageStore
    deliveries: DeliveryStore
    event_types: EventTypeStore
    watches: Watches
    queue: MessageQueue
    clock: Clock

    def replay(self, environment: Environment, message_id: str, force: Sequence[str], replay_id: str) -> list[Replayed]:
        """Queue a message's open deliveries anew, and those final ones that are to be sent again.

        Parameters
        ----------
        force
            Ids of deliveries that are sent again though they are final.
        replay_id
            Names the replay: repeated with the same one, it forces nothing twice.

        Raises
        ------
        NotFound
            If there is no such message, or it is not kept any more.
        Invalid
            If `force` names something else than the message's deliveries.
        Unavailable
            If a store or the queue failed. The replay may take place all the same.
        """
        (message, *_), deliveries = show_message(self.messages, self.deliveries, environment.scope, message_id)
        ids = {delivery.id for delivery in deliveries}
        problems = {
            f"force[{index}]": "is no delivery of the message" for index, id_ in enumerate(force) if id_ not in ids
        }
        if problems:
            raise Invalid(problems)
        if force and message.dropped_at is not None:
            raise Invalid({"force": "the data of the message are not kept"})
        notifications = configured(self.event_types, environment.scope, message)
        again = set(force)
        replayed = [
            Replayed(
                delivery,
                _effect(
                    delivery,
                    is_configured=is_configured(notifications, delivery.notification, delivery.channel),
                    forced=delivery.id in again,
                ),
            )
            for delivery in deliveries
        ]
        if any(_is_work(each) for each in replayed):
            # First: the sweeper finds a delivery that is reopened and then lost on the way.
            self.watches.watch(environment.scope, [watch_queued(message.key, self.clock.now())])
            forced = [each.delivery.id for each in replayed if each.delivery.id in again]
            replay = Replay(id=replay_id, message_id=message.key, force=forced)
            self.queue.send(list(replay_batches(environment.scope, [(replay, 1)])))
        return replayed


def _effect(delivery: Delivery, *, is_configured: bool, forced: bool) -> Effect:
    if delivery.to is None or (delivery.status != "pending" and not forced):
        return "final"
    return "queued" if is_configured else "removed"


def _is_work(replayed: Replayed) -> bool:
    return replayed.effect == "queued" or (replayed.effect == "removed" and replayed.delivery.status == "pending")


def new_replay(message_key: str) -> Replay:
    """Return a replay of a message that forces nothing."""
    return Replay(id=str(uuid.uuid4()), message_id=message_key)


def replay_batches(scope: Scope, replays: Sequence[tuple[Replay, int]]) -> Iterator[EventBatch]:
    """Yield records for the message queue that carry replays, each given with how many deliveries it concerns."""
    batch: list[Replay] = []
    room = _MAX_DELIVERIES
    for replay, deliveries in replays:
        if batch and (len(batch) == _MAX_REPLAYS or deliveries > room):
            yield EventBatch(team_id=scope.team_id, environment=scope.environment, replays=batch)
            batch, room = [], _MAX_DELIVERIES
        batch.append(replay)
        room -= deliveries
    if batch:
        yield EventBatch(team_id=scope.team_id, environment=scope.environment, replays=batch)
