"""Event types and the notifications configured for them."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints

from nereid.models.base import Model
from nereid.models.email_address import is_sender

Channel = Literal["email", "sms", "push", "app"]
Priority = Literal["high", "normal"]
#: How long after the event a notification that is sent at most once is worth sending, if it does not say.
CODE_LIFETIME = timedelta(minutes=15)
#: One template string.
MAX_TEMPLATE_TEXT = 65536
#: Largest number at an app's icon.
MAX_BADGE = 999_999_999
#: Longest that FCM keeps a push: four weeks, in seconds.
#: Source: https://firebase.google.com/docs/cloud-messaging/concept-options#ttl
MAX_TIME_TO_LIVE = 2_419_200
#: Longest that an app notification may say it is to be shown: a year, in seconds.
MAX_SHOWN = 31_536_000
#: Most attachments of one e-mail.
MAX_ATTACHMENTS = 10
#: Largest content of all of them together, in bytes.
MAX_FILES_BYTES = 10 * 1024 * 1024
#: Longest name of an attachment, in characters.
MAX_FILENAME = 255
TemplateText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEMPLATE_TEXT)]


def _check_sender(text: str) -> str:
    if not is_sender(text):
        raise ValueError("must be an address or Name <address>")
    return text


def _check_badge(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_BADGE:
        return value
    if value is None or (isinstance(value, str) and 1 <= len(value) <= MAX_TEMPLATE_TEXT):
        return value
    raise ValueError(f"must be a whole number from 0 to {MAX_BADGE}, or a template of one")


def _check_filterable(value: Any) -> Any:
    words = value if isinstance(value, list) else [value]
    if value is not None and not all(isinstance(word, str) for word in words):
        raise ValueError("must be a string or an array of strings")
    return value


#: A media type, with parameters if any (RFC 2045).
MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:; *[A-Za-z0-9-]+=[A-Za-z0-9_.+-]+)*")


def _check_media_type(text: str) -> str:
    # The content of these has a form of its own, which base64 is not.
    if not MEDIA_TYPE.fullmatch(text) or text.lower().startswith(("multipart/", "message/")):
        raise ValueError("must be the media type of a file, such as application/pdf")
    return text


MediaType = Annotated[str, StringConstraints(min_length=3, max_length=255), AfterValidator(_check_media_type)]
#: The sender of an e-mail.
Sender = Annotated[str, StringConstraints(min_length=3, max_length=998), AfterValidator(_check_sender)]


class _Strict(Model):
    model_config = ConfigDict(extra="forbid")


class Attachment(_Strict):
    """A file that goes with an e-mail: its content, or where the content is."""

    filename: Annotated[str, StringConstraints(min_length=1, max_length=MAX_FILENAME)]
    #: Left out, it is the object's own.
    content_type: MediaType | None = None
    content_base64: TemplateText | None = None
    url: Annotated[str, StringConstraints(min_length=1, max_length=2048)] | None = None


class EmailTemplate(_Strict):
    """Subject and text, with an optional HTML part; `from` overrides the environment's sender."""

    subject: TemplateText
    #: Left out, it is made of the HTML.
    text: TemplateText | None = None
    html: TemplateText | None = None
    from_: Sender | None = Field(default=None, alias="from")
    #: Whether opens and clicks are reported, for which a picture is added and links are rewritten.
    tracking: StrictBool = False
    #: Where answers go.
    reply_to: TemplateText | None = None
    #: Who gets the same mail, for all to see or not.
    cc: list[TemplateText] | None = None
    bcc: list[TemplateText] | None = None
    attachments: Annotated[list[Attachment], Field(max_length=MAX_ATTACHMENTS)] | None = None
    #: Templates of the values of further headers.
    headers: dict[str, TemplateText] | None = None


#: An id under which India's operators know a sender or a text.
RegisteredId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class SmsTemplate(_Strict):
    """The text of an SMS."""

    text: TemplateText
    #: The id of this text; left out, it is the environment's.
    template_id: RegisteredId | None = None


class _Notice(_Strict):
    """Title, body and custom data, whose string values are templates."""

    title: TemplateText
    body: TemplateText
    data: dict[str, Any] | None = None


class AppTemplate(_Notice):
    """A notification in the app, and how the app shows it."""

    html: TemplateText | None = None
    image: TemplateText | None = None
    action_url: TemplateText | None = None
    #: Whether the app marks it as read as soon as it shows it.
    read_on_show: StrictBool | None = None
    #: Seconds from when it was made, after which nobody is shown it.
    expires_in: Annotated[int, Field(strict=True, ge=1, le=MAX_SHOWN)] | None = None


class PushTemplate(_Notice):
    """A push notification, and how the device shows it."""

    #: A file in the app, or `default`.
    sound: TemplateText | None = None
    #: The number at the app's icon on Apple's devices, or a template of it.
    badge: Annotated[int | TemplateText | None, BeforeValidator(_check_badge)] = None
    #: The id of the app's notification channel on Android.
    channel: TemplateText | None = None
    #: A device shows the last of the notifications with the same word only.
    collapse: TemplateText | None = None
    #: How soon the platform hands it to a device that saves power.
    priority: Literal["high", "normal"] | None = None
    #: How long the platform keeps it for a device that it cannot reach, in seconds.
    time_to_live: Annotated[int, Field(strict=True, ge=0, le=MAX_TIME_TO_LIVE)] | None = None


class Recipients(_Strict):
    """The contacts that a notification goes to: those whose `filterable` is one of the given words.

    And, if it says `verified`, that a server or a user token gave.
    """

    filterable: Annotated[str | list[str] | None, BeforeValidator(_check_filterable)] = None
    verified: StrictBool = False

    def words(self) -> list[str]:
        """Return the wanted filterables; empty means all contacts."""
        if self.filterable is None:
            return []
        return [self.filterable] if isinstance(self.filterable, str) else self.filterable


class _Notification(_Strict):
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]
    when: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEMPLATE_TEXT)] | None = None
    #: Whether to send again when the outcome of a hand-over is unknown.
    retry: Literal["at_least_once", "at_most_once"] = "at_least_once"
    #: Which queue its deliveries wait in; left out, it follows from `retry`.
    priority: Priority | None = None
    #: What becomes of a delivery whose template wants a variable that nobody gave; left out, it is sent without it.
    missing: Literal["fail"] | None = None
    #: Seconds after which a delivery that was not handed over is not to be sent any more.
    expires_in: Annotated[int, Field(strict=True, ge=30, le=604_800)] | None = None

    @property
    def lane(self) -> Priority:
        """Return its priority: what is sent at most once, such as a code, is waited for."""
        return self.priority or ("high" if self.retry == "at_most_once" else "normal")

    @property
    def lifetime(self) -> timedelta | None:
        """Return how long after the event it is worth sending; None for ever."""
        if self.expires_in is not None:
            return timedelta(seconds=self.expires_in)
        return CODE_LIFETIME if self.retry == "at_most_once" else None


class EmailNotification(_Notification):
    """A notification on channel `email`."""

    channel: Literal["email"]
    to: Recipients = Recipients()
    template: EmailTemplate


class SmsNotification(_Notification):
    """A notification on channel `sms`."""

    channel: Literal["sms"]
    to: Recipients = Recipients()
    template: SmsTemplate


class PushNotification(_Notification):
    """A notification on channel `push`."""

    channel: Literal["push"]
    to: Recipients = Recipients()
    template: PushTemplate


class AppInboxNotification(_Notification):
    """A notification on channel `app`; it goes to the message's user, so it has no `to`."""

    channel: Literal["app"]
    template: AppTemplate


Notification = Annotated[
    EmailNotification | SmsNotification | PushNotification | AppInboxNotification, Field(discriminator="channel")
]
Template = EmailTemplate | SmsTemplate | PushTemplate | AppTemplate


class EventType(Model):
    """The notifications that are sent for a message of this type, with their channels."""

    event_type: str
    environment: str
    notifications: list[Notification]
    #: As it was given: whether an event that a public key sent makes deliveries. Left out, it does.
    public: bool | None = None
    #: As it was given: whether the data of a message are kept once its deliveries are final. Left out, they are.
    retain_data: bool | None = None
    created_at: datetime
    updated_at: datetime
