"""Feeds functions from queues, as Lambda's event source mappings do."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local_stack import terminal
from local_stack.aws.event_bus import matches
from local_stack.aws.queue_calls import QueueCalls
from local_stack.compute.functions import Outcome
from local_stack.template.deployment import MappingSpec

# SQS gives at most ten messages at a time.
_MOST_AT_ONCE = 10
# How often an idle queue is asked: messages whose delay or invisibility ends are found by this alone.
_IDLE_SECONDS = 0.5
_WORKERS = 4


def failed_items(outcome: Outcome, message_ids: Iterable[str], *, partial: bool) -> set[str]:
    """Tell which messages of a batch stay on the queue.

    Parameters
    ----------
    outcome : Outcome
        Of the invocation.
    message_ids : iterable of str
        The batch.
    partial : bool
        Whether the mapping reads batchItemFailures.

    Returns
    -------
    set of str
        Ids of those that failed: all of them when the function failed or named no valid item.
    """
    everything = set(message_ids)
    if outcome.error is not None or outcome.result is None:
        return everything
    if not partial:
        return set()
    # Nothing, an empty object and an empty list all say that nothing failed.
    answer = json.loads(outcome.result) or {}
    failures = (answer.get("batchItemFailures") or []) if isinstance(answer, Mapping) else None
    if not isinstance(failures, list):
        return everything
    named = [failure.get("itemIdentifier") if isinstance(failure, Mapping) else None for failure in failures]
    if not all(isinstance(name, str) and name in everything for name in named):
        return everything
    return {str(name) for name in named}


def make_record(message: Mapping[str, Any], queue_arn: str, region: str) -> dict[str, Any]:
    """Make the record of a message.

    Parameters
    ----------
    message : mapping
        As ReceiveMessage gave it.
    queue_arn, region : str
        Where it comes from.

    Returns
    -------
    dict
        As Lambda hands it to functions.
    """
    attributes = {}
    for name, value in (message.get("MessageAttributes") or {}).items():
        attributes[name] = {
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": value.get("DataType"),
            **({"stringValue": value["StringValue"]} if "StringValue" in value else {}),
            **({"binaryValue": value["BinaryValue"]} if "BinaryValue" in value else {}),
        }
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes") or {}),
        "messageAttributes": attributes,
        "md5OfBody": message.get("MD5OfBody"),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
    if message.get("MD5OfMessageAttributes"):
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def wanted(message: Mapping[str, Any], filters: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether a message passes the mapping's filters.

    Parameters
    ----------
    message : mapping
        As ReceiveMessage gave it.
    filters : iterable of dict
        Patterns; no pattern takes everything.

    Returns
    -------
    bool
        False for a message that Lambda would drop.
    """
    filters = list(filters)
    if not filters:
        return True
    body: Any = message["Body"]
    with contextlib.suppress(ValueError):
        body = json.loads(body)
    return any(matches(pattern, {"body": body}) for pattern in filters)


class Poller:
    """Reads one queue for one function.

    Parameters
    ----------
    spec : MappingSpec
        What the template says of it.
    sqs : QueueCalls
        To the emulator.
    invoke : callable
        Runs a function by its logical id.
    region : str
        The pretended region.
    """

    def __init__(self, spec: MappingSpec, sqs: QueueCalls, invoke: Callable[[str, Any], Outcome], region: str) -> None:
        self.spec = spec
        self._sqs = sqs
        self._invoke = invoke
        self._region = region
        self._work = threading.Event()
        self._stopping = threading.Event()
        workers = min(spec.concurrency or _WORKERS, _WORKERS)
        self._places = threading.Semaphore(workers)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"queue-{spec.function}")
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"poll-{spec.function}")

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the queue at once."""
        self._work.set()

    def stop(self) -> None:
        """Read no more; batches under way are left to themselves."""
        self._stopping.set()
        self._work.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._work.wait(_IDLE_SECONDS)
            self._work.clear()
            try:
                while not self._stopping.is_set() and self._step():
                    pass
            except Exception as error:  # noqa: BLE001 - the next look may succeed, and a dead poller helps nobody
                if not self._stopping.is_set():
                    terminal.warn(f"{self.spec.logical_id}: {type(error).__name__}: {error}")
                    time.sleep(_IDLE_SECONDS)

    def _step(self) -> bool:
        """Take a batch on its way; tell whether there may be more."""
        self._places.acquire()
        try:
            batch = self._gather()
        except BaseException:
            self._places.release()
            raise
        if not batch or self._stopping.is_set():
            self._places.release()
            return False
        self._pool.submit(self._process_and_release, batch)
        # Messages sent from now on wake the poller, so an empty queue is not polled once more.
        return len(batch) >= self.spec.batch_size

    def _gather(self) -> list[dict[str, Any]]:
        batch: list[dict[str, Any]] = []
        ends = time.monotonic() + self.spec.window
        while not self._stopping.is_set():
            asked = min(self.spec.batch_size - len(batch), _MOST_AT_ONCE)
            more = self._receive(asked)
            batch += more
            left = ends - time.monotonic()
            if len(batch) >= self.spec.batch_size or not batch or (len(more) < asked and left <= 0):
                break
            if len(more) < asked:
                self._stopping.wait(min(left, 0.1))
        return batch

    def _receive(self, most: int) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self.spec.queue_url,
            MaxNumberOfMessages=most,
            # An emulator that waits for messages answers nobody else meanwhile.
            WaitTimeSeconds=0,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages: list[dict[str, Any]] = answer.get("Messages") or []
        return messages

    def _process_and_release(self, batch: list[dict[str, Any]]) -> None:
        try:
            self.process(batch)
        except Exception as error:  # noqa: BLE001 - the messages come back by themselves
            if not self._stopping.is_set():
                terminal.warn(f"{self.spec.logical_id}: {type(error).__name__}: {error}")
        finally:
            self._places.release()

    def process(self, batch: list[dict[str, Any]]) -> None:
        """Hand a batch to the function and delete the records that it handled.

        Parameters
        ----------
        batch : list of dict
            Messages as ReceiveMessage gave them.
        """
        taken = [message for message in batch if wanted(message, self.spec.patterns)]
        done = [message for message in batch if message not in taken]
        if taken:
            event = {"Records": [make_record(message, self.spec.queue_arn, self._region) for message in taken]}
            outcome = self._invoke(self.spec.function, event)
            failed = failed_items(outcome, [message["MessageId"] for message in taken], partial=self.spec.partial)
            done += [message for message in taken if message["MessageId"] not in failed]
            if failed and outcome.error is None:
                terminal.say(
                    f"[{self.spec.function}] {len(failed)} of {len(taken)} messages go back to the queue", "warning"
                )
        for start in range(0, len(done), _MOST_AT_ONCE):
            part = done[start : start + _MOST_AT_ONCE]
            self._sqs.delete_message_batch(
                QueueUrl=self.spec.queue_url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(part)
                ],
            )


class Queues:
    """All pollers.

    Parameters
    ----------
    pollers : iterable of Poller
        One for each mapping.
    """

    def __init__(self, pollers: Iterable[Poller]) -> None:
        self._pollers = list(pollers)

    def start(self) -> None:
        """Begin to read all queues."""
        for poller in self._pollers:
            poller.start()

    def wake(self, queue_url: str | None = None) -> None:
        """Look at a queue at once.

        Parameters
        ----------
        queue_url : str, optional
            The queue; all queues if left out.
        """
        # The host in a queue's URL depends on the client, its name does not.
        name = queue_url.rsplit("/", 1)[-1] if queue_url else None
        for poller in self._pollers:
            if name is None or poller.spec.queue_url.rsplit("/", 1)[-1] == name:
                poller.wake()

    def stop(self) -> None:
        """Read no more."""
        for poller in self._pollers:
            poller.stop()
