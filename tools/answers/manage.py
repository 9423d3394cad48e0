"""Answers of the management API; docs/apis/manage.md has them in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from nereid.dialects.manage.bodies import Queue
from nereid.models.account import Role
from nereid.models.delivery import Effect, Status
from nereid.models.event_type import Channel, Notification
from nereid.models.letter import Kind
from nereid.models.message import Source
from nereid.models.suppression import SuppressionReason
from nereid.models.team import ClientKeyScope, Permission
from nereid.models.user import ContactType
from tools.answers.form import FAILED, RETRY, TOO_LARGE, TOO_MANY, UNAVAILABLE, Answer, Reply, Success, absent
from tools.answers.neptie import Lead


class ManageError(Answer):
    """What is wrong with a request, in words."""

    message: str


class ManageProblem(Answer):
    """A member of a body or query that is wrong, and why; of a template with the line, from 1."""

    field: str
    line: int = absent()
    message: str


class ManageInvalid(Answer):
    """Which members of a body or query are wrong."""

    message: str
    errors: list[ManageProblem]


class ManageDone(Answer):
    """What was done, in words."""

    message: str


class EmailChannel(Answer):
    """Who sends an environment's e-mail."""

    from_: str = Field(alias="from")


class SmsChannel(Answer):
    """Who sends an environment's SMS, and what some countries want besides."""

    sender_id: str | None
    origination_number: str = absent()
    entity_id: str = absent()
    template_id: str = absent()


class PushChannel(Answer):
    """The platform applications of an environment's push."""

    application_arn: str = absent()
    fcm: str = absent()
    apns: str = absent()
    apns_sandbox: str = absent()


class EnvironmentChannels(Answer):
    """The providers that are in force; null is none."""

    email: EmailChannel | None
    sms: SmsChannel | None
    push: PushChannel | None


class HourlySendingLimits(Answer):
    """How much the messages of public keys may send within an hour."""

    sms_per_address: int
    emails_per_address: int
    sms_per_key: int


class EnvironmentClientAccess(Answer):
    """What public keys may do."""

    identity: Literal["open", "verified"]
    inbox: Literal["closed", "open", "verified"]
    hourly: HourlySendingLimits


class Environment(Answer):
    """An environment."""

    identifier: str
    name: str
    mock: bool
    channels: EnvironmentChannels
    client_access: EnvironmentClientAccess
    keep_rendered: bool
    default_country: str | None
    created_at: datetime


class EnvironmentPage(Answer):
    """A page of environments."""

    data: list[Environment]
    next_cursor: str | None


class ApiToken(Answer):
    """The record of an API token."""

    id: UUID
    name: str
    permissions: list[Permission]
    default_environment: str
    created_at: datetime
    expires_at: datetime


class NewApiToken(ApiToken):
    """An API token, which is shown this once."""

    token: str


class ApiTokenPage(Answer):
    """A page of API tokens."""

    data: list[ApiToken]
    next_cursor: str | None


class Member(Answer):
    """A person's account; `joined` is whether they can log in with a password of their own."""

    id: UUID
    email: str
    full_name: str
    role: Role
    joined: bool
    one_time_until: datetime | None
    created_at: datetime


class NewMember(Member):
    """A member with the password of the first login, which is shown this once."""

    one_time_password: str


class MemberPage(Answer):
    """A page of members."""

    data: list[Member]
    next_cursor: str | None


class GrantedSender(Answer):
    """A sender as the list has it, who granted it, and the environments that send as it."""

    sender: str
    granted_by: Literal["team", "stack"]
    environments: list[str]


class RefusedSender(Answer):
    """A sender that an environment names, and that the team may not send as."""

    environment: str
    member: str
    sender: str


class SenderList(Answer):
    """Whom the team may send as by each channel, and whom its environments name in vain."""

    email: list[GrantedSender]
    sms: list[GrantedSender]
    push: list[GrantedSender]
    refused: list[RefusedSender]


class ClientKey(Answer):
    """A client key; one that is not public is whole only when it was just made."""

    id: UUID
    environment: str
    scope: ClientKeyScope
    name: str | None
    key: str
    created_at: datetime


class ClientKeyPage(Answer):
    """A page of client keys."""

    data: list[ClientKey]
    next_cursor: str | None


class EventType(Answer):
    """An event type with its notifications, as they were given."""

    event_type: str
    environment: str
    notifications: list[Notification]
    public: bool = absent()
    retain_data: bool = absent()
    created_at: datetime
    updated_at: datetime


class EventTypePage(Answer):
    """A page of event types."""

    data: list[EventType]
    next_cursor: str | None


class SkippedNotification(Answer):
    """A configured notification that made no delivery, and why."""

    notification: str
    reason: str


class Message(Answer):
    """An event as it was taken, without its deliveries."""

    message_id: str
    environment: str
    event_type: str
    user_id: str | None
    source: Source
    data: dict[str, Any]
    contact_infos: list[dict[str, Any]]
    ignore_user_contacts: bool
    timestamp: int | None
    extra: dict[str, Any]
    received_at: datetime
    conflicts: int
    reason: str | None
    skipped: list[SkippedNotification]
    test: Literal[True] = absent()
    dropped_at: datetime = absent()


class MessagePage(Answer):
    """A page of messages."""

    data: list[Message]
    next_cursor: str | None


class DeliveryReport(Answer):
    """A provider's report on a delivery; others of its members say more, as the kind of a bounce."""

    model_config = ConfigDict(extra="allow")

    type: str
    at: datetime
    sending: int = absent()


class EarlierSending(Answer):
    """How an earlier sending of a delivery ended."""

    status: Status
    reason: str | None
    provider_message_id: str | None
    updated_at: datetime


class Delivery(Answer):
    """A notification of a message to one address."""

    id: UUID
    notification: str
    channel: Channel
    to: str | None
    status: Status
    reason: str | None
    provider_message_id: str | None
    rendered: dict[str, Any] = absent()
    missing_variables: list[str] = absent()
    template_notes: list[str] = absent()
    events: list[DeliveryReport] = absent()
    earlier: list[EarlierSending] = absent()
    next_try_at: datetime | None = absent()
    created_at: datetime
    updated_at: datetime


class MessageWithDeliveries(Message):
    """An event as it was taken, with its deliveries."""

    deliveries: list[Delivery]


class ReplayedDelivery(Answer):
    """A delivery before a replay, and what the replay does to it."""

    id: UUID
    notification: str
    channel: Channel
    to: str | None
    status: Status
    reason: str | None
    effect: Effect


class Replay(Answer):
    """What a replay does."""

    message_id: str
    environment: str
    replay_id: str
    deliveries: list[ReplayedDelivery]


class Suppressed(Answer):
    """A reason why an address must not be mailed."""

    reason: SuppressionReason
    at: datetime
    detail: str | None


class Suppression(Answer):
    """An address that must not be mailed, with the reasons, the strongest first."""

    email: str
    reasons: list[Suppressed]


class SuppressionPage(Answer):
    """A page of suppressions."""

    data: list[Suppression]
    next_cursor: str | None


class DeadLetter(Answer):
    """A record that failed too often; `body` is its body, with all personal data in it."""

    id: str
    queue: Queue
    reason: str
    sent_at: datetime
    age_seconds: int
    first_received_at: datetime
    receive_count: int
    kind: Kind
    environment: str | None
    event_types: list[str]
    message_ids: list[str]
    delivery_ids: list[str]
    body: Any


class DeadLetterList(Answer):
    """Dead letters, and whether there may be others."""

    data: list[DeadLetter]
    more: bool


class DeadLettersRedriven(Answer):
    """How many dead letters are on their queues again, how many remain, and whether there may be others."""

    redriven: int
    remaining: int
    more: bool


class DeadLettersPurged(Answer):
    """How many dead letters were deleted, how many remain, and whether there may be others."""

    purged: int
    remaining: int
    more: bool


class Preview(Answer):
    """A notification as it would be; `when` is whether its condition holds."""

    notification: str
    channel: Channel
    rendered: dict[str, Any]
    missing_variables: list[str]
    when: bool
    template_notes: list[str] = absent()
    reason: str = absent()


class PreviewList(Answer):
    """Notifications as they would be."""

    previews: list[Preview]


class SentTest(Answer):
    """The message that a test send is."""

    message_id: str


class StatusCounts(Answer):
    """How many deliveries have each status."""

    mocked: int
    no_contact: int
    no_provider: int
    pending: int
    success: int
    failed: int


class ChannelCounts(Answer):
    """How many deliveries of each channel have each status."""

    email: StatusCounts
    sms: StatusCounts
    push: StatusCounts
    app: StatusCounts


class ChannelTotals(Answer):
    """How many deliveries each channel has."""

    email: int
    sms: int
    push: int
    app: int


class HourCounts(StatusCounts):
    """How many events an hour brought, and what became of their deliveries."""

    hour: datetime
    accepted: int
    channels: ChannelTotals


class Attention(Answer):
    """Something that somebody ought to look at, how many, and what else is known of it."""

    kind: Literal[
        "dead_letters",
        "pending",
        "provider_closed",
        "event_type_failing",
        "event_type_not_configured",
        "bounce_rate",
        "complaint_rate",
    ]
    count: int
    more: Literal[True] = absent()
    since: datetime = absent()
    channel: Channel = absent()
    reason: str = absent()
    until: datetime = absent()
    event_type: str = absent()
    rate: float = absent()


class Overview(Answer):
    """What the last hours brought, oldest first, and what to look at."""

    accepted: int
    deliveries: ChannelCounts
    by_hour: list[HourCounts]
    attention: list[Attention]


class ExportedUser(Answer):
    """A user."""

    user_id: str
    meta: dict[str, Any]
    timezone: str | None
    locale: str | None
    created_at: datetime
    updated_at: datetime


class ExportedContact(Answer):
    """An address of the user."""

    type: ContactType
    value: str
    filterable: str | None
    meta: dict[str, Any]
    verified: bool
    created_at: datetime
    updated_at: datetime


class ExportedDevice(Answer):
    """An installation of the app."""

    device_id: str
    token: str | None
    os: str
    model: str
    app_build: str
    app_version: str
    os_version: str | None
    extra: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class ExportedNotification(Answer):
    """A notification in the user's inbox."""

    uuid: UUID
    user_id: str
    event_type: str
    title: str
    body: str
    html: str = absent()
    image: str = absent()
    action_url: str = absent()
    read_on_show: bool = absent()
    data: dict[str, Any]
    read_at: datetime | None
    created_at: datetime
    expires_at: datetime | None


class ExportedDelivery(Delivery):
    """A delivery, with the id of its message."""

    message_id: str


class ExportedLead(Lead):
    """A lead with an address of the user, and the ids of its campaigns."""

    campaigns: list[UUID]


class UserExport(Answer):
    """A part of what there is of a user; `next_cursor` is that of the next part."""

    users: list[ExportedUser]
    contacts: list[ExportedContact]
    devices: list[ExportedDevice]
    inbox: list[ExportedNotification]
    messages: list[Message]
    deliveries: list[ExportedDelivery]
    leads: list[ExportedLead]
    suppressions: list[Suppression]
    next_cursor: str | None


class ErasureReceipt(Answer):
    """Proof that somebody asked for a user's data to be erased."""

    receipt: UUID


_DELETED = Success(200, Reply("Deleted", (ManageDone,)))
SUCCESS = {
    "list_environments": Success(200, Reply("A page of environments, oldest first", (EnvironmentPage,))),
    "create_environment": Success(200, Reply("The environment", (Environment,))),
    "update_environment": Success(200, Reply("The environment as it is then", (Environment,))),
    "delete_environment": _DELETED,
    "list_api_tokens": Success(200, Reply("A page of API tokens, oldest first", (ApiTokenPage,))),
    "create_api_token": Success(200, Reply("The token, which is shown this once", (NewApiToken,))),
    "delete_api_token": _DELETED,
    "list_members": Success(200, Reply("A page of members, by address", (MemberPage,))),
    "add_member": Success(200, Reply("The member, whose password is shown this once", (NewMember,))),
    "update_member": Success(200, Reply("The member as it is then", (Member,))),
    "remove_member": _DELETED,
    "list_senders": Success(200, Reply("Whom the team may send as", (SenderList,))),
    "list_client_keys": Success(200, Reply("A page of client keys, oldest first", (ClientKeyPage,))),
    "create_client_key": Success(200, Reply("The key; one that is not public is shown this once", (ClientKey,))),
    "delete_client_key": _DELETED,
    "list_event_types": Success(200, Reply("A page of event types, by name", (EventTypePage,))),
    "get_event_type": Success(200, Reply("The event type", (EventType,))),
    "put_event_type": Success(200, Reply("The event type as stored", (EventType,))),
    "delete_event_type": _DELETED,
    "preview_notifications": Success(200, Reply("The notifications as they would be", (PreviewList,))),
    "send_test": Success(200, Reply("The test is durably queued", (SentTest,))),
    "show_overview": Success(200, Reply("What the last hours brought", (Overview,))),
    "export_user": Success(200, Reply("A part of the export", (UserExport,))),
    "erase_user": Success(200, Reply("The user is being erased", (ErasureReceipt,))),
    "list_messages": Success(200, Reply("A page of messages, newest first", (MessagePage,))),
    "get_message": Success(200, Reply("The message with its deliveries", (MessageWithDeliveries,))),
    "replay_message": Success(200, Reply("What the replay does to each delivery", (Replay,))),
    "list_suppressions": Success(200, Reply("A page of suppressions, by address", (SuppressionPage,))),
    "add_suppression": Success(200, Reply("The address with all its reasons", (Suppression,))),
    "remove_suppression": _DELETED,
    "list_dead_letters": Success(200, Reply("Dead letters, oldest first", (DeadLetterList,))),
    "redrive_dead_letters": Success(200, Reply("They are on their queues again", (DeadLettersRedriven,))),
    "purge_dead_letters": Success(200, Reply("They are deleted", (DeadLettersPurged,))),
}
ERRORS = {
    400: Reply("The body is not JSON or not an object, or the cursor is none", (ManageError,)),
    401: Reply("No valid credential", (ManageError,)),
    403: Reply("The credential lacks the permission, or the team is stopped", (ManageError,)),
    404: Reply("No such object", (ManageError,)),
    409: Reply("The address has an account, or the team would have no Admin left", (ManageError,)),
    413: Reply(TOO_LARGE, (ManageError,)),
    422: Reply("Members that are missing or wrong", (ManageInvalid,)),
    429: Reply(TOO_MANY, (ManageError,), may_have=RETRY),
    500: Reply(FAILED, (ManageError,)),
    503: Reply(UNAVAILABLE, (ManageError,), may_have=RETRY),
}
