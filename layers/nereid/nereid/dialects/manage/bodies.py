"""Bodies and queries of the management API."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from nereid.dialects.accounts import Email, OptionalLine, RegisterBody
from nereid.dialects.body_types import Identifier, LaxBody, Name, Object, none_if_empty, whole_number
from nereid.models.account import Role
from nereid.models.base import Model
from nereid.models.delivery import Status
from nereid.models.event_type import Notification, RegisteredId, Sender
from nereid.models.senders import APPLICATION, is_entry
from nereid.models.suppression import SuppressionReason
from nereid.models.team import (
    DEFAULT_TOKEN_DAYS,
    RESERVED_IDENTIFIERS,
    Channels,
    ClientAccess,
    ClientKeyScope,
    HourlyLimits,
    Permission,
)
from nereid.models.user import ContactType


def _not_reserved(identifier: str) -> str:
    if identifier in RESERVED_IDENTIFIERS:
        raise ValueError("is a reserved word")
    return identifier


def _check_application(arn: str) -> str:
    if not APPLICATION.fullmatch(arn):
        raise ValueError("must be the ARN of an SNS platform application")
    return arn


Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Queue = Literal["message", "email", "sms", "push", "feedback"]
Limit = Annotated[int, BeforeValidator(whole_number), Field(ge=1, le=100)]


EnvironmentIdentifier = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$"), AfterValidator(_not_reserved)
]


#: A moment with its offset. Source: https://www.rfc-editor.org/rfc/rfc3339#section-5.6
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.]\d{1,6})?)?(Z|[+-]\d\d:\d\d)")
_NOT_A_MOMENT = "must be a time, as 2026-01-31T09:30:00Z"


def _moment(value: Any) -> Any:
    """Return a moment of a query as its first whole millisecond: what is shown has no more digits."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError(_NOT_A_MOMENT)
    try:
        given = datetime.fromisoformat(value).astimezone(UTC)
        return given + timedelta(microseconds=-given.microsecond % 1000)
    except (ValueError, OverflowError) as error:
        raise ValueError(_NOT_A_MOMENT) from error


Moment = Annotated[datetime | None, BeforeValidator(_moment)]


def _check_country(code: str) -> str:
    from nereid.models.phone_number import countries

    if code not in countries():
        raise ValueError("must be the ISO code of a country, as DE")
    return code


#: ISO code of a country whose phone numbers are known.
Country = Annotated[str, StringConstraints(to_upper=True, max_length=2), AfterValidator(_check_country)]


class _Known(Model):
    model_config = ConfigDict(strict=True, extra="forbid")


class EmailChannelBody(_Known):
    """The sender of an environment's e-mail."""

    from_: Sender = Field(alias="from")


class SmsChannelBody(_Known):
    """The sender id of an environment's SMS, and what some countries want besides."""

    sender_id: Annotated[str, StringConstraints(min_length=1, max_length=11)] | None = None
    #: A number of the AWS account, or a short code.
    origination_number: Annotated[str, StringConstraints(pattern=r"^(\+[0-9]{3,15}|[0-9]{3,8})$")] | None = None
    entity_id: RegisteredId | None = None
    template_id: RegisteredId | None = None


Application = Annotated[str, AfterValidator(_check_application)]


class PushChannelBody(_Known):
    """The platform applications of an environment's push: by platform, or `application_arn` for all of them."""

    application_arn: Application | None = None
    fcm: Application | None = None
    apns: Application | None = None
    apns_sandbox: Application | None = None

    @model_validator(mode="after")
    def _is_of_use(self) -> Self:
        if not any(dict(self).values()):
            missing = InitErrorDetails(type="missing", loc=("application_arn",), input={})
            raise ValidationError.from_exception_data("push", [missing])
        return self


class ChannelsBody(_Known):
    """The providers of an environment; null is none, a channel left out takes the stack's default."""

    email: EmailChannelBody | None = None
    sms: SmsChannelBody | None = None
    push: PushChannelBody | None = None

    def given(self) -> Channels:
        """Return the channels that were given."""
        return Channels.model_validate(self.model_dump(by_alias=True, exclude_unset=True))


class HourlyLimitsBody(HourlyLimits):
    """Limits of what the messages of public keys send."""

    model_config = _Known.model_config


class ClientAccessBody(ClientAccess):
    """What public keys may do in an environment."""

    model_config = _Known.model_config
    hourly: HourlyLimitsBody = HourlyLimitsBody()

    def given(self) -> ClientAccess:
        """Return the members that were given."""
        return ClientAccess.model_validate(self.model_dump(exclude_unset=True))


class EnvironmentBody(LaxBody):
    """An environment to create."""

    identifier: EnvironmentIdentifier
    name: Text | None = None
    mock: bool = False
    channels: ChannelsBody = ChannelsBody()
    client_access: ClientAccessBody = ClientAccessBody()
    keep_rendered: bool = False
    default_country: Country | None = None


class EnvironmentChangesBody(LaxBody):
    """What to change of an environment; what is left out stays."""

    model_config = _Known.model_config

    name: Text | None = None
    channels: ChannelsBody = ChannelsBody()
    client_access: ClientAccessBody = ClientAccessBody()
    keep_rendered: bool = False
    default_country: Country | None = None


def _check_entry(text: str) -> str:
    if not is_entry(text):
        raise ValueError("must be an address, @domain, the ARN of an SNS platform application, sms:SENDERID or *")
    return text


Senders = Annotated[list[Annotated[str, AfterValidator(_check_entry)]], Field(max_length=100)]


QuotaTimes = Annotated[int, Field(ge=1, le=1000)]


class TeamBody(LaxBody):
    """A team to create, with its first environment."""

    name: Text
    environment: EnvironmentIdentifier = "dev"
    #: An account that administers the team.
    account: RegisterBody | None = None
    #: Whom it may send as beside the stack's own senders.
    senders: Senders = []
    #: How many times the stack's quotas it may have.
    quota_times: QuotaTimes = 1


class TeamChangeBody(LaxBody):
    """What to change of a team that exists."""

    #: Its id, or its name if no other team has it.
    team: Text
    senders: Senders | None = None
    quota_times: QuotaTimes | None = None
    stopped: bool | None = None


def _each_once(words: list[Permission]) -> list[Permission]:
    return list(dict.fromkeys(words))


Permissions = Annotated[
    list[Permission], Field(min_length=1, max_length=len(get_args(Permission))), AfterValidator(_each_once)
]


class ApiTokenBody(LaxBody):
    """An API token to create."""

    name: Text
    permissions: Permissions
    default_environment: Text
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] = DEFAULT_TOKEN_DAYS


class ClientKeyBody(LaxBody):
    """A client key to create."""

    environment: Text
    scope: ClientKeyScope
    name: Text | None = None


class EventTypeBody(LaxBody):
    """The notifications of an event type, whether public keys may cause them, and whether data are kept."""

    notifications: Annotated[list[Notification], Field(max_length=20)]
    public: bool | None = None
    retain_data: bool | None = None


class _SelectionBody(LaxBody):
    model_config = _Known.model_config

    notification: Notification | None = None
    event_type: Name | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    data: Object = {}
    user_id: Identifier | None = None


class PreviewContactBody(_Known):
    """Whom a notification is previewed for."""

    type: ContactType
    value: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    filterable: str | None = None


class PreviewBody(_SelectionBody):
    """Notifications to preview, and the data to do so with."""

    user: Object | None = None
    contact: PreviewContactBody | None = None


class TestSendBody(_SelectionBody):
    """Notifications to send, where to, and with which data."""

    __test__ = False

    to: Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class SuppressionBody(LaxBody):
    """An e-mail address to suppress."""

    email: Email
    reason: SuppressionReason = "unsubscribe"


class MemberBody(LaxBody):
    """An account to add to the team."""

    email: Email
    role: Role = "User"
    full_name: OptionalLine = None


class RoleBody(LaxBody):
    """The role of a member."""

    role: Role


class ListQuery(LaxBody):
    """Where to go on in a list, and how far."""

    # What is misspelt would list what nobody asked for.
    model_config = ConfigDict(extra="forbid")

    limit: Limit = 25
    cursor: Any = None


class MessagesQuery(ListQuery):
    """Which messages to list."""

    event_type: Annotated[str, StringConstraints(max_length=256)] | None = None
    user_id: Annotated[str, StringConstraints(max_length=256)] | None = None
    address: Annotated[str, StringConstraints(max_length=4096)] | None = None
    status: Annotated[Status | None, BeforeValidator(none_if_empty)] = None
    from_: Moment = Field(default=None, alias="from")
    to: Moment = None


class ExportQuery(LaxBody):
    """Where to go on with an export."""

    model_config = _Known.model_config

    cursor: Any = None


class OverviewQuery(LaxBody):
    """Of how many hours to tell."""

    model_config = _Known.model_config

    hours: Annotated[int, BeforeValidator(whole_number), Field(ge=1, le=168)] = 24


class ReplayBody(LaxBody):
    """A message to replay."""

    message_id: Identifier
    force: Annotated[list[str], Field(max_length=1000)] = []
    replay_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class DeadLettersQuery(LaxBody):
    """The dead letters to list: their queue and number."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = 25
    queue: Queue | None = None


class DeadLettersBody(LaxBody):
    """The dead letters to redrive or purge: one, or all."""

    id: Text | None = None
    all: bool = False
    queue: Queue | None = None


class ClientKeysQuery(ListQuery):
    """Which client keys to list."""

    environment: str | None = None


class SuppressionsQuery(ListQuery):
    """Which suppressions to list."""

    email: Annotated[str, StringConstraints(max_length=1024)] | None = None
    reason: SuppressionReason | None = None


class RemovalQuery(LaxBody):
    """Which reasons to remove an address for."""

    reason: SuppressionReason | None = None
