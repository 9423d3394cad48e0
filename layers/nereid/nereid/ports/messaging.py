"""The interfaces of messaging: event types, messages, deliveries, queues, and providers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from nereid.errors import StoppedBy

if TYPE_CHECKING:
    # No port needs to know at run time what it is about, and models take long to load.
    from nereid.models.delivery import Delivery, DeliveryJob, Plan, Planned, Rendered, Status
    from nereid.models.event_type import EventType, Priority
    from nereid.models.message import EventBatch, Message
    from nereid.models.overview import Counts
    from nereid.models.report import EmailReport
    from nereid.models.suppression import Suppression, SuppressionReason
    from nereid.models.team import Scope


class SuppressionStore(Protocol):
    """Addresses that a team must not mail."""

    def get(self, team_id: str, email: str) -> Suppression | None:
        """Return the suppression of an address, read so that an answered write is seen."""
        ...

    def add(self, team_id: str, email: str, reason: SuppressionReason, at: datetime, detail: str | None = None) -> None:
        """Add a reason; of each reason the earliest moment stays, whatever the order of the reports.

        It has no effect if the moment is before the reason's last removal.
        """
        ...

    def soft_bounced(self, team_id: str, email: str, delivery_id: str, at: datetime) -> Suppression | None:
        """Note that a mail bounced softly, once per delivery; return the suppression of the address then."""
        ...

    def delivered(self, team_id: str, email: str, at: datetime) -> None:
        """Note that a mail arrived: soft bounces before it are in no row with later ones."""
        ...

    def remove(self, team_id: str, email: str, reasons: Collection[SuppressionReason], at: datetime) -> None:
        """Remove those of the reasons that there are; `NotFound` if there is none of them."""
        ...

    def erase(self, team_id: str, email: str, *, for_good: bool) -> None:
        """Keep what suppresses an address by its hash, and name the address in no list any more.

        Parameters
        ----------
        for_good
            Whether everybody knows by now that hashes are to be looked up: then the address itself goes.
        """
        ...

    def add_hashed(
        self, team_id: str, email: str, reason: SuppressionReason, at: datetime, detail: str | None = None
    ) -> None:
        """Do as :meth:`add` does for an address that was erased, by its hash."""
        ...

    def page(
        self, team_id: str, after: str | None, limit: int, reason: SuppressionReason | None
    ) -> tuple[list[Suppression], str | None]:
        """Return suppressions in order of their addresses from after one, and the address to go on after.

        With a reason, only those that have it; few may be found at a time.
        """
        ...


class EventTypeReader(Protocol):
    """Event types, one at a time."""

    def get(self, scope: Scope, event_type: str) -> EventType | None:
        """Return one event type; None if there is none."""
        ...


class EventTypeStore(EventTypeReader, Protocol):
    """Configured event types."""

    def get(self, scope: Scope, event_type: str) -> EventType | None:
        """Return one event type, read so that an answered write is seen."""
        ...

    def put(self, scope: Scope, event_type: EventType, quota_times: int = 1) -> EventType:
        """Create or replace one; return it as stored, with the first `created_at`.

        `LimitReached` if it is new, and the team has too many: so many times the stack's quota.
        """
        ...

    def delete(self, scope: Scope, event_type: str) -> None:
        """Delete one; `NotFound` if there is none."""
        ...

    def page(self, scope: Scope, after: str | None, limit: int) -> tuple[list[EventType], str | None]:
        """Return event types in order of their names from after a name, and the name to go on after."""
        ...


class MessageFilter(NamedTuple):
    """Which messages a listing selects; filters combine."""

    event_type: str | None = None
    user_id: str | None = None
    #: An address that one of the deliveries goes to, in each form in which addresses are compared.
    address: Sequence[str] = ()
    #: The earliest arrival, and the first one that is too late.
    since: datetime | None = None
    until: datetime | None = None


class StoredMessage(NamedTuple):
    """A message with its plan."""

    message: Message
    plan: Plan
    #: How often its id came again with something else, up to a bound.
    conflicts: int = 0


#: Tells which messages are shown, of some that a filter selected as far as it can tell.
Chooses = Callable[[Sequence[StoredMessage]], Sequence[bool]]


class Arrival(NamedTuple):
    """A message, where it stands in the order of arrival. It may be there twice, or not be stored at all."""

    #: The message's key.
    message_id: str
    #: Up to where everything was seen by who has seen this one and those before it; None if that says nothing.
    position: str | None
    #: The ids of its deliveries that have a recipient; None if they are too many to stand there, and in its plan alone.
    deliveries: Sequence[str] | None


class Arrivals(NamedTuple):
    """Messages that arrived one after the other."""

    messages: list[Arrival]
    #: Where to go on, behind all that was looked at; None if nothing was.
    position: str | None
    #: Whether there may be more.
    more: bool
    #: When the last of them arrived.
    reached: datetime | None = None
    #: What names them, to be given to `forget_arrivals`.
    names: Sequence[tuple[str, str]] = ()


class Outline(NamedTuple):
    """What is counted of a message."""

    event_type: str
    received_at: datetime
    plan: Plan
    is_test: bool
    #: The types and addresses that the message itself names.
    contacts: Sequence[tuple[str, str]] = ()


class CountedHour(NamedTuple):
    """What is remembered of an hour."""

    #: None if it was never counted.
    counts: Counts | None = None
    #: When the count began.
    began: datetime | None = None
    #: Until when it may be believed; None for good.
    until: datetime | None = None
    #: When something in the hour was changed after it was over.
    changed_at: datetime | None = None


class HourStore(Protocol):
    """How much happened in each hour, of each environment."""

    def read(self, scope: Scope, since: datetime) -> dict[datetime, CountedHour]:
        """Return what is remembered of the hours from one on."""
        ...

    def keep(self, scope: Scope, hour: datetime, counted: CountedHour) -> None:
        """Remember an hour; when it was changed stays."""
        ...

    def changed(self, scope: Scope, hour: datetime, at: datetime) -> None:
        """Note that something in an hour was changed."""
        ...

    def forget(self, scope: Scope) -> None:
        """Forget all hours of an environment."""
        ...


class MessageStore(Protocol):
    """Messages with their plans, by their keys."""

    def announce(self, scope: Scope, planned: Sequence[tuple[Message, Plan]], now: datetime) -> None:
        """Have messages found that are about to be stored: by time, user and address. Safe to repeat."""
        ...

    def add(self, scope: Scope, message: Message, plan: Plan) -> StoredMessage | None:
        """Store a message with its plan unless its key is taken; return the one that has it, None if stored.

        It was announced before, or nobody finds it.
        """
        ...

    def get(self, scope: Scope, message_key: str) -> StoredMessage | None:
        """Return a message with its plan."""
        ...

    def count_conflict(self, scope: Scope, message_key: str, mark: str) -> bool:
        """Count that a stored message's id came again with something else; tell whether it was counted.

        Parameters
        ----------
        mark
            Names the conflict: it is counted once, however often it is told.
        """
        ...

    def page(
        self,
        scope: Scope,
        selected: MessageFilter,
        before: str | None,
        limit: int,
        chooses: Chooses | None = None,
    ) -> tuple[list[StoredMessage], str | None]:
        """Return messages, newest first, from before a position, and the position to go on before.

        A page ends early when it is large, or has taken long. Without `chooses`, a plan says which notifications were
        skipped, and a large one may lack the others; and it is not looked at whether an address is one of the
        deliveries', which nearly all have that are returned.
        """
        ...

    def replace(self, scope: Scope, message: Message, plan: Plan | None = None) -> None:
        """Write the content of a stored message anew, and its plan if one is given; nothing if it is not there."""
        ...

    def delete_many(self, scope: Scope, message_ids: Sequence[str]) -> None:
        """Delete messages; what of their plans stands apart expires."""
        ...

    def arrivals(
        self, scope: Scope, after: str | None, before: datetime, limit: int, *, naming: Collection[str] | None = None
    ) -> Arrivals:
        """Return messages that arrived after a position and before a moment, oldest first; may miss the newest.

        There are about as many as `limit`, or some times more if many came at once.

        Parameters
        ----------
        naming
            Addresses in the form in which they are compared: what names none of them may be left out.
        """
        ...

    def forget_arrivals(self, names: Sequence[tuple[str, str]]) -> None:
        """Forget when messages arrived that are deleted."""
        ...

    def outlines(self, scope: Scope, message_keys: Sequence[str]) -> dict[str, Outline]:
        """Return what is counted of the messages that are there, by their keys; may be a moment old."""
        ...

    def plans(self, scope: Scope, message_keys: Iterable[str]) -> dict[str, Plan]:
        """Return the plans of the messages that are there, by their keys; may be a moment old."""
        ...


class Watch(NamedTuple):
    """A message that is looked at until all of its deliveries are final."""

    #: The message's key.
    message_id: str
    #: When to look next.
    due: datetime
    #: Since when its deliveries are pending, if they are.
    since: datetime
    #: Whether a look found that they are.
    pending: bool = False
    #: How often they were queued anew by the sweeper.
    repairs: int = 0
    #: When they were queued last, as far as is known.
    queued_at: datetime | None = None


class Watches(Protocol):
    """Messages that are looked at again."""

    def begin(self, scope: Scope) -> None:
        """Have an environment swept from now on. Costs something the first time alone, and once an hour."""
        ...

    def watch(self, scope: Scope, watches: Sequence[Watch]) -> None:
        """Look at messages when they are due. One that is watched already is watched twice, which does no harm."""
        ...


class SweepState(Watches, Protocol):
    """How far the sweeper has come."""

    def read(self, scope: Scope) -> tuple[str | None, Iterator[Watch]]:
        """Return the sweeper's position in an environment, and the watched messages in order of their due times."""
        ...

    def advance(self, scope: Scope, position: str) -> None:
        """Note up to where an environment's messages were looked at."""
        ...

    def unwatch(self, scope: Scope, watches: Sequence[Watch]) -> None:
        """Look at messages no more, as far as these watches go."""
        ...

    def scopes(self) -> Iterator[Scope]:
        """Yield the environments that are swept; one that began just now may be missing."""
        ...

    def forget(self, scope: Scope) -> None:
        """Forget all of an environment."""
        ...

    def turn(self) -> Scope | None:
        """Return the environment that the next run begins with, if the last run had no time for all."""
        ...

    def pass_turn(self, scope: Scope | None) -> None:
        """Note the environment that the next run begins with; None if this run had time for all."""
        ...


class QueueDepths(Protocol):
    """How much waits in the queues of the pipeline."""

    def waiting(self, queue: str) -> int:
        """Return about how many records wait in `message`, `email`, `sms` or `push`."""
        ...


class Claim(NamedTuple):
    """The result of an attempt to claim a delivery.

    `mine`: go on, hand it over. `done`: it is final, nothing to do. `held`: another run has it until `until`.
    `unknown`: an earlier run had it and never said how it ended, and the delivery must not be repeated.
    """

    state: Literal["mine", "done", "held", "unknown"]
    #: Names this claim; an outcome is recorded only while the delivery still carries it.
    token: str
    #: How many times the delivery has been claimed, this time included.
    attempt: int = 0
    until: datetime | None = None
    #: Which sending of the delivery it is: 1, and one more each time that it was reopened.
    sending: int = 1
    #: Whether this sending was counted for its hourly limits.
    is_counted: bool = False


#: The reason of a delivery that was handed over, or not: nobody knows.
UNKNOWN_OUTCOME = "provider: unknown outcome"


class Outcome(NamedTuple):
    """How a delivery ended, or that it is to be tried again (`pending`)."""

    status: Status
    reason: str | None = None
    provider_message_id: str | None = None
    rendered: Mapping[str, Any] | None = None
    missing_variables: Sequence[str] = ()
    #: Of a pending one: when it is tried again.
    next_try_at: datetime | None = None
    template_notes: Sequence[str] = ()


class Busy(NamedTuple):
    """Why nothing can be handed over to a provider until a moment."""

    until: datetime
    stopped_by: StoppedBy
    #: The provider's word for it, if it said something.
    code: str | None = None


class Closures(Protocol):
    """Providers that take nothing for a while."""

    def closed(self, channel: str, now: datetime) -> Busy | None:
        """Return why a channel's provider takes nothing; None if nothing is known against it. May be a moment old."""
        ...


class Schedule(Protocol):
    """Whose turn it is to hand something over to a provider, among all sandboxes."""

    def rate(self, lane: Priority, now: datetime) -> float:
        """Return how many hand-overs a second a lane may make."""
        ...

    def book(self, lane: Priority, count: int, now: datetime, latest: datetime) -> datetime | Busy:
        """Book so many turns one after the other; return the first, or why there is none up to the latest moment."""
        ...

    def close(self, busy: Busy) -> None:
        """Let nobody book a turn for a while."""
        ...


class HourlyLimit(NamedTuple):
    """How much may be sent within an hour of the clock, by somebody or to somebody."""

    kind: Literal["email_address", "sms_address", "sms_key"]
    #: The address in its normal form, or the id of the key.
    owner: str
    most: int


class HourlyCounts(Protocol):
    """How much of each hourly limit is used up, in each environment by itself."""

    def are_used_up(self, scope: Scope, limits: Sequence[HourlyLimit], now: datetime) -> bool:
        """Tell whether one of some limits is used up, as far as is known; may be a moment old."""
        ...

    def count(self, job: DeliveryJob, token: str, limits: Sequence[HourlyLimit], now: datetime) -> bool:
        """Count a delivery for all limits, and note on its record that this sending of it is counted, or do nothing.

        Returns
        -------
        False if one of the limits is used up.

        Raises
        ------
        TryAgain
            If the claim is lost that the token names.
        """
        ...


class DeliveryStore(Protocol):
    """Records of deliveries."""

    def claim(self, job: DeliveryJob, token: str, now: datetime, until: datetime) -> Claim:
        """Claim a delivery by one conditional write; the same token may claim it again."""
        ...

    def add(self, job: DeliveryJob, outcome: Outcome, now: datetime) -> bool:
        """Record how a delivery ended that nobody has claimed; do nothing if it has a record, and tell whether not."""
        ...

    def record(
        self, scope: Scope, delivery_id: str, token: str, outcome: Outcome, now: datetime, sending: int = 1
    ) -> None:
        """Record how a claimed sending of a delivery ended, or release it with `pending`, as if it was not claimed.

        With a lost claim only a success is recorded, as long as the same sending is pending: the run that
        has it now may not have sent it yet.
        """
        ...

    def erase(self, scope: Scope, planned: Planned, planned_at: datetime, now: datetime) -> bool:
        """Keep of a delivery its id, times and status alone, and end it if it is pending.

        Returns
        -------
        False while a run has it in hand.
        """
        ...

    def drop_rendered(self, scope: Scope, delivery_ids: Iterable[str]) -> None:
        """Keep no longer what deliveries were made of."""
        ...

    def delete_many(self, scope: Scope, delivery_ids: Sequence[str]) -> None:
        """Delete the records of deliveries."""
        ...

    def get_many(self, scope: Scope, delivery_ids: Iterable[str]) -> dict[str, Delivery]:
        """Return the deliveries that exist, by id."""
        ...

    def final(self, scope: Scope, delivery_ids: Iterable[str]) -> set[str]:
        """Return which of the deliveries are final; may be a moment old."""
        ...

    def standings(self, scope: Scope, delivery_ids: Sequence[str]) -> dict[str, tuple[Status, str | None]]:
        """Return the status and reason of the deliveries that there is a record of; may be a moment old."""
        ...

    def report(self, scope: Scope, delivery_id: str, event: Mapping[str, Any], sending: int = 1) -> Delivery | None:
        """Note a provider's report on a sending (once per type); return the delivery, None if it is unknown."""
        ...

    def reopen(self, scope: Scope, planned: Planned, planned_at: datetime, replay_id: str, now: datetime) -> None:
        """Make a final delivery pending, for a new sending; once for each replay, and not while somebody has it.

        How it ended is kept. One that is not final stays as it is, and stays so for this replay.
        """
        ...

    def close(
        self,
        scope: Scope,
        planned: Planned,
        planned_at: datetime,
        reason: str | None,
        now: datetime,
        status: Status = "failed",
    ) -> bool:
        """Record that a delivery which nobody has in hand failed, or how else it ended; tell whether it is final now.

        False while a run has it. If an earlier run had it and never said how it ended, that is the reason instead.
        """
        ...


class FailureNotes(Protocol):
    """Why records of queues were given up."""

    def note(self, record_id: str, reason: str, at: datetime) -> None:
        """Note the reason, by the queue's id of the record; a later one takes its place."""
        ...

    def reasons(self, record_ids: Iterable[str]) -> dict[str, str]:
        """Return the reasons that are known, by the record's id."""
        ...


class DeadLetter(NamedTuple):
    """A record that its queue set aside."""

    id: str
    #: Deletes or releases the letter, until it is received again.
    handle: str
    body: str
    sent_at: datetime
    first_received_at: datetime
    receive_count: int
    #: Why it could not be put on its queue, if it never was there.
    error: str | None = None


class DeadLetterQueue(Protocol):
    """Where a queue sets records aside."""

    def waiting(self) -> tuple[int, int]:
        """Return about how many letters can be taken, and how many somebody has taken just now."""
        ...

    def take(self, most: int, seconds: int, *, wait: bool) -> list[DeadLetter]:
        """Take a few letters, and hide them from others for some seconds.

        Parameters
        ----------
        wait
            Whether to look until one is found, for a second, since there should be one.
        """
        ...

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        """Let others take letters at once."""
        ...

    def resend(self, letters: Sequence[DeadLetter]) -> set[str]:
        """Put letters on the queue that they come from as well; return the ids of those that it took for certain."""
        ...

    def put(self, body: str) -> str:
        """Set a record aside that was on no queue; return its id."""
        ...

    def delete(self, letters: Sequence[DeadLetter]) -> set[str]:
        """Delete letters; return the ids of those that are gone for certain."""
        ...


class Sent(NamedTuple):
    """A delivery that was handed over, and which sending of it that was."""

    scope: Scope
    delivery_id: str
    sending: int


class SentDeliveries(Protocol):
    """Deliveries by the ids that the provider gave them; push alone is kept so."""

    def sent_as(self, provider_message_id: str) -> Sent | None:
        """Return a delivery by the id of its last sending; None while it is not known to have been handed over."""
        ...


class MessageQueue(Protocol):
    """The queue between the endpoints and process_messages."""

    def send(self, batches: Sequence[EventBatch]) -> None:
        """Put batches on the queue; returns only when all are durable. `Unavailable` if one was refused."""
        ...


class DeliveryQueues(Protocol):
    """The queues between process_messages and the channels: one for each channel and priority."""

    def send(self, jobs: Sequence[DeliveryJob]) -> None:
        """Put each job on its queue; returns only when all are durable."""
        ...

    def put_back(self, job: DeliveryJob, seconds: int) -> None:
        """Put a job on its queue anew, to be handed over after some seconds, a quarter of an hour at most."""
        ...


class Content(Protocol):
    """The content of deliveries, and the follow-up once they were handed over."""

    def render(self, job: DeliveryJob, message: Message) -> Rendered:
        """Return the content of a delivery; `TemplateFailed` if it cannot be rendered."""
        ...

    def is_followed_up(self, job: DeliveryJob) -> bool:
        """Tell whether the delivery has a follow-up."""
        ...

    def follow_up(self, job: DeliveryJob, sent_at: datetime) -> None:
        """Follow up on a delivery that was handed over, once however often it is called."""
        ...


class SuppressionListener(Protocol):
    """Is told of addresses that must not be mailed. A repetition has no effect."""

    def suppressed(self, team_id: str, email: str, reason: SuppressionReason) -> None:
        """Learn that an address must not be mailed any more."""
        ...

    def reopened(self, team_id: str, email: str, left: Collection[SuppressionReason]) -> None:
        """Learn that an address may be mailed again, as far as no reason is left that forbids it."""
        ...


class Listener(SuppressionListener, Protocol):
    """Is told of reports on mails as well."""

    def reported(self, report: EmailReport) -> Delivery | None:
        """Note a report on its delivery; return the delivery, None if it is not kept any more."""
        ...


class Tenants(Protocol):
    """The environments that earlier releases made: each is swept, whether or not it has messages."""

    def scopes(self) -> Iterator[Scope]:
        """Yield them in one order; one that was made just now may be missing."""
        ...


class Deletions(Protocol):
    """Environments that were deleted and whose data are not all gone."""

    def deletions(self) -> Iterator[tuple[Scope, datetime]]:
        """Yield them, and when they were deleted; one that was deleted just now may be missing."""
        ...

    def delete_client_keys(self, scope: Scope) -> None:
        """Revoke the keys of an environment."""
        ...

    def finish_deletion(self, scope: Scope) -> None:
        """Forget an environment whose data are gone, so that its identifier is free."""
        ...


class Channel(Protocol):
    """A way to hand a delivery over."""

    def has_provider(self, job: DeliveryJob) -> bool:
        """Tell whether there is a provider to hand the delivery to."""
        ...

    def is_paced(self, job: DeliveryJob) -> bool:
        """Tell whether the provider's rate is shared with the deliveries of everybody else."""
        ...

    def senders(self, job: DeliveryJob, rendered: Rendered) -> Sequence[str]:
        """Return whom the delivery is sent as, as models/senders writes it; nobody for somebody of the team's own."""
        ...

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
        """Hand over; return the provider's message id.

        Parameters
        ----------
        check_time
            Is called right before the provider is asked, after all that comes first: a run may stand still anywhere,
            for longer than its claim lasts.

        Raises
        ------
        NotSendable, ProviderRefused, ProviderBusy, OutcomeUnknown
        TryAgain
            Of `check_time`: nothing was handed over.
        """
        ...


#: The attribute of a record that is to be handled apart from others.
APART = "apart"


class Redelivery(Protocol):
    """When a record that failed for now, or was not begun, comes again. A queue is named by its ARN."""

    def again_in(self, queue: str, receipt_handle: str, seconds: int) -> None:
        """Have the queue hand a record over again after some seconds; it is one more of the times that it does."""
        ...

    def put_back(self, queue: str, body: str, *, apart: bool = False) -> None:
        """Put a record on its queue anew, as if it was never handed over.

        Parameters
        ----------
        apart
            Whether to mark it with the attribute `APART`, as one that may kill its function.
        """
        ...

    def remove(self, queue: str, receipt_handles: Sequence[str]) -> None:
        """Take records of a batch off their queue."""
        ...
