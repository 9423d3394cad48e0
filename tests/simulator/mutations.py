"""Safeguards of the product, each taken out: what the simulator has to notice."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import nereid.aws.audience.users
import nereid.aws.clients
import nereid.aws.messaging.queues
import nereid.aws.outreach.campaign_metrics
import nereid.consumer
import nereid.core.messaging.deliver
from nereid.auth.credentials import Credentials
from nereid.aws import provider_errors
from nereid.aws.audience.event_ledger import DynamoEventLedger
from nereid.aws.audience.inbox import DynamoInbox
from nereid.aws.messaging.deliveries import DynamoDeliveryStore
from nereid.aws.messaging.messages import DynamoMessageStore
from nereid.aws.messaging.queues import SqsMessageQueue
from nereid.aws.messaging.suppressions import DynamoSuppressionStore
from nereid.aws.outreach.campaign_metrics import DynamoCampaignMetrics
from nereid.aws.table import Table
from nereid.batches import Batch
from nereid.core.messaging.deliver import Deliverer
from nereid.core.messaging.process_message import Processor
from nereid.core.messaging.waiting import Waiting
from nereid.errors import ProviderBusy, Unavailable
from nereid.logs import logger
from nereid.ports.messaging import Claim, Outcome

Change = tuple[Any, str, Any]


def _unconditional_claim() -> list[Change]:
    claim = DynamoDeliveryStore.claim

    def always(self: Any, job: Any, token: str, now: Any, until: Any) -> Claim:
        found = claim(self, job, token, now, until)
        return found if found.state == "mine" else Claim("mine", token, 1)

    return [(DynamoDeliveryStore, "claim", always)]


def _queued_before_stored() -> list[Change]:
    finish = Processor.finish

    def backwards(self: Any, records: Any) -> Any:
        add = self.messages.add
        planned: list[Any] = []
        self.messages.add = lambda *given: planned.append(given)
        try:
            return finish(self, records)
        finally:
            del self.messages.add
            for given in planned:
                add(*given)

    return [(Processor, "finish", backwards)]


def _not_announced() -> list[Change]:
    return [(DynamoMessageStore, "announce", lambda *_: None)]


def _failures_kept_quiet() -> list[Change]:
    process = Batch.process

    def quiet(self: Batch) -> list[str]:
        process(self)
        return []

    return [(Batch, "process", quiet)]


def _whole_batches_fail() -> list[Change]:
    process = Batch.process

    def whole(self: Batch) -> list[str]:
        return [record.id for record in self.records] if process(self) else []

    return [(Batch, "process", whole)]


def _suppression_unread() -> list[Change]:
    return [(DynamoSuppressionStore, "get", lambda *_: None)]


def _suppressions_cached() -> list[Change]:
    get = DynamoSuppressionStore.get

    def remembered(self: Any, team_id: str, email: str) -> Any:
        known = self.__dict__.setdefault("known", {})
        if (team_id, email) not in known:
            known[team_id, email] = get(self, team_id, email)
        return known[team_id, email]

    return [(DynamoSuppressionStore, "get", remembered)]


def _throttled_is_a_refusal() -> list[Change]:
    return [(Waiting, "plan", lambda *_: None)]


def _released_after_no_answer() -> list[Change]:
    return [(provider_errors, "OutcomeUnknown", ProviderBusy)]


def _recorded_before_sent() -> list[Change]:
    hand_over = Deliverer._hand_over

    def early(self: Any, job: Any, claim: Claim, *rest: Any, **options: Any) -> None:
        if self.suppressions is not None and not job.mock:
            self._record(job, claim.token, Outcome("success"))
        hand_over(self, job, claim, *rest, **options)

    return [(Deliverer, "_hand_over", early)]


def _repeated_though_at_most_once() -> list[Change]:
    claim = DynamoDeliveryStore.claim

    def repeating(self: Any, job: Any, *rest: Any) -> Claim:
        notification = job.notification.model_copy(update={"retry": "at_least_once"})
        return claim(self, job.model_copy(update={"notification": notification}), *rest)

    return [(DynamoDeliveryStore, "claim", repeating)]


def _lapsed_claim_used() -> list[Change]:
    return [(nereid.core.messaging.deliver, "HAND_OVER_SECONDS", -1_000_000)]


def _feedback_counted_twice() -> list[Change]:
    count = DynamoCampaignMetrics._count

    def uncounted(self: Any, noting: Any, *rest: Any) -> None:
        free = {key: value for key, value in noting["Update"].items() if key != "ConditionExpression"}
        named = set(re.findall(r":\w+", free["UpdateExpression"]))
        values = {key: value for key, value in free["ExpressionAttributeValues"].items() if key in named}
        count(self, {"Update": {**free, "ExpressionAttributeValues": values}}, *rest)

    return [(DynamoCampaignMetrics, "_count", uncounted)]


def _message_overwritten() -> list[Change]:
    add = DynamoMessageStore.add

    def overwriting(self: Any, *arguments: Any) -> Any:
        put = Table.put
        with patch.object(self._table, "put", lambda item, _condition=None: put(self._table, item), create=True):
            return add(self, *arguments)

    return [(DynamoMessageStore, "add", overwriting)]


def _partial_sends_believed() -> list[Change]:
    def believing(clients: Any, url: str, records: Any) -> None:
        for entries in nereid.aws.messaging.queues.batches(records):
            with nereid.aws.messaging.queues.taken():
                clients.sqs.send_message_batch(QueueUrl=url, Entries=entries)

    return [(nereid.aws.messaging.queues, "send_all", believing)]


def _answered_before_queued() -> list[Change]:
    send = SqsMessageQueue.send

    def hopeful(self: Any, batches: Any) -> None:
        try:
            send(self, batches)
        except Unavailable:
            logger.info("never mind")

    return [(SqsMessageQueue, "send", hopeful)]


def _inbox_item_named_anew() -> list[Change]:
    put = DynamoInbox.put

    def again(self: Any, scope: Any, notification: Any) -> None:
        moved = notification.created_at + timedelta(milliseconds=int(uuid.uuid4().int % 60_000))
        put(self, scope, notification.model_copy(update={"created_at": moved}))

    return [(DynamoInbox, "put", again)]


def _users_overwritten() -> list[Change]:
    replacing = nereid.aws.audience.users.replacing

    def free(scope: Any, user: Any) -> Any:
        return replacing(scope, user)[0], "attribute_exists(pk)"

    return [(nereid.aws.audience.users, "replacing", free)]


def _events_settled_twice() -> list[Change]:
    def settle(self: Any, scope: Any, settlement: Any) -> None:
        if settlement.user is not None:
            item, condition, values = nereid.aws.audience.users.replacing(scope, settlement.user)
            nereid.aws.audience.users.transact_or_conflict(self._table, self._table.writing(item, condition, values))

    return [(DynamoEventLedger, "settle", settle)]


def _cached_for_ever() -> list[Change]:
    made = Credentials.__init__

    def remembering(self: Any, *arguments: Any, **options: Any) -> None:
        made(self, *arguments, **{**options, "cache_seconds": 1e9})

    return [(Credentials, "__init__", remembering)]


def _sends_repeated_by_the_sdk() -> list[Change]:
    return [(nereid.aws.clients, "_ONCE", nereid.aws.clients._REPEATABLE)]


def _addresses_logged() -> list[Change]:
    deliver = Deliverer.deliver

    def talkative(self: Any, job: Any, *more: Any) -> None:
        logger.info("delivering", extra={"to": job.recipient.value})
        deliver(self, job, *more)

    return [(Deliverer, "deliver", talkative)]


#: What is broken, in words, to the changes that break it.
MUTATIONS: Mapping[str, Callable[[], list[Change]]] = {
    "a claim that is held is taken all the same": _unconditional_claim,
    "deliveries are queued before the message is stored": _queued_before_stored,
    "messages are stored without an entry in the journal": _not_announced,
    "failed records of a batch are not reported": _failures_kept_quiet,
    "one failed record fails its whole batch": _whole_batches_fail,
    "suppressions are not read at the send": _suppression_unread,
    "suppressions are cached": _suppressions_cached,
    "a claim is released when there was no answer": _released_after_no_answer,
    "what is throttled fails": _throttled_is_a_refusal,
    "a success is recorded before the send": _recorded_before_sent,
    "at_most_once is repeated": _repeated_though_at_most_once,
    "a lapsed claim is used": _lapsed_claim_used,
    "feedback counts twice": _feedback_counted_twice,
    "a message is put without its condition": _message_overwritten,
    "SendMessageBatch's Failed is ignored": _partial_sends_believed,
    "an endpoint answers before the queue did": _answered_before_queued,
    "an app notification is named anew at each try": _inbox_item_named_anew,
    "users are written without their version": _users_overwritten,
    "Vibetrace events are settled without a claim": _events_settled_twice,
    "credentials are cached for ever": _cached_for_ever,
    "a client of AWS repeats sends": _sends_repeated_by_the_sdk,
    "addresses are logged": _addresses_logged,
}


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Take a safeguard out of the product for a while."""
    changes = MUTATIONS[name]()
    before = [(place, attribute, place.__dict__[attribute]) for place, attribute, _ in changes]
    try:
        for place, attribute, value in changes:
            setattr(place, attribute, value)
        yield
    finally:
        for place, attribute, value in before:
            setattr(place, attribute, value)
