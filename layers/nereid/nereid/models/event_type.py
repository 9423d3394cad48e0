"""Event types and the notifications configured for them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints

from nereid.models.email_address import is_sender

Channel = Literal["email", "sms", "push", "app"]
#: One template string.
MAX_TEMPLATE_TEXT = 65536
TemplateText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEMPLATE_TEXT)]


def _check_sender(text: str) -> str:
    if not is_sender(text):
        raise ValueError("must be an address or Name <address>")
    return text


def _check_filterable(value: Any) -> Any:
    words = value if isinstance(value, list) else [value]
    if value is not None and not all(isinstance(word, str) for word in words):
        raise ValueError("must be a string or an array of strings")
    return value


#: The sender of an e-mail.
Sender = Annotated[str, StringConstraints(min_length=3, max_length=998), AfterValidator(_check_sender)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EmailTemplate(_Strict):
    """Subject and text, with an optional HTML part; `from` overrides the environment's sender."""

    subject: TemplateText
    text: TemplateText
    html: TemplateText | None = None
    from_: Sender | None = Field(default=None, alias="from")
    #: Whether opens and clicks are reported, for which a picture is added and links are rewritten.
    tracking: StrictBool = False


class SmsTemplate(_Strict):
    """The text of an SMS."""

    text: TemplateText


class PushTemplate(_Strict):
    """Title, body and custom data (string values are templates) of a push or app notification."""

    title: TemplateText
    body: TemplateText
    data: dict[str, Any] | None = None


class Recipients(_Strict):
    """The contacts that a notification goes to: those whose `filterable` is one of the given words."""

    filterable: Annotated[str | list[str] | None, BeforeValidator(_check_filterable)] = None

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
    template: PushTemplate


Notification = Annotated[
    EmailNotification | SmsNotification | PushNotification | AppInboxNotification, Field(discriminator="channel")
]
Template = EmailTemplate | SmsTemplate | PushTemplate


class EventType(BaseModel):
    """The notifications that are sent for a message of this type, with their channels."""

    event_type: str
    environment: str
    notifications: list[Notification]
    created_at: datetime
    updated_at: datetime
