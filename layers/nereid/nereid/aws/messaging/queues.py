"""The queues, over SQS. A send returns when SQS has everything, or raises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from nereid import jsontext
from nereid.aws.clients import Clients
from nereid.aws.errors import code, translated
from nereid.errors import Unavailable
from nereid.ports.messaging import APART

if TYPE_CHECKING:
    # What takes events in sends no deliveries, and would load their models.
    from nereid.models.delivery import DeliveryJob
    from nereid.models.message import EventBatch

#: SQS takes at most 10 messages and 1 MiB per call; a little less leaves room for the overhead that counts as well.
_MAX_ENTRIES = 10
_MAX_BYTES = 1_000_000
#: The longest delay of a message in seconds.
#: Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_LONGEST_DELAY = 900
#: What SQS takes as the name of a group.
_GROUP = re.compile(r"[!-~]{1,128}")
#: What of a queue has not been handed over: what can be, and what is delayed.
_WAITING = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")


class SqsMessageQueue:
    """Implements `nereid.ports.messaging.MessageQueue`."""

    def __init__(self, clients: Clients, url: str) -> None:
        self._clients = clients
        self._url = url

    def send(self, batches: Sequence[EventBatch]) -> None:
        send_all(self._clients, self._url, map(_record, batches))


class SqsDeliveryQueues:
    """Implements `nereid.ports.messaging.DeliveryQueues`.

    Parameters
    ----------
    urls
        Channel and priority to the URL of their queue.
    """

    def __init__(self, clients: Clients, urls: Mapping[tuple[str, str], str]) -> None:
        self._clients = clients
        self._urls = urls

    def send(self, jobs: Sequence[DeliveryJob]) -> None:
        for queue, url in self._urls.items():
            # One after the other: written out, a large message's jobs are more than a function's memory holds.
            send_all(self._clients, url, (_record(job) for job in jobs if _queue(job) == queue))

    def put_back(self, job: DeliveryJob, seconds: int) -> None:
        _send(self._clients, self._urls[_queue(job)], _record(job), DelaySeconds=min(seconds, _LONGEST_DELAY))


def _queue(job: DeliveryJob) -> tuple[str, str]:
    return job.notification.channel, job.notification.lane


class SqsRedelivery:
    """Implements `nereid.ports.messaging.Redelivery`.

    Parameters
    ----------
    urls
        Of the queues that the function reads.
    """

    def __init__(self, clients: Clients, urls: Iterable[str]) -> None:
        self._clients = clients
        self._urls = {url.rpartition("/")[2]: url for url in urls}

    def again_in(self, queue: str, receipt_handle: str, seconds: int) -> None:
        with translated():
            self._clients.sqs.change_message_visibility(
                QueueUrl=self._url(queue), ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )

    def put_back(self, queue: str, body: str, *, apart: bool = False) -> None:
        mark = {"MessageAttributes": {APART: {"DataType": "String", "StringValue": "yes"}}} if apart else {}
        _send(self._clients, self._url(queue), received(body), DelaySeconds=1, **mark)

    def remove(self, queue: str, receipt_handles: Sequence[str]) -> None:
        entries = [{"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(receipt_handles)]
        with translated():
            self._clients.sqs.delete_message_batch(QueueUrl=self._url(queue), Entries=entries)

    def _url(self, queue: str) -> str:
        return self._urls[queue.rpartition(":")[2]]


class SqsDepths:
    """Implements `nereid.ports.messaging.QueueDepths`.

    Parameters
    ----------
    urls
        Queue to its URLs, one for each priority.
    """

    def __init__(self, clients: Clients, urls: Mapping[str, Sequence[str]]) -> None:
        self._clients = clients
        self._urls = urls

    def each(self) -> dict[str, int]:
        """Return how much waits in each of the queues."""
        return {queue: self.waiting(queue) for queue in self._urls}

    def waiting(self, queue: str) -> int:
        return sum(self._depth(url) for url in self._urls[queue])

    def _depth(self, url: str) -> int:
        with translated():
            answer = self._clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_WAITING))
        return sum(int(answer["Attributes"].get(name, 0)) for name in _WAITING)


class Record(NamedTuple):
    """What is sent to a queue.

    Its team is its group: of a queue with groups, SQS hands over those first that have little in hand.
    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
    """

    body: str
    team_id: str


def received(body: str) -> Record:
    """Return a record that was on a queue, to be sent again. What names no team is nobody's, and shares a group."""
    try:
        content = jsontext.loads(body)
    except jsontext.NotJson:
        content = None
    team_id = content.get("team_id") if isinstance(content, dict) else None
    return Record(body, team_id if isinstance(team_id, str) and _GROUP.fullmatch(team_id) else "nobody")


def send_all(clients: Clients, url: str, records: Iterable[Record]) -> None:
    """Send records in as few calls as they fit in; one that is alone in its call by SendMessage.

    Raises
    ------
    Unavailable
        If SQS did not take every one of them; some may be on the queue.
    """
    for entries in batches(records):
        if len(entries) == 1:
            [entry] = entries
            _send(clients, url, Record(entry["MessageBody"], entry["MessageGroupId"]))
            continue
        with taken():
            answer = clients.sqs.send_message_batch(QueueUrl=url, Entries=entries)
        if answer.get("Failed") or len(answer.get("Successful", [])) != len(entries):
            raise Unavailable("SQS did not take the whole batch")


def _send(clients: Clients, url: str, record: Record, **options: Any) -> None:
    with taken():
        clients.sqs.send_message(QueueUrl=url, MessageBody=record.body, MessageGroupId=record.team_id, **options)


@contextmanager
def taken() -> Iterator[None]:
    """Turn every refusal into `Unavailable`: for any reason, the queue has nothing."""
    try:
        with translated():
            yield
    except ClientError as error:
        raise Unavailable(code(error)) from error


def batches(records: Iterable[Record]) -> Iterator[list[dict[str, Any]]]:
    """Yield the entries of the calls that records are sent in, in order."""
    entries: list[dict[str, Any]] = []
    room = _MAX_BYTES
    for body, team_id in records:
        size = len(body.encode())
        if entries and (len(entries) == _MAX_ENTRIES or size > room):
            yield entries
            entries, room = [], _MAX_BYTES
        entries.append({"Id": str(len(entries)), "MessageBody": body, "MessageGroupId": team_id})
        room -= size
    if entries:
        yield entries


def _record(model: EventBatch | DeliveryJob) -> Record:
    text = model.model_dump_json(by_alias=True, exclude_unset=True)
    # The two characters that JSON allows in a string and SQS does not allow in a message.
    return Record(text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff"), model.team_id)
