"""The one place that wires ports to adapters.

Everything is made at its first use and kept for the life of the sandbox. Adapters are imported where they are made:
a function pays, at every cold start, for what it imports, and no function needs them all.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from nereid.clock import SystemClock
from nereid.settings import Settings, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from nereid.auth.credentials import Credentials, Environments, Teams
    from nereid.auth.user_tokens import UserTokens
    from nereid.aws.access.accounts import DynamoAccountStore
    from nereid.aws.access.limits import DynamoLimitStore
    from nereid.aws.access.user_token_cipher import KmsUserTokenCipher
    from nereid.aws.audience.devices import DynamoDeviceStore
    from nereid.aws.audience.inbox import DynamoInbox
    from nereid.aws.audience.users import DynamoUserStore
    from nereid.aws.clients import Clients
    from nereid.aws.messaging.deliveries import DynamoDeliveryStore
    from nereid.aws.messaging.event_types import DynamoEventTypeStore
    from nereid.aws.messaging.failure_notes import DynamoFailureNotes
    from nereid.aws.messaging.messages import DynamoMessageStore
    from nereid.aws.messaging.overview_hours import DynamoHourStore
    from nereid.aws.messaging.queues import SqsDeliveryQueues, SqsDepths, SqsMessageQueue, SqsRedelivery
    from nereid.aws.messaging.schedules import DynamoClosures
    from nereid.aws.messaging.suppressions import DynamoSuppressionStore
    from nereid.aws.messaging.sweep_state import DynamoSweepState
    from nereid.aws.outreach.bedrock_writer import BedrockWriter
    from nereid.aws.outreach.campaign_metrics import DynamoCampaignMetrics
    from nereid.aws.outreach.campaigns import DynamoCampaignStore
    from nereid.aws.outreach.email_accounts import DynamoEmailAccountStore
    from nereid.aws.outreach.engagement import DynamoEngagementStore
    from nereid.aws.outreach.leads import DynamoLeadStore
    from nereid.aws.outreach.outgoing_emails import DynamoOutgoingEmailStore
    from nereid.aws.outreach.token_cipher import KmsTokenCipher
    from nereid.aws.rights.erasures import DynamoErasureStore
    from nereid.aws.table import Table
    from nereid.core.access.accounts import Accounts
    from nereid.core.access.members import Members
    from nereid.core.access.rate_limits import RateLimiter
    from nereid.core.access.sessions import Sessions
    from nereid.core.access.verification import Verification
    from nereid.core.access.vouching import Vouching
    from nereid.core.audience.client_identities import Identities
    from nereid.core.audience.token_owners import TokenOwners
    from nereid.core.audience.vibetrace.restrictions import EventRules
    from nereid.core.messaging.dead_letters import DeadLetters
    from nereid.core.messaging.deliver import Deliverer
    from nereid.core.messaging.erase import Eraser
    from nereid.core.messaging.expire_profiles import ProfileExpirer
    from nereid.core.messaging.failure_notes import FailureNoter
    from nereid.core.messaging.hourly_limits import HourlyLimiter
    from nereid.core.messaging.intake import Intake
    from nereid.core.messaging.overview import Overviews
    from nereid.core.messaging.preview import Previewer
    from nereid.core.messaging.process_message import Processor
    from nereid.core.messaging.process_operations import Operations
    from nereid.core.messaging.record_feedback import FeedbackRecorder
    from nereid.core.messaging.replay_message import Replayer
    from nereid.core.messaging.sweep import Sweeper
    from nereid.core.messaging.team_rules import TeamRules
    from nereid.core.messaging.template_content import TemplateContent
    from nereid.core.messaging.unsubscribe import Unsubscriber
    from nereid.core.messaging.waiting import Waiting
    from nereid.core.outreach.feedback import OutreachFeedback, SuppressedLeads
    from nereid.core.outreach.send_email import EmailSender
    from nereid.core.rights.erase_user import UserEraser
    from nereid.core.rights.export_user import Exporter
    from nereid.metrics import DeliveryCounts
    from nereid.models.base import Model
    from nereid.models.senders import Senders
    from nereid.models.team import ClientKey, Scope, Team

_DAY = 24 * 60 * 60
#: The channels that hand deliveries to a provider.
PROVIDED = ("email", "sms", "push")


class Runtime:
    """What a function works with, made from its settings."""

    # Shared by all areas

    def prepare(self, *parts: str, models: Iterable[type[Model]] = ()) -> None:
        """Make what the first request needs, without a call of AWS, while Lambda starts the function.

        It has a whole core then, and a part of one afterwards. Elsewhere nothing is made before it is used.

        Parameters
        ----------
        parts
            The runtime's, by their names.
        models
            Those whose checks are needed.
        """
        from nereid.aws.http.environment import is_ordinary

        if is_ordinary():
            for part in parts:
                getattr(self, part)
            for model in models:
                model.model_rebuild()
            # Each reads the certificates, which is done once for all.
            _ = self.clients.dynamodb, self.clients.sqs

    @cached_property
    def settings(self) -> Settings:
        return settings()

    @cached_property
    def clock(self) -> SystemClock:
        return SystemClock()

    @cached_property
    def clients(self) -> Clients:
        from nereid.aws.clients import Clients

        return Clients()

    def _table(self, setting: str) -> Table:
        from nereid.aws.table import Table

        return Table(self.clients, self.settings.need(setting))

    @property
    def _retention(self) -> int:
        return (self.settings.retention_days or 0) * _DAY

    # Access

    @cached_property
    def account_store(self) -> DynamoAccountStore:
        from nereid.aws.access.accounts import DynamoAccountStore

        return DynamoAccountStore(self._table("accounts_table"), self.settings.quotas())

    @cached_property
    def accounts(self) -> Accounts:
        from nereid.core.access.accounts import Accounts

        registration = self.settings.registration or "closed"
        return Accounts(
            self.account_store,
            self.limits,
            self.clock,
            self.sessions,
            registration=registration,
            verification=self.verification if self.settings.email_from else None,
        )

    @cached_property
    def verification(self) -> Verification:
        from nereid.aws.access.account_mail import SesAccountMail
        from nereid.core.access.verification import Verification

        mail = SesAccountMail(self.clients, self.settings.email_from or "")
        return Verification(self.account_store, self.clock, self.link_secret, self.settings.base_url or "", mail)

    @cached_property
    def sessions(self) -> Sessions:
        from nereid.core.access.sessions import Sessions

        return Sessions(self.account_store, self.clock, self.token_secret)

    @cached_property
    def members(self) -> Members:
        from nereid.core.access.members import Members

        return Members(self.account_store, self.sessions)

    @cached_property
    def credentials(self) -> Credentials:
        from nereid.auth.credentials import Credentials

        return Credentials(
            self.account_store,
            self.teams,
            self.environments,
            self.token_secret,
            self.clock,
            cache_seconds=self._cache_seconds,
        )

    @cached_property
    def environments(self) -> Environments:
        from nereid.auth.credentials import Environments

        return Environments(self.account_store, self.clock, cache_seconds=self._cache_seconds)

    @cached_property
    def teams(self) -> Teams:
        from nereid.auth.credentials import Teams

        return Teams(self.account_store, self.clock, cache_seconds=self._cache_seconds)

    def senders(self, team: Team) -> Senders:
        """Return whom a team may send as."""
        from nereid.models.senders import Senders

        return Senders.of(team, self.settings.channels(), self.settings.push_applications or "")

    def closed_channels(self) -> frozenset[str]:
        """Return the channels that nobody may send by: their queues are not polled, which costs nothing."""
        return frozenset(PROVIDED) - frozenset(self.settings.need("open_channels").split(","))

    @cached_property
    def user_token_cipher(self) -> KmsUserTokenCipher:
        from nereid.aws.access.user_token_cipher import KmsUserTokenCipher

        return KmsUserTokenCipher(self.clients, self.settings.need("user_token_key"))

    @cached_property
    def user_tokens(self) -> UserTokens:
        from nereid.auth.user_tokens import UserTokens
        from nereid.models.team import Scope

        def open_secret(key: ClientKey) -> str:
            assert key.sealed is not None
            return self.user_token_cipher.open(Scope(key.team_id, key.environment), key.id, key.sealed)

        return UserTokens(self.account_store, open_secret, self.clock, cache_seconds=self._cache_seconds)

    @cached_property
    def vouching(self) -> Vouching:
        from nereid.core.access.vouching import Vouching

        return Vouching(self.environments, self.user_tokens)

    @property
    def _cache_seconds(self) -> float:
        return float(self.settings.need("credential_cache_seconds"))

    def token_secret(self) -> str:
        """Return the secret of tokens, which opens everything."""
        return self._token_secret()

    @cached_property
    def _token_secret(self) -> Callable[[], str]:
        from nereid.aws.secrets import Secret

        return Secret(self.clients, self.settings.need("token_secret_arn"), self.clock)

    def link_secret(self) -> str:
        """Return the secret of the links in mails, which opens nothing else."""
        return self._link_secret()

    @cached_property
    def _link_secret(self) -> Callable[[], str]:
        from nereid.aws.secrets import Secret

        return Secret(self.clients, self.settings.need("link_secret_arn"), self.clock)

    @cached_property
    def limits(self) -> DynamoLimitStore:
        from nereid.aws.access.limits import DynamoLimitStore

        return DynamoLimitStore(self._table("limits_table"))

    @cached_property
    def limiter(self) -> RateLimiter:
        from nereid.core.access.rate_limits import RateLimiter

        return RateLimiter(self.limits, self.clock)

    # Audience

    @cached_property
    def users(self) -> DynamoUserStore:
        from nereid.aws.audience.users import DynamoUserStore

        return DynamoUserStore(self._table("audience_table"))

    @cached_property
    def token_owners(self) -> TokenOwners:
        from nereid.core.audience.token_owners import TokenOwners

        return TokenOwners(self._devices, self.clock)

    @cached_property
    def _devices(self) -> DynamoDeviceStore:
        from nereid.aws.audience.devices import DynamoDeviceStore

        return DynamoDeviceStore(self._table("audience_table"), self.users)

    @cached_property
    def inbox(self) -> DynamoInbox:
        from nereid.aws.audience.inbox import DynamoInbox

        return DynamoInbox(self._table("audience_table"), self._retention, self.clock)

    @cached_property
    def identities(self) -> Identities:
        from nereid.aws.audience.client_identities import DynamoIdentityStore
        from nereid.core.audience.client_identities import Identities

        store = DynamoIdentityStore(self._table("audience_table"), self.users)
        return Identities(store, self.users, self.clock, note_use=bool(self.settings.profile_retention_days))

    @cached_property
    def event_rules(self) -> EventRules:
        from nereid.aws.audience.event_ledger import DynamoEventLedger
        from nereid.core.audience.vibetrace.restrictions import EventRules

        return EventRules(self.users, DynamoEventLedger(self._table("audience_table"), self.clock, self._retention))

    # Stores of messaging

    @cached_property
    def event_types(self) -> DynamoEventTypeStore:
        from nereid.aws.messaging.event_types import DynamoEventTypeStore

        return DynamoEventTypeStore(self._table("activity_table"), self.settings.quotas().event_types)

    @cached_property
    def messages(self) -> DynamoMessageStore:
        from nereid.aws.messaging.messages import DynamoMessageStore

        return DynamoMessageStore(self._table("activity_table"), self._retention)

    @cached_property
    def deliveries(self) -> DynamoDeliveryStore:
        from nereid.aws.messaging.deliveries import DynamoDeliveryStore

        return DynamoDeliveryStore(self._table("activity_table"), self._retention)

    @cached_property
    def suppressions(self) -> DynamoSuppressionStore:
        from nereid.aws.messaging.suppressions import DynamoSuppressionStore

        return DynamoSuppressionStore(self._table("audience_table"), self._has_erased)

    def _has_erased(self, team_id: str) -> bool:
        """Tell whether a team has erased anybody, where the function knows the team anyway."""
        if self.settings.accounts_table is None or self.settings.credential_cache_seconds is None:
            return False
        return self.teams.get(team_id).has_erased

    @cached_property
    def sweep_state(self) -> DynamoSweepState:
        from nereid.aws.messaging.sweep_state import DynamoSweepState

        return DynamoSweepState(self._table("activity_table"))

    @cached_property
    def failure_notes(self) -> DynamoFailureNotes:
        from nereid.aws.messaging.failure_notes import DynamoFailureNotes

        return DynamoFailureNotes(self._table("activity_table"))

    # The pipeline of messaging

    @cached_property
    def message_queue(self) -> SqsMessageQueue:
        from nereid.aws.messaging.queues import SqsMessageQueue

        return SqsMessageQueue(self.clients, self.settings.need("message_queue_url"))

    @cached_property
    def closures(self) -> DynamoClosures:
        from nereid.aws.messaging.schedules import DynamoClosures

        return DynamoClosures(self._table("limits_table"))

    def _delivery_queues(self, *channels: str) -> SqsDeliveryQueues:
        from nereid.aws.messaging.queues import SqsDeliveryQueues

        need = self.settings.need
        normal = {(channel, "normal"): need(f"{channel}_queue_url") for channel in channels}
        high = {(channel, "high"): need(f"{channel}_high_queue_url") for channel in channels}
        return SqsDeliveryQueues(self.clients, {**normal, **high})

    def _waiting(self, channel: str, rate: str, ask: Callable[[], float] | None = None) -> Waiting:
        from nereid.aws.messaging.schedules import DynamoSchedule
        from nereid.core.messaging.deliver import DELIVERY_SECONDS
        from nereid.core.messaging.pace import Pace
        from nereid.core.messaging.waiting import Waiting

        fixed = float(self.settings.need(rate))
        schedule = DynamoSchedule(self._table("limits_table"), channel, fixed, None if fixed else ask)
        patience = timedelta(hours=float(self.settings.need("delivery_patience_hours")))
        pace = Pace(schedule, self.clock, DELIVERY_SECONDS)
        return Waiting(pace, self._delivery_queues(channel), self.clock, patience)

    @property
    def _team_rules(self) -> TeamRules:
        from nereid.core.messaging.team_rules import TeamRules

        return TeamRules(self.teams.get, self.settings.channels(), self.settings.push_applications or "")

    def _hourly_limiter(self) -> HourlyLimiter:
        from nereid.aws.messaging.hourly_counts import DynamoHourlyCounts
        from nereid.core.messaging.hourly_limits import HourlyLimiter

        counts = DynamoHourlyCounts(self._table("limits_table"), self._table("activity_table"))
        return HourlyLimiter(counts, self.clock)

    @cached_property
    def processor(self) -> Processor:
        from nereid.core.messaging.app_inbox_channel import AppInboxChannel
        from nereid.core.messaging.deliver import Deliverer
        from nereid.core.messaging.process_message import Processor
        from nereid.core.messaging.recent_event_types import RecentEventTypes
        from nereid.core.messaging.template_content import TemplateContent

        cache_seconds = float(self.settings.need("event_type_cache_seconds"))
        channel = AppInboxChannel(self.inbox, self.identities)
        return Processor(
            users=self.users,
            event_types=self.event_types,
            recent=RecentEventTypes(self.event_types, self.clock, cache_seconds=cache_seconds),
            messages=self.messages,
            deliveries=self.deliveries,
            queue=self.message_queue,
            queues=self._delivery_queues("email", "sms", "push"),
            inbox=Deliverer(
                channel, TemplateContent(), self.deliveries, self.messages, self.clock, counts=self.delivery_counts
            ),
            is_in_inbox=channel.has,
            successor=self.identities.successor,
            watches=self.sweep_state,
            clock=self.clock,
            defaults=self.settings.channels(),
            counts=self.delivery_counts,
            hours=self.overview_hours,
            erased=self._erased,
        )

    def _erased(self, scope: Scope, names: Collection[str]) -> Mapping[str, datetime]:
        """Tell who was erased of late; hardly any record has this looked up, so its store is made then."""
        return self.erasures.erased(scope, names)

    @cached_property
    def operations(self) -> Operations:
        from nereid.core.audience.register_device import Devices
        from nereid.core.messaging.process_operations import Operations

        devices = Devices(self._devices, self.identities)
        return Operations(self.identities, devices, self.processor, self.message_queue)

    @staticmethod
    def _templates(unsubscribe_url: Callable[[str, str], str] | None = None, bucket: str = "") -> TemplateContent:
        """Return what fills in templates, with what it would load at its first use: it is what deliverers are for."""
        import nereid.core.templates.render  # noqa: F401
        from nereid.core.messaging.template_content import TemplateContent

        return TemplateContent(unsubscribe_url, bucket)

    @cached_property
    def intake(self) -> Intake:
        from nereid.core.messaging.intake import Intake

        return Intake(self.environments.get, self.processor, self.operations, self.event_rules.admits)

    @cached_property
    def email_deliverer(self) -> Deliverer:
        from nereid.aws.messaging.attachment_bucket import AttachmentBucket
        from nereid.aws.messaging.email_channel import SesChannel, sending_rate
        from nereid.aws.outreach.mailbox_channel import EmailChannel, MailboxChannel
        from nereid.core.messaging.deliver import Deliverer
        from nereid.core.outreach.mail import LeadMail

        need = self.settings.need
        bucket = need("attachment_bucket")
        provider = SesChannel(self.clients, need("configuration_set"), AttachmentBucket(self.clients, bucket))
        mailboxes = MailboxChannel(
            self.email_accounts,
            self.token_cipher,
            {"gmail": need("gmail_url"), "outlook": need("graph_url")},
            self.clock,
        )
        return Deliverer(
            EmailChannel(provider, mailboxes),
            LeadMail(self._templates(self.unsubscriber.url, bucket), self.unsubscriber, self.campaign_metrics),
            self.deliveries,
            self.messages,
            self.clock,
            self.suppressions,
            self.delivery_counts,
            self._waiting("email", "emails_per_second", partial(sending_rate, self.clients)),
            self._team_rules,
            self._hourly_limiter(),
        )

    def deliverer_of(self, channel: str) -> Deliverer:
        """Return what delivers a job of the e-mail queue, where those of channels end that nobody may send by."""
        if channel == "email":
            return self._closed_email_deliverer if channel in self.closed_channels() else self.email_deliverer
        return self._closed_deliverer

    @cached_property
    def _closed_email_deliverer(self) -> Deliverer:
        from nereid.core.messaging.closed_channel import ClosedChannel

        return replace(self.email_deliverer, channel=ClosedChannel())

    @cached_property
    def _closed_deliverer(self) -> Deliverer:
        from nereid.core.messaging.closed_channel import ClosedChannel
        from nereid.core.messaging.deliver import Deliverer
        from nereid.core.messaging.template_content import TemplateContent

        return Deliverer(
            ClosedChannel(),
            TemplateContent(),
            self.deliveries,
            self.messages,
            self.clock,
            counts=self.delivery_counts,
            rules=self._team_rules,
        )

    @cached_property
    def sms_deliverer(self) -> Deliverer:
        from nereid.aws.messaging.sms_channel import SmsChannel
        from nereid.core.messaging.deliver import Deliverer

        named = (self.settings.sms_countries or "").upper().replace(" ", "").split(",")
        channel = SmsChannel(self.clients, {code for code in named if code}, self.settings.sms_max_price or "")
        return Deliverer(
            channel,
            self._templates(),
            self.deliveries,
            self.messages,
            self.clock,
            counts=self.delivery_counts,
            waiting=self._waiting("sms", "sms_per_second"),
            rules=self._team_rules,
            limiter=self._hourly_limiter(),
        )

    @cached_property
    def push_deliverer(self) -> Deliverer:
        from nereid.aws.audience.push_endpoints import DynamoPushEndpoints
        from nereid.aws.audience.push_tokens import DynamoPushTokens
        from nereid.aws.messaging.deliveries import DynamoDeliveryStore
        from nereid.aws.messaging.push_channel import PushChannel
        from nereid.core.messaging.deliver import Deliverer

        endpoints = DynamoPushEndpoints(self._table("audience_table"), self.clock)
        channel = PushChannel(self.clients, endpoints, DynamoPushTokens(self.users, self.clock), self.clock)
        deliveries = DynamoDeliveryStore(self._table("activity_table"), self._retention, findable=True)
        return Deliverer(
            channel,
            self._templates(),
            deliveries,
            self.messages,
            self.clock,
            counts=self.delivery_counts,
            waiting=self._waiting("push", "pushes_per_second"),
            rules=self._team_rules,
        )

    def redelivery(self, *queues: str) -> SqsRedelivery:
        """Return what decides when a record of one of the function's queues comes again."""
        from nereid.aws.messaging.queues import SqsRedelivery

        return SqsRedelivery(self.clients, [self.settings.need(f"{queue}_queue_url") for queue in queues])

    @cached_property
    def delivery_counts(self) -> DeliveryCounts:
        from nereid.metrics import DeliveryCounts

        return DeliveryCounts()

    @cached_property
    def failure_noter(self) -> FailureNoter:
        from nereid.core.messaging.failure_notes import FailureNoter

        return FailureNoter(self.failure_notes, self.clock, int(self.settings.need("max_receive_count")))

    @cached_property
    def feedback(self) -> FeedbackRecorder:
        from nereid.aws.audience.push_tokens import DynamoPushTokens
        from nereid.core.messaging.record_feedback import FeedbackRecorder

        tokens = DynamoPushTokens(self.users, self.clock)
        return FeedbackRecorder(
            self.deliveries, self.suppressions, self.deliveries, tokens, self.clock, self.listener, self.overview_hours
        )

    @cached_property
    def unsubscriber(self) -> Unsubscriber:
        from nereid.core.messaging.unsubscribe import Unsubscriber

        return Unsubscriber(self.link_secret, self.settings.base_url or "", self.clock)

    @cached_property
    def overview_hours(self) -> DynamoHourStore:
        from nereid.aws.messaging.overview_hours import DynamoHourStore

        return DynamoHourStore(self._table("activity_table"), self._retention)

    @cached_property
    def overviews(self) -> Overviews:
        from nereid.core.messaging.overview import Overviews

        stores = self.messages, self.deliveries, self.overview_hours
        return Overviews(*stores, self.closures, self.clock, self.dead_letters.count)

    @cached_property
    def previewer(self) -> Previewer:
        from nereid.core.messaging.preview import Previewer

        return Previewer(self.users, self.clock, self.settings.need("attachment_bucket"))

    @cached_property
    def replayer(self) -> Replayer:
        from nereid.core.messaging.replay_message import Replayer

        return Replayer(
            messages=self.messages,
            deliveries=self.deliveries,
            event_types=self.event_types,
            watches=self.sweep_state,
            queue=self.message_queue,
            clock=self.clock,
        )

    @cached_property
    def sweeper(self) -> Sweeper:
        from nereid.aws.messaging.queues import SqsDepths
        from nereid.core.messaging.sweep import Sweeper

        need = self.settings.need
        urls = {
            channel: [need(f"{channel}_queue_url"), need(f"{channel}_high_queue_url")]
            for channel in ("email", "sms", "push")
        }
        urls["message"] = [need("message_queue_url")]
        return Sweeper(
            tenants=self.account_store,
            messages=self.messages,
            deliveries=self.deliveries,
            state=self.sweep_state,
            queue=self.message_queue,
            depths=SqsDepths(self.clients, urls),
            closures=self.closures,
            clock=self.clock,
        )

    @cached_property
    def letter_counts(self) -> SqsDepths:
        from nereid.aws.messaging.queues import SqsDepths

        queues = ("message", *PROVIDED, "feedback")
        return SqsDepths(
            self.clients, {queue: [self.settings.need(f"{queue}_dead_letter_queue_url")] for queue in queues}
        )

    @cached_property
    def eraser(self) -> Eraser:
        from nereid.core.messaging.erase import Eraser

        return Eraser(
            deletions=self.account_store,
            users=self.users,
            event_types=self.event_types,
            messages=self.messages,
            deliveries=self.deliveries,
            state=self.sweep_state,
            hours=self.overview_hours,
            clock=self.clock,
        )

    @cached_property
    def erasures(self) -> DynamoErasureStore:
        from nereid.aws.rights.erasures import DynamoErasureStore

        return DynamoErasureStore(self._table("audience_table"))

    @cached_property
    def user_eraser(self) -> UserEraser:
        from nereid.aws.rights.push_endpoints import SnsEndpoints
        from nereid.core.rights.erase_user import UserEraser

        return UserEraser(
            erasures=self.erasures,
            people=self.users,
            inbox=self.inbox,
            messages=self.messages,
            deliveries=self.deliveries,
            suppressions=self.suppressions,
            leads=self.leads,
            engagement=self.engagement,
            emails=self.outgoing_emails,
            clock=self.clock,
            note_erasure=self.account_store.note_erasure,
            letters=replace(self.dead_letters, seconds=8, most=5000),
            notes=self.failure_notes,
            endpoints=SnsEndpoints(self.clients),
            country_of=self._country_of,
        )

    def _country_of(self, scope: Scope) -> str | None:
        """Return the country of an environment's phone numbers that name none; None also once it is deleted."""
        environment = self.account_store.environment(*scope)
        return environment.default_country if environment is not None else None

    @cached_property
    def user_exporter(self) -> Exporter:
        from nereid.core.rights.export_user import Exporter

        stores = self.users, self.inbox, self.messages, self.deliveries, self.suppressions, self.leads
        return Exporter(*stores, self.clock)

    @cached_property
    def profile_expirer(self) -> ProfileExpirer:
        from nereid.aws.audience.idle_profiles import DynamoIdleProfiles
        from nereid.core.messaging.expire_profiles import ProfileExpirer

        return ProfileExpirer(
            tenants=self.account_store,
            state=self.sweep_state,
            profiles=DynamoIdleProfiles(self._table("audience_table"), self.users),
            clock=self.clock,
            retention=timedelta(days=int(self.settings.need("profile_retention_days"))),
        )

    @cached_property
    def dead_letters(self) -> DeadLetters:
        from nereid.aws.messaging.dead_letter_queues import SqsDeadLetterQueue
        from nereid.core.messaging.dead_letters import QUEUES, DeadLetters

        queues = {}
        for queue in QUEUES:
            # Only who puts letters back is told of the queues that they come from.
            source = getattr(self.settings, f"{queue}_queue_url")
            queues[queue] = SqsDeadLetterQueue(
                self.clients, self.settings.need(f"{queue}_dead_letter_queue_url"), source
            )
        return DeadLetters(queues, self.clock)

    # Outreach

    @cached_property
    def leads(self) -> DynamoLeadStore:
        from nereid.aws.outreach.leads import DynamoLeadStore

        return DynamoLeadStore(self._table("outreach_table"))

    @cached_property
    def campaigns(self) -> DynamoCampaignStore:
        from nereid.aws.outreach.campaigns import DynamoCampaignStore

        return DynamoCampaignStore(self._table("outreach_table"))

    @cached_property
    def campaign_metrics(self) -> DynamoCampaignMetrics:
        from nereid.aws.outreach.campaign_metrics import DynamoCampaignMetrics

        return DynamoCampaignMetrics(self._table("activity_table"))

    @cached_property
    def engagement(self) -> DynamoEngagementStore:
        from nereid.aws.outreach.engagement import DynamoEngagementStore

        return DynamoEngagementStore(self._table("outreach_table"))

    @cached_property
    def outgoing_emails(self) -> DynamoOutgoingEmailStore:
        from nereid.aws.outreach.outgoing_emails import DynamoOutgoingEmailStore

        return DynamoOutgoingEmailStore(self._table("outreach_table"), self._retention)

    @cached_property
    def email_accounts(self) -> DynamoEmailAccountStore:
        from nereid.aws.outreach.email_accounts import DynamoEmailAccountStore

        return DynamoEmailAccountStore(self._table("outreach_table"))

    @cached_property
    def token_cipher(self) -> KmsTokenCipher:
        from nereid.aws.outreach.token_cipher import KmsTokenCipher

        return KmsTokenCipher(self.clients, self.settings.need("email_account_key"))

    @cached_property
    def writer(self) -> BedrockWriter | None:
        model_id = self.settings.need("bedrock_model_id")
        if not model_id:
            return None
        from nereid.aws.outreach.bedrock_writer import BedrockWriter

        return BedrockWriter(self.clients, model_id)

    @cached_property
    def email_sender(self) -> EmailSender:
        from nereid.core.outreach.send_email import EmailSender

        return EmailSender(
            leads=self.leads,
            campaigns=self.campaigns,
            suppressions=self.suppressions,
            accounts=self.email_accounts,
            emails=self.outgoing_emails,
            queue=self.message_queue,
            clock=self.clock,
        )

    @cached_property
    def suppression_listener(self) -> SuppressedLeads:
        from nereid.core.outreach.feedback import SuppressedLeads

        return SuppressedLeads(self.leads, self.clock)

    @cached_property
    def listener(self) -> OutreachFeedback:
        from nereid.core.outreach.feedback import OutreachFeedback

        return OutreachFeedback(self.leads, self.clock, self.deliveries, self.campaign_metrics, self.engagement)


runtime = Runtime()
