"""Teams, their environments, and the credentials that open them."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from nereid.models.base import Model

#: Longest identifier of an environment.
MAX_ENVIRONMENT_IDENTIFIER = 63

#: How long an API token lives unless its maker says otherwise, in days.
DEFAULT_TOKEN_DAYS = 365
#: Most that an hourly limit allows: as good as none.
MAX_HOURLY_LIMIT = 1_000_000
#: Path words of the Neptune and management APIs, which an environment's identifier must not shadow.
RESERVED_IDENTIFIERS = frozenset(
    {"events", "environments", "app_notifications", "users", "api_tokens", "client_keys", "suppressions", "members"}
)

#: Every permission that an API token can carry; `admin:all` includes the others.
Permission = Literal[
    "post_events",
    "manage_users",
    "manage_templates",
    "read_messages",
    "read:leads",
    "write:leads",
    "read:campaigns",
    "write:campaigns",
    "read:analytics",
    "admin:all",
]


#: Who can register: nobody, or everybody, without or with the stack's own providers.
Registration = Literal["closed", "open", "trusted"]

HourlyLimit = Annotated[int, Field(ge=0, le=MAX_HOURLY_LIMIT)]


class Scope(NamedTuple):
    """One environment of one team: the tenant key that every read and write of audience and activity carries."""

    team_id: str
    environment: str


class EmailProvider(Model):
    """How an environment sends e-mail: the sender, an address or ``Name <address>``."""

    from_: str = Field(alias="from")


class SmsProvider(Model):
    """How an environment sends SMS: the sender id shown to the recipient, or None for the carrier's default."""

    sender_id: str | None = None
    #: A number of the AWS account, as the United States and others want one.
    origination_number: str | None = None
    #: The ids under which India's operators know the sender and, unless a template has one of its own, the text.
    entity_id: str | None = None
    template_id: str | None = None

    @model_serializer(mode="wrap")
    def _given(self, members: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: text for name, text in members(self).items() if text is not None or name == "sender_id"}


#: What a device's operating system is called if APNs serves it, and if FCM does; a version follows.
_APNS_SYSTEMS, _FCM_SYSTEMS = ("ios", "ipados"), ("android",)
#: A token of APNs; one of FCM has other characters as well.
#: Source: https://developer.apple.com/documentation/usernotifications/registering-your-app-with-apns
_APNS_TOKEN = re.compile(r"[0-9a-fA-F]{64,}")


class PushProvider(Model):
    """How an environment sends push: the ARNs of its SNS platform applications.

    `application_arn` serves the platforms that have no application of their own.
    """

    application_arn: str | None = None
    fcm: str | None = None
    apns: str | None = None
    apns_sandbox: str | None = None

    @model_serializer(mode="wrap")
    def _given(self, members: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: arn for name, arn in members(self).items() if arn is not None}

    def application_for(self, token: str, system: str | None) -> str | None:
        """Return the ARN of the application that serves a device; None if there is none for its platform.

        Parameters
        ----------
        token
            The device's push token, whose form decides on the platform if the system does not.
        system
            The device's operating system, as it was registered: ``iOS 16.3``.
        """
        if _is_of_apns(token, (system or "").strip().lower()):
            return self.apns or self.apns_sandbox or self.application_arn
        return self.fcm or self.application_arn


def _is_of_apns(token: str, system: str) -> bool:
    if system.startswith(_APNS_SYSTEMS):
        return True
    return _APNS_TOKEN.fullmatch(token) is not None and not system.startswith(_FCM_SYSTEMS)


class Channels(Model):
    """The providers of an environment. A member left out takes the stack's default; None means no provider."""

    email: EmailProvider | None = None
    sms: SmsProvider | None = None
    push: PushProvider | None = None

    def changed(self, given: "Channels") -> "Channels":
        """Return them with the channels that were given, each as a whole."""
        return self.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})


class HourlyLimits(Model):
    """How much the messages of public keys may send within an hour."""

    sms_per_address: HourlyLimit = 5
    emails_per_address: HourlyLimit = 20
    sms_per_key: HourlyLimit = 100


class ClientAccess(Model):
    """What public keys may do in an environment; secret keys are exempt from all of it."""

    #: `verified`: who names an external id proves it by a user token.
    identity: Literal["open", "verified"] = "open"
    #: Whether a user's app notifications can be read, and whether that takes a user token.
    inbox: Literal["closed", "open", "verified"] = "closed"
    hourly: HourlyLimits = HourlyLimits()

    def changed(self, given: "ClientAccess") -> "ClientAccess":
        """Return it with the members that were given, and of `hourly` those that were given."""
        own, new = self.model_dump(exclude_unset=True), given.model_dump(exclude_unset=True)
        hourly = {**own.pop("hourly", {}), **new.pop("hourly", {})}
        return ClientAccess.model_validate({**own, **new, "hourly": hourly})


#: How long after its deletion an environment may still be written to, by functions that know it from before.
DELETION_SETTLES = timedelta(minutes=5)
#: No provider for any channel.
NO_CHANNELS = Channels(email=None, sms=None, push=None)


class Quotas(NamedTuple):
    """How many of each a team may have."""

    environments: int = 20
    api_tokens: int = 100
    client_keys: int = 100
    event_types: int = 1000

    def times(self, factor: int) -> "Quotas":
        """Return so many times as much."""
        return Quotas(*(most * factor for most in self))


class Team(Model):
    """An owner of environments and credentials; nothing is ever shared between two teams."""

    id: str
    name: str
    created_at: datetime
    #: Whom it may send as beside the stack's own senders, as models/senders reads it; None, in records that are older
    #: than the list, for anybody.
    senders: list[str] | None = None
    #: How it came to be without an operator; None if an operator made it, and in older records.
    registered: Literal["open", "trusted"] | None = None
    #: How many times the stack's quotas it may have.
    quota_times: int = 1
    #: Since when an operator has it stopped, and when one last let it go on.
    stopped_at: datetime | None = None
    resumed_at: datetime | None = None
    #: When environments of it were deleted, the last of each identifier; the latest only.
    deleted: dict[str, datetime] = {}
    #: Whether it has erased users, whose suppressed addresses stand on its list as hashes.
    has_erased: bool = False

    def has_deleted(self, environment: str, planned_at: datetime) -> bool:
        """Tell whether what was planned at a moment was for an environment that has been deleted since."""
        at = self.deleted.get(environment)
        return at is not None and planned_at < at + DELETION_SETTLES


class Environment(Model):
    """A separate world of users, event types and messages; in a mock one, nothing leaves."""

    team_id: str
    identifier: str
    name: str
    mock: bool = False
    channels: Channels = Channels()
    client_access: ClientAccess = ClientAccess()
    #: Whether deliveries keep their content as it was rendered, as those of a mock always do.
    keep_rendered: bool = False
    #: ISO code of the country of phone numbers that name none; None if they belong to nowhere.
    default_country: str | None = None
    created_at: datetime
    #: When the latest erasure of a user of it was asked for; None if there was none.
    erased_at: datetime | None = None
    #: Counts the writes of this record; a write names the version that it read.
    version: int = 1

    @property
    def scope(self) -> Scope:
        """The environment as a tenant key."""
        return Scope(self.team_id, self.identifier)

    def providers(self, defaults: Channels) -> Channels:
        """Return its providers: its own, and the stack's for each channel that it leaves out."""
        own = self.channels
        return Channels(
            email=own.email if "email" in own.model_fields_set else defaults.email,
            sms=own.sms if "sms" in own.model_fields_set else defaults.sms,
            push=own.push if "push" in own.model_fields_set else defaults.push,
        )


class ApiToken(Model):
    """The record of a JWT that was handed out. Deleting it revokes the JWT."""

    team_id: str
    id: str
    name: str
    permissions: list[Permission]
    default_environment: str
    created_at: datetime
    expires_at: datetime
    #: The key that signed it, under which alone it is good.
    kid: str = "0"


ClientKeyScope = Literal["public", "secret", "user_token"]


class ClientKey(Model):
    """The record of a client key of one environment. A secret key is stored as its hash alone.

    A key of scope `user_token` opens nothing: the app's server signs user tokens with it. It is stored encrypted.
    """

    team_id: str
    id: str
    environment: str
    scope: ClientKeyScope
    name: str | None = None
    #: The whole key if public; the first eight characters of any other.
    shown: str
    #: SHA-256 of the key, in hex.
    key_hash: str
    #: The key itself, encrypted, if it signs user tokens.
    sealed: str | None = None
    created_at: datetime
