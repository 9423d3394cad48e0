"""Hand one delivery over, once: claim it, render it, send, record.

A claim is one conditional write on the delivery's id; only its holder may call the provider. E-mail, SMS and
push providers know no idempotency key, so one window stays open: a crash after the provider's yes and before
our record. The consequence is the notification's choice (`retry`): repeat once the claim has lapsed, or never.
See docs/delivery.md.
"""

import random
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from math import inf
from typing import Any

from nereid import jsontext
from nereid.core.messaging.copies import without_suppressed
from nereid.core.messaging.forget import forget_if_final
from nereid.core.messaging.hourly_limits import LIMITED, HourlyLimiter
from nereid.core.messaging.team_rules import NOT_ALLOWED, TeamRules
from nereid.core.messaging.waiting import Waiting, gave_up
from nereid.errors import (
    NotSendable,
    OutcomeUnknown,
    ProviderBusy,
    ProviderRefused,
    TemplateFailed,
    TryAgain,
    Unavailable,
)
from nereid.logs import failed
from nereid.metrics import DeliveryCounts
from nereid.models.addresses import why_unreachable
from nereid.models.attachment_url import ATTACHMENT
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.models.message import Message
from nereid.models.message_keys import id_of
from nereid.models.phone_number import COUNTRY_NOT_ALLOWED
from nereid.ports.clock import Clock
from nereid.ports.messaging import (
    UNKNOWN_OUTCOME,
    Busy,
    Channel,
    Claim,
    Content,
    DeliveryStore,
    MessageStore,
    Outcome,
    SuppressionStore,
)

#: How often a delivery is handed over without an answer before it is given up.
MAX_TRIES = 5
#: The pauses, in seconds, after which the record of a hand-over is tried again that the store did not take, and how
#: long one try of it takes at most.
_RECORD_PAUSES = (0.1, 0.3, 1.0, 2.0, 3.0, 3.0)
_RECORD_SECONDS = 7
#: The reason of a delivery that was not handed over while it was worth it.
EXPIRED = "expired"
#: How the reason of a delivery begins that no provider would be able to deliver.
UNREACHABLE = "unreachable"
#: When a job comes again that another run is about to make way for, in seconds.
_SHORTLY = 5
#: How long a claim holds, in seconds: longer than a hand-over takes, shorter than its queue hides a message.
CLAIM_SECONDS = 60
#: With less of its claim or its function's time left, a run hands nothing over: twelve seconds for the provider's
#: answer (aws/clients), and some for the record of it.
HAND_OVER_SECONDS = 15
#: With less of its function's time left, a run does not begin with a delivery: some comes before the hand-over.
DELIVERY_SECONDS = HAND_OVER_SECONDS + 3
#: The failures that somebody may mend: each has a line in the log.
_LOGGED = frozenset(
    {"provider", "template", "gave up", ATTACHMENT, EXPIRED, NOT_ALLOWED, UNREACHABLE, COUNTRY_NOT_ALLOWED}
)
#: Longest text of a mocked delivery's `rendered`, in characters, and most of all its texts together, in bytes.
_RENDERED_CUT, _RENDERED_BYTES = 65536, 350_000


@dataclass(frozen=True)
class Deliverer:
    """Delivers the jobs of one channel.

    Parameters
    ----------
    suppressions
        Where suppressed addresses are kept; None for channels that have no such list.
    counts
        Where it is counted how deliveries end.
    waiting
        How deliveries wait for the provider; None for a channel that has none.
    rules
        What the operator allows the teams; None for a channel that costs and shows nothing outside.
    limiter
        Holds what public keys send to their limits; None for a channel that has none.
    """

    channel: Channel
    content: Content
    deliveries: DeliveryStore
    messages: MessageStore
    clock: Clock
    suppressions: SuppressionStore | None = None
    counts: DeliveryCounts = field(default_factory=DeliveryCounts)
    waiting: Waiting | None = None
    rules: TeamRules | None = None
    limiter: HourlyLimiter | None = None

    def begin(self, jobs: int) -> None:
        """Begin a batch of so many jobs."""
        if self.waiting is not None:
            self.waiting.begin(jobs)

    def deliver(self, job: DeliveryJob, seconds_left: Callable[[], float] = lambda: inf) -> None:
        """Deliver a job, record why not, or put it back on its queue until the provider may take it.

        One of a deleted environment is dropped.

        Parameters
        ----------
        seconds_left
            Returns how long the function may still run: stopped in the middle of a hand-over, it would leave its
            outcome unknown.

        Raises
        ------
        TryAgain
            While the delivery is pending: another run holds the claim, or too little time is left.
        Unavailable
            If a store or queue failed.
        """
        if self.rules is not None and self.rules.is_gone(job.scope, job.planned_at):
            return
        stop = self._stop(job)
        # What is over a limit takes nobody's turn.
        is_limited = stop is None and self.limiter is not None and self.limiter.is_reached(job)
        busy = None if stop is not None or is_limited else self._turn(job, seconds_left)
        if busy is not None and self._put_back(job, busy):
            return
        token = uuid.uuid4().hex
        now = self.clock.now()
        until = now + timedelta(seconds=CLAIM_SECONDS)
        claim = self.deliveries.claim(job, token, now, until)
        if claim.state == "done":
            self._follow_up_earlier(job)
            self._forget(job)
            return
        if claim.state == "held":
            raise TryAgain(_seconds_until(claim.until, now), "another run has the delivery")
        if claim.state == "unknown":
            self._record(job, claim.token, Outcome("failed", UNKNOWN_OUTCOME))
            return
        job = job.model_copy(update={"sending": claim.sending})
        if stop is not None:
            self._hold(job, token, stop, seconds_left)
            return
        if claim.is_counted:
            job, is_limited = _without_limits(job), False
        if busy is not None:
            self._record(job, token, gave_up(busy))
            return
        self._hand_over(job, claim, until, seconds_left, is_limited=is_limited)

    def deliver_first(self, job: DeliveryJob) -> None:
        """Deliver a job that no run had before, on a channel that may take it twice: it needs no claim.

        Its one record says how it ended. A run that has the job as well finds that, or makes it and does the same.

        Raises
        ------
        TryAgain, Unavailable
            As for :meth:`deliver`.
        """
        if self.clock.now() - job.planned_at >= timedelta(seconds=CLAIM_SECONDS):
            # This run has stood still, and another may have ended the delivery.
            self.deliver(job)
            return
        try:
            rendered, outcome = self._prepare(job, "", is_limited=False)
        except TemplateFailed as error:
            outcome = Outcome("failed", f"template: {error}", missing_variables=error.missing_variables)
        else:
            if outcome is None:
                outcome = self._sent(job, rendered)
            kept = cut(rendered.members) if job.mock or job.keeps_rendered else None
            outcome = outcome._replace(rendered=kept)
        now = self.clock.now()
        if self.deliveries.add(job, outcome, now):
            self._finish(job, outcome, now)

    def _sent(self, job: DeliveryJob, rendered: Rendered) -> Outcome:
        try:
            self.channel.send(job, rendered, lambda: None)
        except (NotSendable, ProviderRefused) as error:
            outcome = Outcome("failed", error.reason)
        else:
            outcome = Outcome("success")
        return outcome._replace(missing_variables=rendered.missing_variables, template_notes=rendered.notes)

    def _hand_over(
        self,
        job: DeliveryJob,
        claim: Claim,
        until: datetime,
        seconds_left: Callable[[], float],
        *,
        is_limited: bool,
    ) -> None:
        token = claim.token
        try:
            rendered, hindrance = self._prepare(job, token, is_limited=is_limited)
        except TemplateFailed as error:
            missing = error.missing_variables
            self._record(job, token, Outcome("failed", f"template: {error}", missing_variables=missing))
            return
        except (TryAgain, Unavailable):
            self._release(job, token)
            raise
        kept = cut(rendered.members) if job.mock or job.keeps_rendered else None
        if hindrance is not None:
            self._record(job, token, hindrance._replace(rendered=kept))
            return
        # It comes again as one that is counted, if the provider does not take it.
        job = _without_limits(job)

        def time_left() -> float:
            return min(seconds_left(), (until - self.clock.now()).total_seconds())

        try:
            provider_message_id = self.channel.send(job, rendered, partial(self._require_time, until, seconds_left))
        except (TryAgain, Unavailable):  # too little time, or a store that the channel needs; never the provider
            self._release(job, token)
            raise
        except (NotSendable, ProviderRefused) as error:
            outcome = Outcome("failed", error.reason)
        except ProviderBusy as error:
            refused = self._wait(job, token, error, time_left)
            if refused is None:
                return
            outcome = refused
        except OutcomeUnknown as error:
            if job.notification.retry == "at_most_once":
                outcome = Outcome("failed", UNKNOWN_OUTCOME)
            elif claim.attempt < MAX_TRIES:
                raise TryAgain(CLAIM_SECONDS, UNKNOWN_OUTCOME) from error
            else:
                outcome = Outcome("failed", UNKNOWN_OUTCOME)
        else:
            outcome = Outcome("success", None, provider_message_id)
        outcome = outcome._replace(
            rendered=kept, missing_variables=rendered.missing_variables, template_notes=rendered.notes
        )
        self._record_surely(job, token, outcome, time_left)

    def _require_time(self, until: datetime, seconds_left: Callable[[], float]) -> None:
        """Raise unless claim and function last for as long as a hand-over may take: this run may have stood still."""
        if until - self.clock.now() < timedelta(seconds=HAND_OVER_SECONDS):
            raise TryAgain(_SHORTLY, "the claim has nearly lapsed")
        if seconds_left() < HAND_OVER_SECONDS:
            raise TryAgain(1, "no time was left to hand it over")

    def _follow_up_earlier(self, job: DeliveryJob) -> None:
        """Follow up on a recorded delivery: the run that recorded it may have died before."""
        if self.content.is_followed_up(job):
            delivery = self.deliveries.get_many(job.scope, [job.delivery_id]).get(job.delivery_id)
            if delivery is not None and (delivery.status == "success" or delivery.events):
                self.content.follow_up(job, delivery.updated_at)

    def _render(self, job: DeliveryJob) -> Rendered:
        return self.content.render(job, job.message or self._stored(job))

    def _prepare(self, job: DeliveryJob, token: str, *, is_limited: bool) -> tuple[Rendered, Outcome | None]:
        """Return what is to be handed over, and how the delivery ends if nothing is."""
        rendered = self._render(job)
        hindrance = self._hindrance(job, rendered)
        if hindrance is not None:
            return rendered, hindrance
        if self.suppressions is not None:
            rendered = without_suppressed(rendered, self.suppressions, job.team_id)
        return rendered, self._limited(job, token, is_limited=is_limited)

    def _hindrance(self, job: DeliveryJob, rendered: Rendered) -> Outcome | None:
        """Return how a delivery ends that is not to be sent, or None if it is."""
        if job.mock:
            return Outcome("mocked", missing_variables=rendered.missing_variables, template_notes=rendered.notes)
        why = why_unreachable(job.recipient.type, job.recipient.value)
        if why is not None:
            # In another way to write an address (`Sam <sam@example.com>`, several in one, a comment) the list of
            # suppressed addresses would not know it, and the provider would.
            return Outcome("failed", f"{UNREACHABLE}: {why}")
        if self.suppressions is not None:
            suppression = self.suppressions.get(job.team_id, job.recipient.value)
            subscription = rendered.unsubscribe_url is not None
            forbidding = suppression.forbids(subscription=subscription) if suppression else None
            if forbidding:
                return Outcome("failed", f"suppressed: {forbidding}")
        if not self.channel.has_provider(job):
            return Outcome("no_provider", f"no {job.notification.channel} provider")
        if self.rules is not None:
            for sender in self.channel.senders(job, rendered):
                if not self.rules.may_send_as(job.team_id, sender):
                    return Outcome("failed", NOT_ALLOWED)
        if _is_expired(job, self.clock.now()):
            return Outcome("failed", EXPIRED)
        return None

    def _stop(self, job: DeliveryJob) -> Busy | None:
        """Return until when a delivery waits because its team is stopped; None if it does not, or not any more."""
        if self.rules is None or self.waiting is None or _is_expired(job, self.clock.now()):
            return None
        since = self.rules.stopped_at(job.team_id)
        return self.waiting.stopped(since) if since is not None else None

    def _hold(self, job: DeliveryJob, token: str, stop: Busy, seconds_left: Callable[[], float]) -> None:
        """Have a delivery tried again later, and say why: it may wait for days."""
        assert self.waiting is not None
        wait = self.waiting.plan(job, stop)
        assert wait is not None  # a stop ends no delivery
        self._record_surely(job, token, Outcome("pending", wait.reason, next_try_at=wait.next_try_at), seconds_left)
        self.waiting.put_back(wait)

    def _limited(self, job: DeliveryJob, token: str, *, is_limited: bool) -> Outcome | None:
        """Count a delivery that is about to be handed over for its limits; return how it ends if it is over one."""
        if is_limited or not (self.limiter is None or self.limiter.takes(job, token)):
            return Outcome("failed", LIMITED)
        return None

    def _turn(self, job: DeliveryJob, seconds_left: Callable[[], float]) -> Busy | None:
        """Wait for a delivery's turn at the provider; return why it does not come now, if it does not."""
        if self.waiting is None or job.mock or not self.channel.is_paced(job) or _is_expired(job, self.clock.now()):
            return None
        if why_unreachable(job.recipient.type, job.recipient.value) is not None:
            return None
        return self.waiting.turn(job, seconds_left)

    def _put_back(self, job: DeliveryJob, busy: Busy) -> bool:
        """Have a delivery tried again that nobody has claimed; False if it has waited for long enough."""
        assert self.waiting is not None
        wait = self.waiting.plan(job, busy)
        if wait is None:
            return False
        self.waiting.put_back(wait)
        return True

    def _wait(
        self, job: DeliveryJob, token: str, error: ProviderBusy, time_left: Callable[[], float]
    ) -> Outcome | None:
        """Have a delivery tried again that the provider did not take; return how it ends if that was long enough."""
        if self.waiting is None:
            return Outcome("failed", f"provider: {error.code}")
        busy = self.waiting.refused(job, error)
        wait = self.waiting.plan(job, busy)
        if wait is None:
            return gave_up(busy)
        # Released first: if the queue does not take it, it comes again as it is. And surely: a claim that lapses leaves
        # it unknown whether the provider has it.
        self._record_surely(job, token, Outcome("pending", wait.reason, next_try_at=wait.next_try_at), time_left)
        self.waiting.put_back(wait)
        return None

    def _stored(self, job: DeliveryJob) -> Message:
        stored = self.messages.get(job.scope, job.message_id)
        if stored is None:
            # Stored before it was queued: it is missed by a stale read, or was kept no longer.
            raise TryAgain(_SHORTLY, "the message is not there")
        return stored.message

    def _release(self, job: DeliveryJob, token: str) -> None:
        """Give a claim back after nothing was handed over; if that fails too, it lapses."""
        with suppress(Unavailable):
            self._record(job, token, Outcome("pending"))

    def _record_surely(self, job: DeliveryJob, token: str, outcome: Outcome, time_left: Callable[[], float]) -> None:
        """Record how a hand-over ended, as often as it takes: if it is not recorded, the mail may be sent twice."""
        for pause in _RECORD_PAUSES:
            try:
                at = self._store(job, token, outcome)
            except Unavailable:
                if time_left() < pause + _RECORD_SECONDS:
                    raise
                time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret
            else:
                return self._finish(job, outcome, at)
        return self._record(job, token, outcome)

    def _record(self, job: DeliveryJob, token: str, outcome: Outcome) -> None:
        self._finish(job, outcome, self._store(job, token, outcome))

    def _store(self, job: DeliveryJob, token: str, outcome: Outcome) -> datetime:
        now = self.clock.now()
        self.deliveries.record(job.scope, job.delivery_id, token, outcome, now, job.sending)
        return now

    def _finish(self, job: DeliveryJob, outcome: Outcome, at: datetime) -> None:
        """Count, log and follow up on what is recorded."""
        if outcome.status == "pending":
            return
        ending = _ending(outcome)
        if not job.test:
            self.counts.add(job.notification.channel, ending)
        if ending in _LOGGED:
            ids = {"message_id": id_of(job.message_id), "delivery_id": job.delivery_id}
            scope = {"team_id": job.team_id, "environment": job.environment}
            failed(_code(outcome), channel=job.notification.channel, **scope, **ids)
        if outcome.status == "success" and self.content.is_followed_up(job):
            self.content.follow_up(job, at)
        self._forget(job)

    def _forget(self, job: DeliveryJob) -> None:
        """Drop the message's data, if they are to go and this was the last of its deliveries."""
        if job.forget:
            now = self.clock.now()
            forget_if_final(self.messages, self.deliveries, job.scope, job.message_id, now, swept=False)


def _without_limits(job: DeliveryJob) -> DeliveryJob:
    return job if job.limits is None else job.model_copy(update={"limits": None})


def _is_expired(job: DeliveryJob, now: datetime) -> bool:
    return job.expires_at is not None and now >= job.expires_at


def _ending(outcome: Outcome) -> str:
    """Return which of the counted outcomes one is; failures are told apart by the first word of the reason."""
    return (outcome.reason or "").partition(":")[0] if outcome.status == "failed" else outcome.status


def _code(outcome: Outcome) -> str:
    """Return the reason without parts that may name a person: addresses, and messages of the template engine."""
    cause, _, code = (outcome.reason or "").partition(": ")
    words = [] if cause == "template" else takewhile(lambda word: "@" not in word, code.split())
    return " ".join([f"{cause}:", *words]).rstrip(":")


def _seconds_until(until: datetime | None, now: datetime) -> int:
    return max(1, int((until - now).total_seconds()) + 1) if until else CLAIM_SECONDS


def cut(members: Mapping[str, Any], most: int = _RENDERED_BYTES) -> dict[str, Any]:
    """Return a template's members with each text cut, further than usual if they are too much together.

    Parameters
    ----------
    most
        How many bytes of JSON they may be; as many as one record holds if not given.
    """
    length = _RENDERED_CUT
    while True:
        shortened: dict[str, Any] = _cut(dict(members), length)
        if length == 0 or jsontext.size(shortened) <= most:
            return shortened
        length //= 2


def _cut(value: Any, length: int) -> Any:
    if isinstance(value, str):
        return value[:length]
    if isinstance(value, dict):
        return {key: _cut(item, length) for key, item in value.items()}
    if isinstance(value, list):
        return [_cut(item, length) for item in value]
    return value
