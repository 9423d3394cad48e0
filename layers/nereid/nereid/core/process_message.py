"""From a queued message to its deliveries: decide once, store the decision, hand it on.

The decision (the plan) is stored together with the message, by one conditional write, before any delivery is
queued. Whoever hands the same message over again - SQS, or a client that repeats its request - meets the stored
plan and repeats that one: the first content stands, and delivery ids are the same, so what was sent stays sent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from nereid import jsontext
from nereid.core.deliver import Deliverer
from nereid.core.render import holds
from nereid.core.variables import template_variables, user_variables
from nereid.errors import NotFound
from nereid.metrics import DeliveryCounts
from nereid.models.delivery import CONTACT_OF, DeliveryJob, Plan, Planned, PlannedNotification, Recipient, delivery_id
from nereid.models.event_type import AppInboxNotification, EventType, Notification
from nereid.models.message import Message
from nereid.models.outreach import GivenContent, Outreach, OutreachNotification
from nereid.models.team import Channels, Environment, Scope
from nereid.models.user import User, comparable
from nereid.ports import Clock, DeliveryQueues, EventTypeStore, MessageStore, UserStore

#: A message up to this size, in bytes of JSON, travels with each of its delivery jobs; a larger one is read again.
MAX_CARRIED_BYTES = 65536
#: The name of the one notification of a message that is an e-mail to a lead.
_OUTREACH: Literal["email"] = "email"


@dataclass(frozen=True)
class Processor:
    """Processes messages.

    Parameters
    ----------
    inbox
        Delivers app notifications. They need no provider, so they are made here, without a queue of their own.
    defaults
        The stack's own providers, for channels that an environment leaves out.
    counts
        Where deliveries are counted that end here, for want of a contact.
    """

    users: UserStore
    event_types: EventTypeStore
    messages: MessageStore
    queues: DeliveryQueues
    inbox: Deliverer
    clock: Clock
    defaults: Channels
    counts: DeliveryCounts = field(default_factory=DeliveryCounts)

    def process_all(
        self, environment: Environment, messages: Sequence[Message], admits: Callable[[Scope, Message], bool]
    ) -> None:
        """Process messages, each whether or not another fails; raise the first failure in the end.

        Parameters
        ----------
        admits
            Tells whether a message that comes under a rule counts; one that does not is left out.
        """
        failures = []
        for message in messages:
            try:
                if message.rule is None or admits(environment.scope, message):
                    self.process(environment, message)
            except Exception as error:  # noqa: BLE001 - raised below
                failures.append(error)
        if failures:
            raise failures[0]

    def process(self, environment: Environment, message: Message, *, user_exists: bool = False) -> None:
        """Store a message with its plan and queue its deliveries.

        Safe to repeat, and to be repeated when it raises: a repetition goes on from where it stopped.

        Parameters
        ----------
        user_exists
            Whether the message's user is known to exist; if not found then, the user became another meanwhile.

        Raises
        ------
        NotFound
            If the user should exist and does not; nothing was stored.
        Unavailable
            If a store or queue failed.
        TryAgain
            If another run is storing an app notification of this message just now.
        """
        event_type = self._event_type(environment, message)
        user = self.users.load(environment.scope, message.user_id) if message.user_id else None
        if user is None and user_exists:
            raise NotFound("user")
        if message.outreach is not None:
            plan = outreach_plan(message.outreach, self.clock.now())
        else:
            plan = make_plan(environment, event_type, message, user, self.clock.now())
        stored = self.messages.add(environment.scope, message, plan)
        if stored is None:
            self._count_without_contact(plan)
        else:
            message, plan = stored
            event_type = self._event_type(environment, message)
            # A profile that became another user since is described by that one.
            user = (self.users.load(environment.scope, message.user_id) if message.user_id else None) or user
        jobs = self._jobs(environment, event_type, message, plan, user)
        self.queues.send([job for job in jobs if job.notification.channel != "app"])
        for job in jobs:
            if job.notification.channel == "app":
                self.inbox.deliver(job)

    def _count_without_contact(self, plan: Plan) -> None:
        for notification in plan.notifications:
            if not notification.to:
                self.counts.add(notification.channel, "no_contact")

    def _event_type(self, environment: Environment, message: Message) -> EventType | None:
        if message.outreach is not None:
            return None
        return self.event_types.get(environment.scope, message.event_type)

    def _jobs(
        self,
        environment: Environment,
        event_type: EventType | None,
        message: Message,
        plan: Plan,
        user: User | None,
    ) -> list[DeliveryJob]:
        notifications: dict[str, Notification | OutreachNotification] = {}
        if message.outreach is not None:
            notifications[_OUTREACH] = _outreach_notification(message.outreach)
        elif event_type is not None:
            notifications.update((each.name, each) for each in event_type.notifications)
        carried = message if jsontext.size(message.model_dump(mode="json")) <= MAX_CARRIED_BYTES else None
        jobs = []
        for planned in plan.deliveries(environment.scope, message.message_id):
            notification = notifications.get(planned.notification)
            # Gone or changed to another channel since the plan was made: nothing is left to send.
            if planned.recipient and notification and notification.channel == planned.channel:
                content = message if notification.channel == "app" else carried
                jobs.append(self._job(environment, message, plan, planned, notification, user, content))
        return jobs

    def _job(
        self,
        environment: Environment,
        message: Message,
        plan: Plan,
        planned: Planned,
        notification: Notification | OutreachNotification,
        user: User | None,
        carried: Message | None,
    ) -> DeliveryJob:
        assert planned.recipient is not None
        return DeliveryJob(
            team_id=environment.team_id,
            environment=environment.identifier,
            mock=environment.mock,
            channels=environment.providers(self.defaults),
            delivery_id=planned.id,
            recipient=planned.recipient,
            notification=notification,
            message_id=message.message_id,
            message=carried,
            user=user_variables(user, message.user_id),
            planned_at=plan.planned_at,
        )


def make_plan(
    environment: Environment, event_type: EventType | None, message: Message, user: User | None, now: datetime
) -> Plan:
    """Decide whom a message reaches, on which channels."""
    plan = Plan(planned_at=now)
    if event_type is None:
        return plan
    contacts = recipients_of(message, user)
    variables = template_variables(environment.identifier, message, user_variables(user, message.user_id))
    inbox = [Recipient(type="user", value=user.user_id)] if user else []
    plan.recipients = [*contacts, *inbox]
    for notification in event_type.notifications:
        if holds(notification.when, variables):
            reached = _reached(notification, plan.recipients)
            plan.notifications.append(
                PlannedNotification(name=notification.name, channel=notification.channel, to=reached)
            )
    return plan


def outreach_plan(outreach: Outreach, now: datetime) -> Plan:
    """Return the plan of a message that is one e-mail to one lead."""
    return Plan(
        planned_at=now,
        recipients=[Recipient(type="email", value=outreach.to)],
        notifications=[PlannedNotification(name=_OUTREACH, channel="email", to=[0])],
    )


def outreach_delivery_id(scope: Scope, message_id: str, to: str) -> str:
    """Return the id of the one delivery of such a message."""
    return delivery_id(scope, message_id, _OUTREACH, "email", to)


def _outreach_notification(outreach: Outreach) -> OutreachNotification:
    # Every member is set, for what is unset does not travel on the queue.
    content = GivenContent(campaign_id=outreach.campaign_id, lead_id=outreach.lead_id, account=outreach.account)
    return OutreachNotification(name=_OUTREACH, channel="email", retry="at_least_once", template=content)


def recipients_of(message: Message, user: User | None) -> list[Recipient]:
    """Return the contacts of a message: the user's, then the event's, each (type, value) once.

    A stored contact's `filterable` stays where the event's entry of the same address has none.
    """
    found: dict[tuple[str, str], Recipient] = {}
    if user and not message.ignore_user_contacts:
        for stored in user.contact_infos:
            found[stored.key] = Recipient(type=stored.type, value=stored.value, filterable=stored.filterable)
    for entry in message.contacts():
        key = (entry.type, comparable(entry.type, entry.value))
        known = found.get(key)
        if known is None:
            found[key] = Recipient(type=entry.type, value=entry.value, filterable=entry.filterable)
        elif entry.filterable is not None:
            known.filterable = entry.filterable
    return list(found.values())


def _reached(notification: Notification, recipients: Sequence[Recipient]) -> list[int]:
    if isinstance(notification, AppInboxNotification):
        return [index for index, recipient in enumerate(recipients) if recipient.type == "user"]
    wanted = CONTACT_OF[notification.channel]
    words = notification.to.words()
    return [
        index
        for index, recipient in enumerate(recipients)
        if recipient.type == wanted and (not words or _matches(recipient.filterable, words))
    ]


def _matches(filterable: str | None, words: Sequence[str]) -> bool:
    """Tell whether a filterable is one of the words, or begins with one and a space ("ios" takes "iOS 16.3")."""
    if filterable is None:
        return False
    own = filterable.lower()
    return any(own == word.lower() or own.startswith(word.lower() + " ") for word in words)
