"""SQS's standard queues, and Lambda's poller that feeds functions from them.

At least once, in any order; a message that was received is hidden for a while; one that was received too often goes
to the dead-letter queue. Lambda takes messages in batches, deletes what the function did not report as failed, and
leaves the rest to come again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.infrastructure import stack
from tests.simulator.calls import error
from tests.simulator.clock import SECOND, seconds
from tests.simulator.scheduler import current

if TYPE_CHECKING:
    from tests.simulator.sandboxes import Function, Invocation
    from tests.simulator.world import World

#: How many batches of a queue Lambda hands over side by side.
_CONCURRENCY = 6
#: A late message is late by up to this long.
_LATE = seconds(900)
_LONGEST_VISIBILITY = 12 * 60 * 60
_LONGEST_DELAY = 15 * 60
#: The queue whose function never says how long something waits: a report may come before what it is about is recorded.
_WAITS_ITS_TIME = "FeedbackQueue"
_REGION, _ACCOUNT = "us-east-1", "123456789012"


class QueuedMessage:
    """A message that a queue holds."""

    __slots__ = (
        "attributes",
        "body",
        "faults",
        "first_received",
        "group",
        "label",
        "receipt",
        "receives",
        "sent_at",
        "visible_at",
    )

    def __init__(self, label: str, body: str, sent_at: int, group: str = "") -> None:
        self.label = label
        self.body = body
        self.group = group
        self.sent_at = sent_at
        self.attributes: Mapping[str, Any] = {}
        self.visible_at = sent_at
        self.receives = 0
        self.first_received = 0
        #: Names the last time that it was received.
        self.receipt = ""
        #: What went wrong each time that it was received.
        self.faults: list[list[str]] = []


class Queue:
    """A queue and whoever consumes it."""

    def __init__(self, world: World, name: str) -> None:
        properties = stack.queues()[name]
        self._world = world
        self.name = name
        self.url = url(name)
        self._visibility = int(properties.get("VisibilityTimeout", 30)) * SECOND
        policy = properties.get("RedrivePolicy")
        self._most_receives = int(policy["maxReceiveCount"]) if policy else 0
        self.dead_letters = stack.target(policy["deadLetterTargetArn"]) if policy else None
        self.messages: dict[str, QueuedMessage] = {}
        #: Receipts whose holders said how long the message is to wait.
        self._put_off: set[str] = set()
        self._order: list[tuple[int, str]] = []
        self._polls_at: int | None = None
        self._running = 0
        self.consumer: Function | None = None
        self._batch = 0

    def consumed_by(self, function: Function, mapping: Mapping[str, Any]) -> None:
        """Feed a function from the queue."""
        self.consumer = function
        self._batch = int(mapping["BatchSize"])

    def put(
        self, label: str, body: str, group: str = "", delay: int = 0, attributes: Mapping[str, Any] | None = None
    ) -> None:
        """Take a message of a group in, that is handed over after so many seconds at the earliest."""
        world = self._world
        if not 0 <= delay <= _LONGEST_DELAY:
            raise error("InvalidParameterValue", 400, "SendMessage")
        begins = world.time.now + delay * SECOND
        message = QueuedMessage(label, body, world.time.now, group)
        message.attributes = attributes or {}
        world.note(label, f"is on {self.name}")
        self._add(message)
        match world.faults.draw(f"{label}/sent", "queue:sent"):
            case "late":
                late = world.chance.between(f"{label}/late", SECOND, _LATE)
                world.note(label, f"! comes {late // SECOND} s late")
                self._show(message, begins + late)
            case "twice":
                world.note(label, "! comes twice")
                twin = QueuedMessage(f"{label}'", body, world.time.now, group)
                self._add(twin)
                self._show(twin, begins + world.chance.between(f"{label}/twice", 0, seconds(60)))
                self._show(message, begins + world.chance.between(f"{label}/way", 0, seconds(0.3)))
            case _:
                self._show(message, begins + world.chance.between(f"{label}/way", 0, seconds(0.3)))

    def _add(self, message: QueuedMessage) -> None:
        self.messages[message.label] = message

    def _show(self, message: QueuedMessage, at: int) -> None:
        message.visible_at = at
        heappush(self._order, (at, message.label))
        self._poll_at(at)

    def _poll_at(self, at: int) -> None:
        if self.consumer is None or self._running >= _CONCURRENCY:
            return
        at = max(at, self._world.time.now)
        if self._polls_at is None or at < self._polls_at:
            self._polls_at = at
            self._world.scheduler.at(at, lambda: self._poll(at))

    def _poll(self, at: int) -> None:
        if self._polls_at != at:
            return
        self._polls_at = None
        if self._running < _CONCURRENCY:
            batch = self._receive()
            if batch:
                self._hand_over(batch)
        while self._order and not self._is_current(*self._order[0]):
            heappop(self._order)
        if self._order:
            self._poll_at(self._order[0][0])

    def _is_current(self, at: int, label: str) -> bool:
        message = self.messages.get(label)
        return message is not None and message.visible_at == at

    def _receive(self) -> list[QueuedMessage]:
        world, most = self._world, 0
        batch: list[QueuedMessage] = []
        while self._order and self._order[0][0] <= world.time.now:
            if batch and len(batch) >= most:
                break
            at, label = heappop(self._order)
            if not self._is_current(at, label):
                continue
            message = self.messages[label]
            if self.dead_letters is not None and message.receives >= self._most_receives:
                del self.messages[label]
                world.note(label, f"! goes to {self.dead_letters}")
                dead = world.queues[self.dead_letters]
                message.visible_at = world.time.now
                if message.body not in world.journal.poison and not any(message.faults):
                    world.journal.set_aside.append(label)
                dead.messages[label] = message
                continue
            if not batch:
                most = world.chance.between(f"{label}#{message.receives}/batch", 1, self._batch)
            batch.append(self._received(message))
        return batch

    def _received(self, message: QueuedMessage) -> QueuedMessage:
        world = self._world
        message.receives += 1
        if message.body in world.journal.poison:
            world.journal.poisoned.add(message.label)
        message.first_received = message.first_received or world.time.now
        message.receipt = f"{message.label}#{message.receives}"
        hidden = self._visibility
        if world.faults.draw(message.receipt, "queue:received") is not None:
            hidden = world.chance.between(f"{message.receipt}/again", 0, seconds(40))
            world.note(message.label, f"! is hidden for {hidden // 1000} ms only")
        self._show(message, world.time.now + hidden)
        return message

    def _hand_over(self, batch: list[QueuedMessage]) -> None:
        world, function = self._world, self.consumer
        assert function is not None
        self._running += 1
        label = f"{function.short}:{batch[0].receipt}"
        held = [(message, message.receipt) for message in batch]
        for message in batch:
            world.note(message.label, f"is handed to {label}, time {message.receives}")
        event = {"Records": [self._record(message) for message in batch]}

        def done(answer: Any) -> None:
            self._running -= 1
            self._settle(invocation, held, answer)
            if self._order:
                self._poll_at(self._order[0][0])

        invocation = world.invoke(function, label, event, done)

    def _settle(self, invocation: Invocation, held: list[tuple[QueuedMessage, str]], answer: Any) -> None:
        world = self._world
        failed = None if answer is None else {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for message, receipt in held:
            if failed is None or message.label in failed:
                message.faults.append(list(invocation.faults))
                puts_off = failed is not None and self.name != _WAITS_ITS_TIME
                if puts_off and not invocation.faults and receipt not in self._put_off:
                    world.journal.given_back.append(message)
                world.note(message.label, "! failed")
            elif world.faults.draw(f"{receipt}/handled", "queue:handled") is not None:
                world.note(message.label, "! was handled, and is not deleted")
            elif self.messages.pop(message.label, None) is not None:
                world.note(message.label, "is done")
                world.journal.done(message)
            if failed is not None and message.label not in failed:
                world.record_handled(self, message)

    def _record(self, message: QueuedMessage) -> dict[str, Any]:
        return {
            "messageId": message.label,
            "receiptHandle": message.receipt,
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": str(message.receives),
                "SentTimestamp": str(message.sent_at // 1000),
                "ApproximateFirstReceiveTimestamp": str(message.first_received // 1000),
                "SenderId": _ACCOUNT,
            },
            "messageAttributes": {
                name: {"dataType": value["DataType"], "stringValue": value["StringValue"]}
                for name, value in message.attributes.items()
            },
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{_REGION}:{_ACCOUNT}:{self.name}",
            "awsRegion": _REGION,
        }

    def take(self, most: int, timeout: int) -> list[dict[str, Any]]:
        """Hand out messages of a queue that no function consumes, and hide them for a while."""
        now = self._world.time.now
        taken: list[dict[str, Any]] = []
        for message in self.messages.values():
            if message.visible_at <= now and len(taken) < most:
                message.receives += 1
                message.first_received = message.first_received or now
                message.receipt = f"{message.label}#{message.receives}"
                message.visible_at = now + timeout * SECOND
                taken.append(self._record(message))
        return taken

    def remove(self, receipt: str) -> None:
        """Delete a message, if it is still there."""
        if self.messages.pop(receipt.rpartition("#")[0], None) is not None:
            self._world.note(receipt, f"is taken off {self.name}")

    def counts(self) -> tuple[int, int]:
        """Return how many messages can be received now, and how many are hidden."""
        now = self._world.time.now
        visible = sum(message.visible_at <= now for message in self.messages.values())
        return visible, len(self.messages) - visible

    def change_visibility(self, receipt: str, timeout: int) -> None:
        """Hide a message for so long from now."""
        self._put_off.add(receipt)
        if not 0 <= timeout <= _LONGEST_VISIBILITY:
            raise error("InvalidParameterValue", 400, "ChangeMessageVisibility")
        message = self.messages.get(receipt.rpartition("#")[0])
        if message is None or message.visible_at <= self._world.time.now:
            raise error("MessageNotInflight", 400, "ChangeMessageVisibility")
        self._show(message, self._world.time.now + timeout * SECOND)


class Sqs:
    """The service's operations."""

    def __init__(self, world: World) -> None:
        self._world = world

    def operation(self, name: str) -> Callable[[dict[str, Any], str | None], Any]:
        """Return what does an operation: it takes the parameters, and a fault that it has to take part in."""
        return getattr(self, f"_{name}")  # type: ignore[no-any-return]

    def _queue(self, parameters: Mapping[str, Any]) -> Queue:
        return self._world.queues[str(parameters["QueueUrl"]).rpartition("/")[2]]

    def _label(self) -> str:
        invocation: Invocation | None = current()
        if invocation is None:
            return self._world.fresh("sent")
        invocation.sends += 1
        return f"{invocation.label}>{invocation.sends}"

    def _send_message(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        label = self._label()
        body, group, delay = parameters["MessageBody"], parameters["MessageGroupId"], parameters.get("DelaySeconds", 0)
        self._queue(parameters).put(label, body, group, delay, parameters.get("MessageAttributes"))
        return {"MessageId": label}

    def _send_message_batch(self, parameters: dict[str, Any], fault: str | None) -> dict[str, Any]:
        queue, entries = self._queue(parameters), parameters["Entries"]
        done: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for entry in entries:
            label = self._label()
            if fault == "partial" and self._world.chance.happens(f"{label}/partial", 0.4):
                failed.append({"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"})
                continue
            queue.put(label, entry["MessageBody"], entry["MessageGroupId"])
            done.append({"Id": entry["Id"], "MessageId": label})
        return {"Successful": done, **({"Failed": failed} if failed else {})}

    def _change_message_visibility(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        queue = self._queue(parameters)
        queue.change_visibility(parameters["ReceiptHandle"], int(parameters["VisibilityTimeout"]))
        return {}

    def _change_message_visibility_batch(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        queue = self._queue(parameters)
        return _each(
            parameters["Entries"],
            lambda entry: queue.change_visibility(entry["ReceiptHandle"], int(entry["VisibilityTimeout"])),
        )

    def _delete_message_batch(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        queue = self._queue(parameters)
        return _each(parameters["Entries"], lambda entry: queue.remove(entry["ReceiptHandle"]))

    def _get_queue_attributes(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        visible, hidden = self._queue(parameters).counts()
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return {"Attributes": dict(zip(names, (str(visible), str(hidden)), strict=True))}

    def _receive_message(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        most, timeout = int(parameters["MaxNumberOfMessages"]), int(parameters["VisibilityTimeout"])
        records = self._queue(parameters).take(most, timeout)
        messages = [
            {
                "MessageId": record["messageId"],
                "ReceiptHandle": record["receiptHandle"],
                "Body": record["body"],
                "Attributes": record["attributes"],
            }
            for record in records
        ]
        return {"Messages": messages} if messages else {}


def _each(entries: list[dict[str, Any]], do: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Do something for each entry of a batch, and answer as the service does."""
    answer: dict[str, Any] = {"Successful": [], "Failed": []}
    for entry in entries:
        try:
            do(entry)
            answer["Successful"].append({"Id": entry["Id"]})
        except ClientError as refusal:
            code = refusal.response["Error"]["Code"]
            answer["Failed"].append({"Id": entry["Id"], "SenderFault": True, "Code": code})
    return answer


def url(name: str) -> str:
    """Return the URL of a queue."""
    return f"https://sqs.{_REGION}.amazonaws.com/{_ACCOUNT}/{name}"
