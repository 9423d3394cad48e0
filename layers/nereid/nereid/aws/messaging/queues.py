"""The queues, over SQS. A send returns when SQS has everything, or raises."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel

from nereid.aws.clients import Clients
from nereid.aws.errors import code, translated
from nereid.errors import Unavailable
from nereid.models.delivery import DeliveryJob
from nereid.models.message import EventBatch

#: SQS takes at most 10 messages and 1 MiB per call; a little less leaves room for the overhead that counts as well.
_MAX_ENTRIES = 10
_MAX_BYTES = 1_000_000


class SqsMessageQueue:
    """Implements `nereid.ports.messaging.MessageQueue`."""

    def __init__(self, clients: Clients, url: str) -> None:
        self._clients = clients
        self._url = url

    def send(self, batches: Sequence[EventBatch]) -> None:
        send_all(self._clients, self._url, [_body(batch) for batch in batches])


class SqsDeliveryQueues:
    """Implements `nereid.ports.messaging.DeliveryQueues`.

    Parameters
    ----------
    urls
        Channel to the URL of its queue.
    """

    def __init__(self, clients: Clients, urls: dict[str, str]) -> None:
        self._clients = clients
        self._urls = urls

    def send(self, jobs: Sequence[DeliveryJob]) -> None:
        for channel, url in self._urls.items():
            # One after the other: written out, a large message's jobs are more than a function's memory holds.
            send_all(self._clients, url, (_body(job) for job in jobs if job.notification.channel == channel))


class SqsVisibility:
    """Decides when a message that failed comes again."""

    def __init__(self, clients: Clients, url: str) -> None:
        self._clients = clients
        self._url = url

    def again_in(self, receipt_handle: str, seconds: int) -> None:
        """Have SQS hand the message over again after some seconds instead of the queue's own time-out."""
        with translated():
            self._clients.sqs.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )


class SqsDepths:
    """Implements `nereid.ports.messaging.QueueDepths`.

    Parameters
    ----------
    urls
        Queue to its URL.
    """

    def __init__(self, clients: Clients, urls: dict[str, str]) -> None:
        self._clients = clients
        self._urls = urls

    def waiting(self, queue: str) -> int:
        name = "ApproximateNumberOfMessages"
        with translated():
            answer = self._clients.sqs.get_queue_attributes(QueueUrl=self._urls[queue], AttributeNames=[name])
        return int(answer["Attributes"][name])


def send_all(clients: Clients, url: str, bodies: Iterable[str]) -> None:
    """Send bodies in as few calls as they fit in; one that is alone in its call by SendMessage.

    Raises
    ------
    Unavailable
        If SQS did not take every one of them; some may be on the queue.
    """
    for entries in batches(bodies):
        if len(entries) == 1:
            with taken():
                clients.sqs.send_message(QueueUrl=url, MessageBody=entries[0]["MessageBody"])
            continue
        with taken():
            answer = clients.sqs.send_message_batch(QueueUrl=url, Entries=entries)
        if answer.get("Failed") or len(answer.get("Successful", [])) != len(entries):
            raise Unavailable("SQS did not take the whole batch")


@contextmanager
def taken() -> Iterator[None]:
    """Turn every refusal into `Unavailable`: for any reason, the queue has nothing."""
    try:
        with translated():
            yield
    except ClientError as error:
        raise Unavailable(code(error)) from error


def batches(bodies: Iterable[str]) -> Iterator[list[dict[str, Any]]]:
    """Yield the entries of the calls that bodies are sent in, in order."""
    entries: list[dict[str, Any]] = []
    room = _MAX_BYTES
    for body in bodies:
        size = len(body.encode())
        if entries and (len(entries) == _MAX_ENTRIES or size > room):
            yield entries
            entries, room = [], _MAX_BYTES
        entries.append({"Id": str(len(entries)), "MessageBody": body})
        room -= size
    if entries:
        yield entries


def _body(model: BaseModel) -> str:
    text = model.model_dump_json(by_alias=True, exclude_unset=True)
    # The two characters that JSON allows in a string and SQS does not allow in a message.
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
