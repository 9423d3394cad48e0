"""What providers report about what they accepted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from nereid.models.team import Scope


class EmailReport(NamedTuple):
    """Something that became of an e-mail.

    `kind` is SES's type in our words, with three told apart by what follows: `transient_bounce` (every bounce that is
    not permanent), `not_spam` (a recipient took the mail out of the spam folder) and `known_complaint` (SES did not
    even try, since the address complained before); and `unsubscribe`, which our own link reports.
    """

    kind: str
    scope: Scope
    delivery_id: str
    #: Which sending of the delivery it is.
    sending: int
    #: What the mail was tagged with; see `nereid.models.delivery.Rendered`.
    tags: Mapping[str, str]
    #: When it came about.
    at: datetime
    #: When the mail was handed over, if the report says so.
    sent_at: datetime | None
    #: Whom the mail went to; None if the report does not say.
    recipient: str | None
    #: What is shown of it.
    event: dict[str, Any]
    #: What is known of a bounce or complaint, in a few words.
    detail: str | None = None


class PushFailure(NamedTuple):
    """A push notification that SNS accepted and could not hand to the platform."""

    provider_message_id: str
    #: SNS's word for why.
    code: str
    at: datetime
