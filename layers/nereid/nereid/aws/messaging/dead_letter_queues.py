"""Dead-letter queues, over SQS."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nereid.aws.clients import Clients
from nereid.aws.errors import translated
from nereid.aws.messaging.queues import batches, received, taken
from nereid.ports.messaging import DeadLetter


class SqsDeadLetterQueue:
    """Implements `nereid.ports.messaging.DeadLetterQueue`.

    Parameters
    ----------
    url
        The dead-letter queue.
    source_url
        The queue that it belongs to; only needed to put letters back.
    """

    def __init__(self, clients: Clients, url: str, source_url: str | None = None) -> None:
        self._clients = clients
        self._url = url
        self._source = source_url

    def waiting(self) -> tuple[int, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        with translated():
            found = self._clients.sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def take(self, most: int, seconds: int, *, wait: bool) -> list[DeadLetter]:
        with translated():
            answer = self._clients.sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=most,
                VisibilityTimeout=seconds,
                # Without it SQS asks some of its servers only, and may find nothing where there is something.
                WaitTimeSeconds=1 if wait else 0,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["ERROR_CODE", "ERROR_MESSAGE"],
            )
        return [_letter(message) for message in answer.get("Messages", [])]

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        for chunk in _tens(letters):
            entries = [{**entry, "VisibilityTimeout": 0} for entry in _handles(chunk)]
            with translated():
                self._clients.sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def resend(self, letters: Sequence[DeadLetter]) -> set[str]:
        assert self._source is not None
        sent: set[str] = set()
        waiting = iter(letters)
        for entries in batches(received(letter.body) for letter in letters):
            chunk = {entry["Id"]: next(waiting).id for entry in entries}
            with taken():
                answer = self._clients.sqs.send_message_batch(QueueUrl=self._source, Entries=entries)
            sent.update(chunk[entry["Id"]] for entry in answer.get("Successful", []))
        return sent

    def put(self, body: str) -> str:
        _, group = received(body)
        with taken():
            answer = self._clients.sqs.send_message(QueueUrl=self._url, MessageBody=body, MessageGroupId=group)
        return str(answer["MessageId"])

    def delete(self, letters: Sequence[DeadLetter]) -> set[str]:
        gone: set[str] = set()
        for chunk in _tens(letters):
            with translated():
                answer = self._clients.sqs.delete_message_batch(QueueUrl=self._url, Entries=_handles(chunk))
            gone.update(chunk[int(entry["Id"])].id for entry in answer.get("Successful", []))
        return gone


def _letter(message: Mapping[str, Any]) -> DeadLetter:
    system = message["Attributes"]
    # EventBridge says why it could not hand an event over.
    errors = [each["StringValue"] for each in message.get("MessageAttributes", {}).values() if "StringValue" in each]
    return DeadLetter(
        id=message["MessageId"],
        handle=message["ReceiptHandle"],
        body=message["Body"],
        sent_at=_moment(system["SentTimestamp"]),
        first_received_at=_moment(system["ApproximateFirstReceiveTimestamp"]),
        receive_count=int(system["ApproximateReceiveCount"]),
        error=": ".join(["event bus", *errors]) if errors else None,
    )


def _moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def _handles(letters: Sequence[DeadLetter]) -> list[dict[str, str]]:
    return [{"Id": str(index), "ReceiptHandle": letter.handle} for index, letter in enumerate(letters)]


def _tens(letters: Sequence[DeadLetter]) -> Iterator[Sequence[DeadLetter]]:
    return (letters[first : first + 10] for first in range(0, len(letters), 10))
