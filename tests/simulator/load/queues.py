"""Fair queues, and pollers that grow as Lambda's do.

Sources: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from tests.simulator.clock import SECOND, seconds
from tests.simulator.sqs import Queue, QueuedMessage

if TYPE_CHECKING:
    from tests.simulator.load.world import LoadWorld
    from tests.simulator.sandboxes import Function

#: Batches that are handed over side by side at first, and how many more each minute of a backlog.
_AT_FIRST, _MORE_PER_MINUTE = 5, 300
#: A group is put behind the others with more than this share of what is in flight, and so many messages of its own.
_SHARE, _OWN = 0.1, 30
#: How long a message is on its way to the poller that waits for it.
_WAY = seconds(0.01)
#: How long Lambda waits before it asks again for room for a batch.
_AGAIN = seconds(0.2)


class FairQueue(Queue):
    """A queue whose messages have groups."""

    _world: LoadWorld

    def __init__(self, world: LoadWorld, name: str) -> None:
        super().__init__(world, name)
        self._visible: dict[str, deque[str]] = {}
        self._hidden: list[tuple[int, str]] = []
        self._in_flight: Counter[str] = Counter()
        self._most = 0
        self._backlog_since: int | None = None
        self._wakes_at: int | None = None

    def consumed_by(self, function: Function, mapping: Mapping[str, Any]) -> None:
        """Feed a function from the queue."""
        super().consumed_by(function, mapping)
        self._most = self._world.most_sandboxes(mapping)

    def put(
        self, label: str, body: str, group: str = "", delay: int = 0, attributes: Mapping[str, Any] | None = None
    ) -> None:
        """Take a message of a group in."""
        message = QueuedMessage(label, body, self._world.time.now, group)
        message.attributes = attributes or {}
        self._add(message)
        self._show(message, self._world.time.now + delay * SECOND)

    def waiting(self) -> int:
        """Return how many messages could be handed over."""
        return sum(len(each) for each in self._visible.values())

    def _show(self, message: QueuedMessage, at: int) -> None:
        message.visible_at = at
        if at > self._world.time.now:
            heappush(self._hidden, (at, message.label))
            self._poll_at(at)
        else:
            self._visible.setdefault(message.group, deque()).append(message.label)
            self._poll_at(self._world.time.now + _WAY)

    def _poll_at(self, at: int) -> None:
        if self.consumer is None:
            return
        at = max(at, self._world.time.now)
        if self._wakes_at is None or at < self._wakes_at:
            self._wakes_at = at
            self._world.scheduler.at(at, lambda: self._wake(at))

    def _wake(self, at: int) -> None:
        if self._wakes_at != at:
            return
        self._wakes_at = None
        self._reveal()
        while self._visible and self._running < self._allowed():
            if not self._world.has_room():
                self._poll_at(self._world.time.now + _AGAIN)
                return
            batch = self._receive()
            if batch:
                self._hand_over(batch)
        if self._visible:
            self._poll_at(self._world.time.now + _AGAIN)
        else:
            self._backlog_since = None
        if self._hidden:
            self._poll_at(self._hidden[0][0])

    def _allowed(self) -> int:
        now = self._world.time.now
        if self._backlog_since is None:
            self._backlog_since = now
        grown = self._world.scaled(_AT_FIRST + _MORE_PER_MINUTE * (now - self._backlog_since) / seconds(60))
        return min(self._most, grown)

    def _reveal(self) -> None:
        now = self._world.time.now
        while self._hidden and self._hidden[0][0] <= now:
            at, label = heappop(self._hidden)
            if self._is_current(at, label):
                message = self.messages[label]
                self._visible.setdefault(message.group, deque()).append(label)

    def _receive(self) -> list[QueuedMessage]:
        batch: list[QueuedMessage] = []
        while self._visible and len(batch) < self._batch:
            group = self._next_group()
            waiting = self._visible[group]
            message = self.messages.get(waiting.popleft())
            if not waiting:
                del self._visible[group]
            if message is None:
                continue
            if self.dead_letters is not None and message.receives >= self._most_receives:
                del self.messages[message.label]
                self._world.queues[self.dead_letters].messages[message.label] = message
                continue
            self._in_flight[group] += 1
            batch.append(self._received(message))
        return batch

    def _next_group(self) -> str:
        total = sum(self._in_flight.values())

        def place(group: str) -> tuple[int, int]:
            own = self._in_flight[group]
            is_noisy = own >= _OWN and own > _SHARE * total
            head = self.messages.get(self._visible[group][0])
            return (own if is_noisy else 0, head.sent_at if head else 0)

        return min(self._visible, key=place)

    def _received(self, message: QueuedMessage) -> QueuedMessage:
        now = self._world.time.now
        message.receives += 1
        message.first_received = message.first_received or now
        message.receipt = f"{message.label}#{message.receives}"
        message.visible_at = now + self._visibility
        heappush(self._hidden, (message.visible_at, message.label))
        return message

    def _settle(self, invocation: Any, held: list[tuple[QueuedMessage, str]], answer: Any) -> None:
        for message, _ in held:
            self._in_flight[message.group] -= 1
        super()._settle(invocation, held, answer)
        self._poll_at(self._world.time.now)
