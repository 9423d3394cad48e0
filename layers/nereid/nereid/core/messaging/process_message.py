"""From a queued message to its deliveries: decide once, store the decision, hand it on.

The decision (the plan) is stored together with the message, by one conditional write, before any delivery is
queued. If the same message comes again - by SQS, or by a client that repeats its request - the stored plan is found
and repeated: the first content stands, and delivery ids are the same, so nothing is sent twice.
A replay repeats it on purpose.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from math import inf
from typing import Any, NamedTuple

from nereid import jsontext
from nereid.core.messaging.configured import (
    Configured,
    Notifications,
    configuration,
    configured,
    configured_for,
    is_configured,
)
from nereid.core.messaging.deliver import Deliverer
from nereid.core.messaging.erased import Erased, nobody_erased, what_is_left
from nereid.core.messaging.forget import forget_if_final, without_data
from nereid.core.messaging.one_by_one import one_by_one
from nereid.core.messaging.overview_changes import note_change
from nereid.core.messaging.repetitions import conflict_mark, is_repetition
from nereid.core.messaging.sweep_watches import watch_if_late, watch_to_forget
from nereid.core.templates.variables import template_variables, user_variables
from nereid.core.time_limit import seconds_spent
from nereid.errors import NotFound, TemplateFailed
from nereid.logs import condition_failed, id_conflict
from nereid.metrics import DeliveryCounts
from nereid.models.addresses import comparable, normal
from nereid.models.delivery import (
    CONTACT_OF,
    NOT_APPLICABLE,
    NOT_EVALUATED,
    NOT_PUBLIC,
    DeliveryJob,
    Plan,
    Planned,
    PlannedNotification,
    PublicLimits,
    Recipient,
    Skipped,
)
from nereid.models.event_type import AppInboxNotification, Notification
from nereid.models.lead_email import OutreachNotification
from nereid.models.message import EventBatch, Message, Replay
from nereid.models.message_keys import key_of
from nereid.models.team import Channels, Environment, Scope
from nereid.models.user import User, anonymous_id_of
from nereid.ports.audience import UserStore
from nereid.ports.clock import Clock
from nereid.ports.messaging import (
    DeliveryQueues,
    DeliveryStore,
    EventTypeReader,
    HourStore,
    MessageQueue,
    MessageStore,
    StoredMessage,
    Watch,
    Watches,
)

#: A message up to this size, in bytes of JSON, travels with each of its delivery jobs; a larger one is read again.
MAX_CARRIED_BYTES = 65536
#: How many seconds the app notifications of a record may take after its messages were decided on, before the rest of
#: them is put off.
_SECONDS_AGAIN = 2.0
#: The reason of a delivery whose notification is not configured any more, or on another channel.
REMOVED = "notification removed"


class Prepared(NamedTuple):
    """A message and what was decided on it, not stored yet."""

    environment: Environment
    message: Message
    plan: Plan
    notifications: Notifications
    user: User | None
    user_before: str | None

    @property
    def scope(self) -> Scope:
        """The environment as a tenant key."""
        return self.environment.scope


class Finished(NamedTuple):
    """How a record was finished."""

    #: How it failed; None if it did not.
    failure: Exception | None = None
    #: How many seconds its app notifications took.
    seconds: float = 0.0


@dataclass(frozen=True)
class Processor:
    """Processes messages, each by itself or several together.

    Parameters
    ----------
    event_types
        As they are now.
    recent
        As they were lately, which is good enough for a message that comes in.
    queue
        The queue of the records, and of the rest of a record whose templates have used up its time.
    inbox
        Delivers app notifications. They need no provider, so they are made here, without a queue of their own.
    is_in_inbox
        Tells whether a planned app notification is there.
    successor
        Returns the id of the user that an anonymous profile became; None if it became none, or is no profile.
    defaults
        The stack's own providers, for channels that an environment leaves out.
    counts
        Where deliveries are counted that end here, for want of a contact.
    hours
        What the overview remembers.
    erased
        Tells who was erased of late.
    """

    users: UserStore
    event_types: EventTypeReader
    recent: EventTypeReader
    messages: MessageStore
    deliveries: DeliveryStore
    queue: MessageQueue
    queues: DeliveryQueues
    inbox: Deliverer
    is_in_inbox: Callable[[Scope, Planned, datetime], bool]
    successor: Callable[[Scope, str], str | None]
    watches: Watches
    clock: Clock
    defaults: Channels
    counts: DeliveryCounts = field(default_factory=DeliveryCounts)
    _held: list[Prepared] = field(default_factory=list, init=False)
    _holding: list[bool] = field(default_factory=list, init=False)
    hours: HourStore | None = None
    erased: Erased = nobody_erased

    def process_all(
        self, environment: Environment, messages: Sequence[Message], admits: Callable[[Scope, Message], bool]
    ) -> None:
        """Process messages, each whether or not another fails; raise the first failure in the end.

        Parameters
        ----------
        admits
            Tells whether a message that comes under a rule counts; one that does not is left out.
        """
        scope = environment.scope

        def process(message: Message) -> None:
            left = self._left_of(environment, message)
            if left.rule is None or admits(scope, left):
                self.process(environment, left)

        def put_back(rest: Sequence[Message]) -> None:
            self.queue.send([EventBatch(team_id=scope.team_id, environment=scope.environment, messages=list(rest))])

        one_by_one(messages, process, put_back)

    def process(
        self,
        environment: Environment,
        message: Message,
        *,
        user: User | None = None,
        user_before: str | None = None,
    ) -> None:
        """Store a message with its plan and queue its deliveries, or hold it until others are decided on as well.

        Safe to repeat, and to be repeated when it raises: a repetition goes on from where it stopped.

        Parameters
        ----------
        user
            The message's user, where it was read already.
        user_before
            The id of the profile that its user may have been when the message came first.

        Raises
        ------
        Unavailable
            If a store or queue failed.
        TryAgain
            If another run is storing an app notification of this message just now.
        """
        scope = environment.scope
        message = self._left_of(environment, message)
        if message.is_erased:
            # That it came is kept, as of those that were stored before.
            plan = Plan(planned_at=self.clock.now())
            self._hold(Prepared(environment, message, plan, {}, None, None))
            return
        found = configuration(self.recent, scope, message)
        if user is None and message.user_id:
            user = self.users.load(scope, message.user_id)
        plan = make_plan(environment, found, message, user, self.clock.now())
        self._hold(Prepared(environment, message, plan, found.notifications, user, user_before))

    def _left_of(self, environment: Environment, message: Message) -> Message:
        return what_is_left(self.erased, environment, message, self.clock.now())

    def _hold(self, prepared: Prepared) -> None:
        self._held.append(prepared)
        if self._holding:
            return
        [(failure, _)] = self.finish([self._release()])
        if failure is not None:
            raise failure

    def user(self, scope: Scope, user_id: str) -> User:
        """Return a user that was there just now, with its contact infos; `NotFound` if it became another meanwhile."""
        user = self.users.load(scope, user_id)
        if user is None:
            raise NotFound("user")
        return user

    @contextmanager
    def holding(self) -> Iterator[list[Prepared]]:
        """Hold what is processed inside, and give it to the list that this returns, to be finished with more."""
        released: list[Prepared] = []
        self._holding.append(True)
        try:
            yield released
        finally:
            self._holding.pop()
            released += self._release()

    def _release(self) -> list[Prepared]:
        held = list(self._held)
        self._held.clear()
        return held

    def finish(self, records: Sequence[Sequence[Prepared]]) -> list[Finished]:
        """Store the messages of records and queue their deliveries; return how that went, for each record.

        The messages of an environment are announced by one write, and what goes to a queue goes there together.

        Parameters
        ----------
        records
            What was decided on for each, which is of one environment.
        """
        not_announced = self._announce([each for record in records for each in record])
        finished: list[Finished] = []
        queued: list[list[DeliveryJob]] = []
        for record in records:
            jobs: list[DeliveryJob] = []
            queued.append(jobs)
            failure, before = not_announced.get(record[0].scope) if record else None, seconds_spent()
            if failure is not None:
                finished.append(Finished(failure))
                continue
            try:
                store = partial(self._store, jobs=jobs)
                put_off = partial(self._put_off, jobs=jobs)
                one_by_one(record, store, put_off, seconds=_SECONDS_AGAIN)
            except Exception as error:  # noqa: BLE001 - raised by the caller
                failure = error
            finished.append(Finished(failure, seconds_spent() - before))
        try:
            self.queues.send([job for jobs in queued for job in jobs])
        except Exception as error:  # noqa: BLE001 - raised by the caller
            return [
                each._replace(failure=each.failure or (error if jobs else None))
                for each, jobs in zip(finished, queued, strict=True)
            ]
        return finished

    def _announce(self, prepared: Sequence[Prepared]) -> dict[Scope, Exception]:
        """Have messages found that are about to be stored, whatever happens from here on; return how it failed, where.

        A write to a busy partition of one environment is no reason to keep others waiting.
        """
        now = self.clock.now()
        failed: dict[Scope, Exception] = {}
        for scope in dict.fromkeys(each.scope for each in prepared):
            own = [each for each in prepared if each.scope == scope]
            try:
                self.watches.begin(scope)
                watches = [watch for each in own if (watch := _watch(each, now))]
                if watches:
                    self.watches.watch(scope, watches)
                self.messages.announce(scope, [(each.message, each.plan) for each in own], now)
            except Exception as error:  # noqa: BLE001 - raised by the caller
                failed[scope] = error
        return failed

    def _put_off(self, rest: Sequence[Prepared], jobs: list[DeliveryJob]) -> None:
        """Store messages, and leave their app notifications to replays.

        What clients asked for beside them was done already. To be done once more, it would come after what they asked
        for later.
        """
        # Hardly any record comes here.
        from nereid.core.messaging.replay_message import new_replay, replay_batches

        left: dict[str, int] = {}
        try:
            one_by_one(rest, partial(self._store, jobs=jobs, left=left), lambda _: None, seconds=inf)
        finally:
            replays = [(new_replay(key), size) for key, size in left.items()]
            self.queue.send(list(replay_batches(rest[0].scope, replays)))

    def _store(self, prepared: Prepared, jobs: list[DeliveryJob], left: dict[str, int] | None = None) -> None:
        """Store a message, and add what is to be queued of it.

        Parameters
        ----------
        left
            Gets the message's key, and how many deliveries it has, if there are app notifications among them: none of
            them is handed on then. None if all are to be.
        """
        environment, message, plan, notifications, user, user_before = prepared
        scope = environment.scope
        now = self.clock.now()
        kept = without_data(message, now) if plan.forget and not plan.size else message
        stored = self._of_an_earlier_release(scope, message) or self.messages.add(scope, kept, plan)
        self._note_change(scope, message, now)
        if message.is_erased or (stored is not None and stored.message.is_erased):
            return
        if stored is None:
            self._count_without_contact(plan)
            _log_failed_conditions(scope, message, plan)
        else:
            self._count_conflict(scope, message, stored, user_before)
            message, plan, _ = stored
        planned = plan.deliveries(scope, message.key)
        if left is not None and any(each.channel == "app" and each.recipient for each in planned):
            left[message.key] = len(planned)
            return
        if stored is not None:
            notifications = configured_for(plan, self.recent, self.event_types, scope, message)
            # A profile that became another user since is described by that one.
            user = (self.users.load(scope, message.user_id) if message.user_id else None) or user
        jobs += self._hand_on(environment, notifications, message, plan, user, planned, is_first=stored is None)

    def _of_an_earlier_release(self, scope: Scope, message: Message) -> StoredMessage | None:
        """Return the message with the id that a public key gave as earlier releases stored it.

        They had one namespace for all ids, and did not note which key gave one. What they stored goes on being found
        for its lifetime.
        """
        if not message.has_public_id:
            return None
        stored = self.messages.get(scope, key_of(message.message_id))
        is_theirs = stored and stored.message.source == "client" and stored.message.client_key is None
        return stored if is_theirs else None

    def _count_conflict(self, scope: Scope, message: Message, stored: StoredMessage, user_before: str | None) -> None:
        """Count a message whose id another one has, unless it is the same once more."""
        if is_repetition(message, stored.message, user_before):
            return
        # Named by the content and the moment, so that it counts once however often the queue hands it over.
        mark = conflict_mark(message)
        if self.messages.count_conflict(scope, stored.message.key, mark):
            ids = {"team_id": scope.team_id, "environment": scope.environment, "message_id": message.message_id}
            id_conflict(message.source, **ids)

    def _note_change(self, scope: Scope, message: Message, now: datetime) -> None:
        """Have the overview count the hour of a message anew that comes late, or is replayed."""
        if self.hours is not None:
            note_change(self.hours, scope, message.received_at, now)

    def _count_without_contact(self, plan: Plan) -> None:
        for notification in plan.notifications:
            if not notification.to:
                self.counts.add(notification.channel, "no_contact")

    def replay_all(self, environment: Environment, replays: Sequence[Replay]) -> None:
        """Replay messages, each whether or not another fails; raise the first failure in the end."""
        scope = environment.scope

        def put_back(rest: Sequence[Replay]) -> None:
            self.queue.send([EventBatch(team_id=scope.team_id, environment=scope.environment, replays=list(rest))])

        one_by_one(replays, lambda replay: self.replay(environment, replay), put_back)

    def replay(self, environment: Environment, replay: Replay) -> None:
        """Queue the deliveries of a message's stored plan that are not final, and the forced ones.

        Safe to repeat, and to be repeated when it raises.

        Raises
        ------
        Unavailable, TryAgain
            As :meth:`process`.
        """
        scope = environment.scope
        stored = self.messages.get(scope, replay.message_id)
        if stored is None:  # not kept any more
            return
        message, plan, _ = stored
        notifications = configured(self.event_types, scope, message)
        user = self._user_of(scope, message)
        planned = plan.deliveries(scope, message.key)
        now = self.clock.now()
        # What has lost its data cannot be made again.
        forced = set(replay.force) if message.dropped_at is None else set()
        for each in planned:
            if each.id in forced and each.recipient and is_configured(notifications, each.notification, each.channel):
                self.deliveries.reopen(scope, each, plan.planned_at, replay.id, now)
                self._note_change(scope, message, now)
        known = self.deliveries.get_many(scope, [each.id for each in planned if each.recipient])
        final = {delivery.id for delivery in known.values() if delivery.status != "pending"}
        again = [each for each in planned if each.id not in final]
        asked = dict.fromkeys(forced, now)
        self.queues.send(self._hand_on(environment, notifications, message, plan, user, again, asked))

    def _user_of(self, scope: Scope, message: Message) -> User | None:
        """Return the user of a stored message, or the one that this became since."""
        if message.user_id is None:
            return None
        user = self.users.load(scope, message.user_id)
        successor = self.successor(scope, message.user_id) if user is None else None
        return self.users.load(scope, successor) if successor is not None else user

    def _hand_on(
        self,
        environment: Environment,
        notifications: Notifications,
        message: Message,
        plan: Plan,
        user: User | None,
        planned: Sequence[Planned],
        asked_at: Mapping[str, datetime] | None = None,
        *,
        is_first: bool = False,
    ) -> list[DeliveryJob]:
        """Put the app notifications of a message into the inbox, end the unsendable ones; return what is to be queued.

        Parameters
        ----------
        asked_at
            When somebody asked for deliveries, by id, for which that was not when the message came.
        is_first
            Whether this run stored the message, so that no other had its deliveries before.
        """
        asked = asked_at or {}
        carried = message if jsontext.size(message.model_dump(mode="json")) <= MAX_CARRIED_BYTES else None
        queued: list[DeliveryJob] = []
        inbox: list[DeliveryJob] = []
        closed = False
        for each in planned:
            if each.recipient is None:
                continue
            if not is_configured(notifications, each.notification, each.channel):
                self._end_removed(environment.scope, each, plan.planned_at)
                closed = True
                continue
            content, jobs = (message, inbox) if each.channel == "app" else (carried, queued)
            notification, at = notifications[each.notification], asked.get(each.id, message.received_at)
            jobs.append(self._job(environment, message, plan, each, notification, user, content, at))
        for job in inbox:
            if is_first:
                self.inbox.deliver_first(job)
            else:
                self.inbox.deliver(job)
        if closed and plan.forget:
            now = self.clock.now()
            forget_if_final(self.messages, self.deliveries, environment.scope, message.key, now, swept=False)
        return queued

    def _end_removed(self, scope: Scope, planned: Planned, planned_at: datetime) -> None:
        """End a delivery whose notification is gone. A job that was queued before, and nobody has, finds it final."""
        now = self.clock.now()
        if planned.channel == "app" and self.is_in_inbox(scope, planned, planned_at):
            # The run that put it there did not come to record it.
            self.deliveries.close(scope, planned, planned_at, None, now, "success")
        else:
            self.deliveries.close(scope, planned, planned_at, REMOVED, now)

    def _job(
        self,
        environment: Environment,
        message: Message,
        plan: Plan,
        planned: Planned,
        notification: Notification | OutreachNotification,
        user: User | None,
        carried: Message | None,
        asked_at: datetime,
    ) -> DeliveryJob:
        recipient = planned.recipient
        assert recipient is not None
        # As an earlier release planned it, it may not be in normal form.
        value = normal(recipient.type, recipient.value, environment.default_country)
        job = DeliveryJob(
            team_id=environment.team_id,
            environment=environment.identifier,
            mock=environment.mock,
            channels=environment.providers(self.defaults),
            delivery_id=planned.id,
            recipient=recipient.model_copy(update={"value": value}),
            notification=notification,
            message_id=message.key,
            message=carried,
            user=user_variables(user, message.user_id),
            planned_at=plan.planned_at,
            asked_at=asked_at,
        )
        # Not even set in the jobs of others, so that an earlier release reads those as well.
        special: dict[str, Any] = {"limits": _limits(environment, message)} if message.is_public else {}
        if environment.keep_rendered:
            special["keep_rendered"] = True
        if message.test is not None:
            special["test"] = True
        if plan.forget:
            special["forget"] = True
        return job.model_copy(update=special) if special else job


def _watch(prepared: Prepared, now: datetime) -> Watch | None:
    return watch_if_late(prepared.message, now) or watch_to_forget(prepared.message, prepared.plan, now)


def _limits(environment: Environment, message: Message) -> PublicLimits:
    assert message.client_key is not None
    return PublicLimits(key_id=message.client_key.id, hourly=environment.client_access.hourly)


def make_plan(
    environment: Environment, configured: Configured, message: Message, user: User | None, now: datetime
) -> Plan:
    """Decide on the recipients of a message and their channels."""
    plan = Plan(planned_at=now, reason=configured.reason, forget=configured.forget)
    if message.is_public and not configured.is_public:
        plan.skipped = [Skipped(notification=name, reason=NOT_PUBLIC) for name in configured.notifications]
        return plan
    if not configured.notifications:
        return plan
    if message.test is not None:
        # Whom it goes to was said, and so was that it goes.
        plan.recipients = [Recipient(type=message.test.type, value=message.test.to)]
        plan.notifications = [
            PlannedNotification(name=each.name, channel=each.channel, to=[0]) for each in message.test.notifications
        ]
        return plan
    contacts = recipients_of(message, user, environment.default_country)
    variables = template_variables(environment.identifier, message, user_variables(user, message.user_id))
    inbox = _inbox_of(message, user)
    plan.recipients = [*contacts, *inbox]
    for notification in configured.notifications.values():
        reason = why_not(notification, variables)
        if reason is not None:
            plan.skipped.append(Skipped(notification=notification.name, reason=reason))
            continue
        reached = reached_by(notification, plan.recipients)
        plan.notifications.append(PlannedNotification(name=notification.name, channel=notification.channel, to=reached))
    _leave_out_unreached(plan)
    return plan


def _leave_out_unreached(plan: Plan) -> None:
    """Take the contacts out of a plan that nothing is sent to: it is stored with each message."""
    used = sorted({index for each in plan.notifications for index in each.to})
    plan.recipients = [plan.recipients[index] for index in used]
    places = {index: place for place, index in enumerate(used)}
    for each in plan.notifications:
        each.to = [places[index] for index in each.to]


def _inbox_of(message: Message, user: User | None) -> list[Recipient]:
    """Return the inbox that a message is for. An id has one before somebody makes a user of it, but no profile has."""
    user_id = user.user_id if user else message.user_id
    if user_id is None or (user is None and anonymous_id_of(user_id) is not None):
        return []
    return [Recipient(type="user", value=user_id)]


def why_not(notification: Notification | OutreachNotification, variables: Mapping[str, Any]) -> str | None:
    """Return why a notification makes no delivery; None if it makes some."""
    if notification.when is None:
        return None
    # Few notifications have a condition, and Liquid takes long to load.
    from nereid.core.templates.render import holds

    try:
        return None if holds(notification.when, variables) else NOT_APPLICABLE
    except TemplateFailed as error:
        return f"{NOT_EVALUATED}{error}"


def _log_failed_conditions(scope: Scope, message: Message, plan: Plan) -> None:
    for skipped in plan.skipped:
        if skipped.reason.startswith(NOT_EVALUATED):
            ids = {"team_id": scope.team_id, "environment": scope.environment, "message_id": message.message_id}
            condition_failed(notification=skipped.notification, **ids)


def recipients_of(message: Message, user: User | None, country: str | None = None) -> list[Recipient]:
    """Return the contacts of a message in normal form: the user's, then the event's, each (type, value) once.

    A stored contact's `filterable` stays where the event's entry of the same address has none.
    """
    found: dict[tuple[str, str], Recipient] = {}
    if user and not message.ignore_user_contacts:
        for stored in user.contact_infos:
            value = normal(stored.type, stored.value, country)
            recipient = Recipient(
                type=stored.type, value=value, filterable=stored.filterable, verified=stored.verified is not False
            )
            first = found.setdefault((stored.type, comparable(stored.type, value)), recipient)
            # Earlier releases stored several spellings of one.
            first.verified = first.verified or recipient.verified
    for entry in message.contacts():
        value = normal(entry.type, entry.value, country)
        if not value:
            continue
        key = (entry.type, comparable(entry.type, value))
        known = found.get(key)
        if known is None:
            found[key] = Recipient(type=entry.type, value=value, filterable=entry.filterable)
            continue
        known.verified = True  # no event that an app sends has contacts
        if entry.filterable is not None:
            known.filterable = entry.filterable
    return list(found.values())


def reached_by(notification: Notification | OutreachNotification, recipients: Sequence[Recipient]) -> list[int]:
    """Return the positions of the recipients that a notification goes to."""
    if isinstance(notification, AppInboxNotification):
        return [index for index, recipient in enumerate(recipients) if recipient.type == "user"]
    wanted = CONTACT_OF[notification.channel]
    words = notification.to.words() if notification.to else ()
    verified = notification.to.verified if notification.to else False
    return [
        index
        for index, recipient in enumerate(recipients)
        if recipient.type == wanted
        and (recipient.verified or not verified)
        and (not words or _matches(recipient.filterable, words))
    ]


def _matches(filterable: str | None, words: Sequence[str]) -> bool:
    """Tell whether a filterable is one of the words, or begins with one and a space ("ios" takes "iOS 16.3")."""
    if filterable is None:
        return False
    own = filterable.lower()
    return any(own == word.lower() or own.startswith(word.lower() + " ") for word in words)
