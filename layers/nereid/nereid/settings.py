"""The environment variables that functions read, as one tested model.

Each function is given only those that it needs; asking for one that it was not given is an error that names it.
"""

import os
from functools import lru_cache

from pydantic import ConfigDict, Field

from nereid.models.base import Model
from nereid.models.team import Channels, EmailProvider, PushProvider, Quotas, Registration, SmsProvider


class MissingSetting(RuntimeError):
    """A function uses a setting that the template does not give it."""


class Settings(Model):
    """The variables by their names in lower case; None where the function was not given one."""

    model_config = ConfigDict(frozen=True)

    accounts_table: str | None = Field(None, description="Table of teams, environments and credentials.")
    audience_table: str | None = Field(None, description="Table of users, inboxes and suppressions.")
    activity_table: str | None = Field(None, description="Table of event types, messages and deliveries.")
    outreach_table: str | None = Field(
        None, description="Table of leads, campaigns, e-mails to leads and connected mailboxes."
    )
    limits_table: str | None = Field(None, description="Table of the counters of rate limits.")
    message_queue_url: str | None = Field(None, description="Queue between the endpoints and process_messages.")
    email_queue_url: str | None = Field(None, description="Queue of e-mail deliveries.")
    sms_queue_url: str | None = Field(None, description="Queue of SMS deliveries.")
    push_queue_url: str | None = Field(None, description="Queue of push deliveries.")
    email_high_queue_url: str | None = Field(None, description="Queue of e-mail deliveries of high priority.")
    sms_high_queue_url: str | None = Field(None, description="Queue of SMS deliveries of high priority.")
    push_high_queue_url: str | None = Field(None, description="Queue of push deliveries of high priority.")
    feedback_queue_url: str | None = Field(None, description="Queue of the reports of SES and SNS.")
    message_dead_letter_queue_url: str | None = Field(None, description="Dead-letter queue of messages.")
    email_dead_letter_queue_url: str | None = Field(None, description="Dead-letter queue of deliveries by e-mail.")
    sms_dead_letter_queue_url: str | None = Field(None, description="Dead-letter queue of deliveries by SMS.")
    push_dead_letter_queue_url: str | None = Field(None, description="Dead-letter queue of deliveries by push.")
    feedback_dead_letter_queue_url: str | None = Field(None, description="Dead-letter queue of feedback.")
    max_receive_count: int | None = Field(
        None, ge=1, description="How often the function's queue delivers a record before it is a dead letter."
    )
    token_secret_arn: str | None = Field(None, description="Secret that signs tokens.")
    link_secret_arn: str | None = Field(None, description="Secret of the links in mails.")
    credential_cache_seconds: float | None = Field(
        None,
        ge=0,
        le=60,
        description="How long a function caches a credential, in seconds.",
    )
    event_type_cache_seconds: float | None = Field(
        None,
        ge=0,
        le=10,
        description="How long process_messages caches an event type, in seconds.",
    )
    cors_origins: str | None = Field(
        None, description="Whose pages may read answers: `*`, origins with commas between, or empty for nobody's."
    )
    registration: Registration | None = Field(None, description="Who can register, and with which providers.")
    push_applications: str | None = Field(
        None, description="How the ARNs of the platform applications begin that the stack may use."
    )
    max_environments: int | None = Field(None, ge=1, description="How many environments a team may have.")
    max_api_tokens: int | None = Field(None, ge=1, description="How many API tokens a team may have.")
    max_client_keys: int | None = Field(None, ge=1, description="How many client keys a team may have.")
    max_event_types: int | None = Field(
        None, ge=1, description="How many event types a team may have, in all its environments together."
    )
    base_url: str | None = Field(None, description="URL of the API, for links in mails.")
    email_from: str | None = Field(None, description="Default sender of e-mail; empty for none.")
    configuration_set: str | None = Field(None, description="SES configuration set whose events come back as feedback.")
    attachment_bucket: str | None = Field(None, description="Bucket of the files that go with e-mails.")
    sms_enabled: bool | None = Field(None, description="Whether environments send SMS by default.")
    sms_sender_id: str | None = Field(None, description="Default sender id of SMS; empty for the carrier's.")
    sms_countries: str | None = Field(
        None, description="ISO codes of the countries that SMS go to, with commas; empty: all."
    )
    sms_max_price: str | None = Field(None, description="Most that an SMS may cost, in US dollars; empty: any.")
    push_application_arn: str | None = Field(None, description="Default SNS platform application; empty for none.")
    push_fcm_arn: str | None = Field(None, description="The same for FCM, and so for Android; empty for the default.")
    push_apns_arn: str | None = Field(None, description="The same for APNs, and so for iOS; empty for the default.")
    push_apns_sandbox_arn: str | None = Field(
        None, description="The same for APNs's sandbox, used where there is none for APNs; empty for the default."
    )
    open_channels: str | None = Field(
        None,
        description="The channels that anybody may send by, with commas; deliveries by the others have no provider.",
    )
    email_account_key: str | None = Field(
        None, description="KMS key that encrypts the tokens of connected mailboxes; empty: none can be connected."
    )
    user_token_key: str | None = Field(
        None, description="KMS key that encrypts the secrets that sign user tokens; empty: there are none."
    )
    gmail_url: str | None = Field(None, description="URL of Gmail's API.")
    graph_url: str | None = Field(None, description="URL of Microsoft Graph.")
    bedrock_model_id: str | None = Field(None, description="Model that writes e-mails; empty for the built-in writer.")
    emails_per_second: float | None = Field(None, ge=0, description="E-mails per second; 0 for what SES says.")
    sms_per_second: float | None = Field(None, gt=0, description="SMS per second.")
    pushes_per_second: float | None = Field(None, gt=0, description="Push notifications per second.")
    delivery_patience_hours: float | None = Field(
        None, gt=0, description="How long a delivery is tried again that its provider does not take, in hours."
    )
    retention_days: int | None = Field(None, ge=1, description="How long messages and deliveries are kept, in days.")
    profile_retention_days: int | None = Field(
        None, ge=0, description="How long an anonymous profile is kept that nobody uses, in days; 0 for ever."
    )

    def need(self, name: str) -> str:
        """Return a text setting; `MissingSetting` if the function was not given it."""
        value = getattr(self, name)
        if value is None:
            raise MissingSetting(name.upper())
        return str(value)

    def channels(self) -> Channels:
        """Return the stack's own providers, which environments use for channels that they leave out."""
        push = PushProvider(
            application_arn=self.push_application_arn or None,
            fcm=self.push_fcm_arn or None,
            apns=self.push_apns_arn or None,
            apns_sandbox=self.push_apns_sandbox_arn or None,
        )
        return Channels(
            email=EmailProvider.model_validate({"from": self.email_from}) if self.email_from else None,
            sms=SmsProvider(sender_id=self.sms_sender_id or None) if self.sms_enabled else None,
            push=push if any(dict(push).values()) else None,
        )

    def quotas(self) -> Quotas:
        """Return how much a team may have; what the function was not given it does not add to."""
        given = {name: getattr(self, f"max_{name}") for name in Quotas._fields}
        return Quotas(**{name: most for name, most in given.items() if most is not None})


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this function, read from its environment once."""
    given = {name: os.environ[name.upper()] for name in Settings.model_fields if name.upper() in os.environ}
    return Settings.model_validate(given)
