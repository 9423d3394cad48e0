"""Every conditional write of every store, with an error that is no failed condition: none is taken for one."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

import nereid.aws.table
from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from nereid.aws.access.accounts import DynamoAccountStore
from nereid.aws.access.limits import DynamoLimitStore
from nereid.aws.audience.client_identities import DynamoIdentityStore
from nereid.aws.audience.devices import DynamoDeviceStore
from nereid.aws.audience.event_ledger import DynamoEventLedger
from nereid.aws.audience.idle_profiles import DynamoIdleProfiles
from nereid.aws.audience.inbox import DynamoInbox
from nereid.aws.audience.push_tokens import DynamoPushTokens
from nereid.aws.audience.users import DynamoUserStore
from nereid.aws.errors import ConditionFailed
from nereid.aws.messaging.deliveries import DynamoDeliveryStore
from nereid.aws.messaging.event_types import DynamoEventTypeStore
from nereid.aws.messaging.hourly_counts import DynamoHourlyCounts
from nereid.aws.messaging.messages import DynamoMessageStore
from nereid.aws.messaging.schedules import DynamoSchedule
from nereid.aws.messaging.suppressions import DynamoSuppressionStore
from nereid.aws.outreach.campaign_metrics import DynamoCampaignMetrics
from nereid.aws.outreach.campaigns import DynamoCampaignStore
from nereid.aws.outreach.email_accounts import DynamoEmailAccountStore
from nereid.aws.outreach.engagement import DynamoEngagementStore
from nereid.aws.outreach.leads import DynamoLeadStore
from nereid.aws.outreach.outgoing_emails import DynamoOutgoingEmailStore
from nereid.aws.rights.erasures import DynamoErasureStore
from nereid.aws.table import Table
from nereid.clock import SystemClock
from nereid.core.audience.merge import Merging
from nereid.core.audience.users import new_user
from nereid.errors import NereidError, Unavailable
from nereid.models.account import Account, Session
from nereid.models.campaign import Campaign
from nereid.models.delivery import DeliveryJob, Plan, Planned, Recipient
from nereid.models.erasure import Erasure
from nereid.models.event_type import AppInboxNotification, AppTemplate, EventType
from nereid.models.lead import Lead, LeadChange
from nereid.models.lead_email import OutgoingEmail
from nereid.models.message import Message
from nereid.models.operation import Link
from nereid.models.team import ApiToken, Channels, ClientKey, Environment, Scope, Team
from nereid.models.user import AppNotification, ContactInfo, Device, profile_id
from nereid.ports.audience import DeviceChange, IdleProfile, Settlement
from nereid.ports.messaging import Busy, HourlyLimit, Outcome
from nereid.ports.outreach import Count
from tests.support.cloud import tables

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SCOPE = Scope("team", "dev")
IDLE, IDLE_LINK = IdleProfile("anon", NOW), Link(profile_id("anon"), None, NOW)
ADAPTERS = Path(nereid.aws.table.__file__).parent


class Client:
    """A client of DynamoDB that counts conditional writes, and refuses the one that it is told to."""

    def __init__(self) -> None:
        self._memory = MemoryDynamoDB(tables())
        self._refusal: ClientError | None = None
        self._refused_at = 0
        self.writes = 0
        #: Whether a write was refused.
        self.refused = False
        #: What others write meanwhile is neither counted nor refused.
        self.by_others = True
        #: Where in the adapters the conditional writes were called.
        self.places: set[tuple[str, int]] = set()

    def refuse(self, position: int, refusal: ClientError | None) -> None:
        """Count from now on, and refuse the conditional write at a position, from 1."""
        self.by_others = False
        self._refused_at, self._refusal = position, refusal

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._memory, operation)

        def call(**given: Any) -> Any:
            is_transaction = operation == "transact_write_items"
            if not self.by_others and (is_transaction or "ConditionExpression" in given):
                self.writes += 1
                self.places |= set(_callers())
                self._refuse(is_transaction=is_transaction)
            return method(**given)

        return call

    def _refuse(self, *, is_transaction: bool) -> None:
        if self._refusal is None or self.writes != self._refused_at:
            return
        if is_transaction or "CancellationReasons" not in self._refusal.response:
            self.refused = True
            raise self._refusal


def _callers() -> Iterator[tuple[str, int]]:
    frame = sys._getframe()
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ADAPTERS) and path.name != "table.py":
            yield str(path.relative_to(ADAPTERS)), frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]


class Stores:
    """All stores, over one empty database."""

    def __init__(self) -> None:
        self.client = Client()
        clients: Any = SimpleNamespace(dynamodb=self.client)
        audience, activity = Table(clients, "AudienceTable"), Table(clients, "ActivityTable")
        outreach, accounts = Table(clients, "OutreachTable"), Table(clients, "AccountsTable")
        self.accounts = DynamoAccountStore(accounts)
        self.limits = DynamoLimitStore(Table(clients, "LimitsTable"))
        self.schedule = DynamoSchedule(Table(clients, "LimitsTable"), "email", 0, lambda: 14.0)
        self.users = DynamoUserStore(audience)
        self.identities = DynamoIdentityStore(audience, self.users)
        self.devices = DynamoDeviceStore(audience, self.users)
        self.ledger = DynamoEventLedger(audience, SystemClock(), 0)
        self.idle_profiles = DynamoIdleProfiles(audience, self.users)
        self.inbox = DynamoInbox(audience)
        self.tokens = DynamoPushTokens(self.users, SystemClock())
        self.suppressions = DynamoSuppressionStore(audience)
        self.erasures = DynamoErasureStore(audience)
        self.deliveries = DynamoDeliveryStore(activity)
        self.event_types = DynamoEventTypeStore(activity)
        self.messages = DynamoMessageStore(activity)
        self.hourly = DynamoHourlyCounts(Table(clients, "LimitsTable"), activity)
        self.metrics = DynamoCampaignMetrics(activity)
        self.campaigns = DynamoCampaignStore(outreach)
        self.mailboxes = DynamoEmailAccountStore(outreach)
        self.engagement = DynamoEngagementStore(outreach)
        self.leads = DynamoLeadStore(outreach)
        self.outgoing_emails = DynamoOutgoingEmailStore(outreach)


TOKEN = ApiToken(
    team_id="team",
    id="t",
    name="t",
    permissions=["post_events"],
    default_environment="dev",
    created_at=NOW,
    expires_at=LATER,
)
EVENT_TYPE = EventType(event_type="x", environment="dev", notifications=[], created_at=NOW, updated_at=NOW)


def contact(value: str = "a@example.com", type_: Any = "email") -> ContactInfo:
    return ContactInfo(type=type_, value=value, created_at=NOW, updated_at=NOW)


def device(device_id: str = "d") -> Device:
    return Device(
        device_id=device_id, os="iOS 16", model="m", app_build="1", app_version="1", created_at=NOW, updated_at=NOW
    )


def notice(user_id: str = "u") -> AppNotification:
    return AppNotification(uuid="n", user_id=user_id, event_type="x", title="t", body="b", created_at=NOW)


def lead(lead_id: str = "1" * 36, email: str = "a@example.com", **more: Any) -> Lead:
    return Lead(id=lead_id, full_name="Sam", email=email, created_at=NOW, updated_at=NOW, **more)


def account(name: str = "a") -> Account:
    members = {"id": name, "team_id": "team", "email": f"{name}@example.com", "full_name": "Sam", "role": "Admin"}
    return Account.model_validate({**members, "environment": "dev", "password_hash": "h", "created_at": NOW})


def job() -> DeliveryJob:
    notification = AppInboxNotification(name="inbox", channel="app", template=AppTemplate(title="t", body="b"))
    return DeliveryJob(
        team_id="team",
        environment="dev",
        mock=False,
        channels=Channels(),
        delivery_id="d",
        recipient=Recipient(type="user", value="u"),
        notification=notification,
        message_id="m",
        message=None,
        planned_at=NOW,
    )


ENVIRONMENT = Environment(team_id="team", identifier="dev", name="dev", created_at=NOW)
SESSION = Session(id="s", email="a@example.com", token_hash="old", expires_at=LATER)
KEY = ClientKey(
    team_id="team", id="k", environment="dev", scope="public", shown="pk_1", key_hash="hash", created_at=NOW
)
CAMPAIGN = Campaign(id="c", name="n", type="email", created_at=NOW, updated_at=NOW)
MESSAGE = Message(message_id="m", event_type="x", source="neptune", received_at=NOW)
PLAN = Plan(planned_at=NOW)
PLANNED = Planned("d", "inbox", "app", Recipient(type="user", value="u"))
EMAIL = OutgoingEmail(
    id="e", campaign_id="c", lead_id="l", subject="s", to="a@example.com", environment="dev", created_at=NOW
)
LIMIT, LIMIT_OF_KEY = HourlyLimit("sms_address", "+1", 1), HourlyLimit("sms_key", "k", 1)
OPENED = {"type": "open", "at": "2026-01-31T09:30:00+00:00"}


def a_user(stores: Stores, user_id: str = "u", *contacts: ContactInfo) -> Any:
    """Store a user; return it as it is read."""
    user = new_user(user_id, NOW)
    stores.users.create(SCOPE, user)
    for each in contacts:
        stores.users.put_contact_info(SCOPE, user, each, new=True)
    return stores.users.load(SCOPE, user_id)


def a_profile(stores: Stores) -> Any:
    """Store an anonymous profile with one of everything."""
    profile = new_user(profile_id("anon"), NOW)
    stores.identities.create_profile(SCOPE, "anon", profile)
    stores.devices.save(SCOPE, [DeviceChange(profile, devices=[device()])])
    stores.users.put_contact_info(SCOPE, profile, contact(), new=True)
    stores.inbox.put(SCOPE, notice(profile.user_id))
    return stores.users.load(SCOPE, profile.user_id)


def an_idle_profile(stores: Stores, *devices: Device) -> Any:
    """Store an anonymous profile that may expire."""
    profile = new_user(IDLE_LINK.user_id, NOW)
    stores.identities.create_profile(SCOPE, "anon", profile, NOW)
    if devices:
        stores.devices.save(SCOPE, [DeviceChange(profile, devices=devices)])
    return stores.users.load(SCOPE, profile.user_id)


def half_expired(stores: Stores) -> None:
    profile = an_idle_profile(stores, device())
    stores.users.write(*stores.users.vanishing(SCOPE, profile))


def a_claim(stores: Stores) -> None:
    stores.deliveries.claim(job(), "token", NOW, LATER)


def a_sent_delivery(stores: Stores) -> None:
    a_claim(stores)
    stores.deliveries.record(SCOPE, "d", "token", Outcome("success", rendered={"title": "t"}), NOW)


def a_soft_bounce(stores: Stores) -> None:
    stores.suppressions.soft_bounced("team", "a@example.com", "d", NOW)


def a_suppression(stores: Stores) -> None:
    stores.suppressions.add("team", "a@example.com", "bounce", NOW)


def an_erasure(stores: Stores) -> Erasure:
    return stores.erasures.request(SCOPE, "u", "receipt", NOW)


def a_lead(stores: Stores, **more: Any) -> Lead:
    stores.leads.add("team", lead(**more))
    found = stores.leads.get("team", "1" * 36)
    assert found
    return found


def absorbed(stores: Stores) -> Callable[[], Any]:
    profile = a_profile(stores)
    user = a_user(stores)
    link = stores.identities.absorb(SCOPE, "anon", profile, user, is_new=False)
    return lambda: stores.identities.finish(SCOPE, "anon", link, Merging())


def unlinking(stores: Stores) -> Callable[[], Any]:
    a_profile(stores)
    return lambda: stores.users.delete(SCOPE, profile_id("anon"))


def leaving_something(stores: Stores) -> Callable[[], Any]:
    """Return a deletion of a user to whom another call adds a contact info meanwhile."""
    user = a_user(stores)
    purge = stores.users.purge

    def purge_and_add(*given: Any) -> None:
        purge(*given)
        stores.client.by_others = True
        stores.users.put_contact_info(SCOPE, user, contact(), new=True)
        stores.client.by_others = False

    stores.users.purge = purge_and_add  # type: ignore[method-assign, assignment]
    return lambda: stores.users.delete(SCOPE, "u")


def changing_devices(stores: Stores) -> Callable[[], Any]:
    user = a_user(stores, "u", contact())
    put, removed = [contact("t", "firebase_token")], user.contact_infos
    change = DeviceChange(user, put, removed, [device()], [device("old")])
    return lambda: stores.devices.save_with_token(SCOPE, [change], "t", "r", None, NOW)


def reviving(stores: Stores) -> Callable[[], Any]:
    a_user(stores, "u", contact("t", "firebase_token"))
    return lambda: stores.tokens.note_revived(SCOPE, "t")


def dropping(stores: Stores) -> Callable[[], Any]:
    a_user(stores, "u", contact("t", "firebase_token"))
    return lambda: stores.tokens.drop(SCOPE, "t")


def settling(stores: Stores) -> Callable[[], Any]:
    settlement = Settlement("m", "order", a_user(stores), contact())
    return lambda: stores.ledger.settle(SCOPE, settlement)


def counting(stores: Stores, once_for: str | None = None) -> Callable[[], Any]:
    a_sent_delivery(stores)
    stores.metrics.count_sent(SCOPE, "d", "c", NOW)
    seen = stores.metrics.noted(SCOPE, "d")
    assert seen
    count = Count("c", "opened", NOW.date(), NOW.date(), once_for)
    return lambda: stores.metrics.count(SCOPE, "d", seen, OPENED, 1, count)


def counting_once_more(stores: Stores) -> Callable[[], Any]:
    """Return a count of what was counted for the lead with another mail."""
    count = counting(stores, "l")
    stores.deliveries.claim(job().model_copy(update={"delivery_id": "other"}), "token", NOW, LATER)
    seen = stores.metrics.noted(SCOPE, "other")
    assert seen
    stores.metrics.count(SCOPE, "other", seen, OPENED, 1, Count("c", "opened", NOW.date(), NOW.date(), "l"))
    return count


def closing_an_unknown_outcome(stores: Stores) -> Callable[[], Any]:
    a_claim(stores)
    return lambda: stores.deliveries.close(SCOPE, PLANNED, NOW, "why", LATER + timedelta(hours=1))


def after(prepare: Callable[[Stores], Any], call: Callable[[Stores], Any]) -> Callable[[Stores], Callable[[], Any]]:
    def make(stores: Stores) -> Callable[[], Any]:
        prepare(stores)
        return lambda: call(stores)

    return make


def simply(call: Callable[[Stores], Any]) -> Callable[[Stores], Callable[[], Any]]:
    return after(lambda _: None, call)


def with_what(
    prepare: Callable[[Stores], Any], call: Callable[[Stores, Any], Any]
) -> Callable[[Stores], Callable[[], Any]]:
    """As `after`, with what was prepared."""

    def make(stores: Stores) -> Callable[[], Any]:
        prepared = prepare(stores)
        return lambda: call(stores, prepared)

    return make


def changed(before: Lead, **more: Any) -> Lead:
    return before.model_copy(update=more)


def deleted_lead_of_many_campaigns(stores: Stores) -> Lead:
    a_lead(stores)
    for number in range(95):
        stores.leads.assign("team", f"c{number}", ["1" * 36])
    found = stores.leads.get("team", "1" * 36)
    assert found
    return found


def a_team(stores: Stores) -> None:
    stores.accounts.create_team(Team(id="team", name="t", created_at=NOW), ENVIRONMENT, None)


def a_deletion(stores: Stores) -> None:
    a_team(stores)
    stores.accounts.delete_environment(ENVIRONMENT.scope, NOW)


def registered(stores: Stores) -> None:
    stores.accounts.create_team(Team(id="team", name="t", created_at=NOW), ENVIRONMENT, None, account())


def logged_in(stores: Stores) -> None:
    registered(stores)
    stores.accounts.begin_session(SESSION, LATER, account())


#: What prepares a store, and returns the call that is refused a write.
CALLS: dict[str, Callable[[Stores], Callable[[], Any]]] = {
    "create_team": simply(
        lambda s: s.accounts.create_team(Team(id="team", name="t", created_at=NOW), ENVIRONMENT, None, account())
    ),
    "verify_account": after(registered, lambda s: s.accounts.verify_account("a@example.com", "a")),
    "change_password": after(registered, lambda s: s.accounts.change_password(account(), "new", NOW)),
    "note_erasure": after(registered, lambda s: s.accounts.note_erasure(SCOPE, NOW, hashes=True)),
    "add_account": simply(lambda s: s.accounts.add_account(account())),
    "set_role": after(registered, lambda s: s.accounts.set_role(account(), "User", None)),
    "delete_account": after(registered, lambda s: s.accounts.delete_account(account(), account("b"))),
    "begin_session": after(registered, lambda s: s.accounts.begin_session(SESSION, LATER, account())),
    "renew_session": after(
        logged_in,
        lambda s: s.accounts.renew_session(SESSION.model_copy(update={"token_hash": "new"}), "old"),
    ),
    "create_environment": simply(lambda s: s.accounts.create_environment(ENVIRONMENT)),
    "update_environment": after(
        lambda s: s.accounts.create_environment(ENVIRONMENT), lambda s: s.accounts.update_environment(ENVIRONMENT)
    ),
    "create_client_key": simply(lambda s: s.accounts.create_client_key(KEY)),
    "delete_client_key": after(
        lambda s: s.accounts.create_client_key(KEY), lambda s: s.accounts.delete_client_key("team", "k")
    ),
    "create_api_token": simply(lambda s: s.accounts.create_api_token(TOKEN)),
    "set_senders": after(a_team, lambda s: s.accounts.set_senders("team", ["*"])),
    "delete_environment": after(a_team, lambda s: s.accounts.delete_environment(ENVIRONMENT.scope, NOW)),
    "finish_deletion": after(a_deletion, lambda s: s.accounts.finish_deletion(ENVIRONMENT.scope)),
    "delete_api_token": simply(lambda s: s.accounts.delete_api_token("team", "t")),
    "limits use": simply(lambda s: s.limits.use("k", "w", 1, 10, LATER)),
    "limits attempt": simply(lambda s: s.limits.attempt("k", 1, NOW, LATER)),
    "limits attempt_ended": after(
        lambda s: s.limits.attempt("k", 1, NOW, LATER), lambda s: s.limits.attempt_ended("k", NOW, failed=True)
    ),
    "schedule rate": simply(lambda s: s.schedule.rate("normal", NOW)),
    "schedule book": after(
        lambda s: s.schedule.rate("normal", NOW), lambda s: s.schedule.book("normal", 1, NOW, LATER)
    ),
    "schedule close": simply(lambda s: s.schedule.close(Busy(LATER, "quota", "Q"))),
    "users create": simply(lambda s: s.users.create(SCOPE, new_user("u", NOW))),
    "users update": with_what(a_user, lambda s, user: s.users.update(SCOPE, user)),
    "users save": with_what(a_user, lambda s, user: s.users.save(SCOPE, user, [contact()])),
    "users delete": after(lambda s: a_user(s, "u", contact()), lambda s: s.users.delete(SCOPE, "u")),
    "users delete, linked": unlinking,
    "users delete, not all": leaving_something,
    "put_contact_info, new": with_what(
        a_user, lambda s, user: s.users.put_contact_info(SCOPE, user, contact(), new=True)
    ),
    "put_contact_info, known": with_what(
        lambda s: a_user(s, "u", contact()),
        lambda s, user: s.users.put_contact_info(SCOPE, user, user.contact_infos[0], new=False),
    ),
    "delete_contact_info": with_what(
        lambda s: a_user(s, "u", contact()),
        lambda s, user: s.users.delete_contact_info(SCOPE, user, user.contact_infos[0]),
    ),
    "create_with_contact": simply(lambda s: s.users.create_with_contact(SCOPE, new_user("u", NOW), contact(), None)),
    "create_profile": simply(lambda s: s.identities.create_profile(SCOPE, "anon", new_user(profile_id("anon"), NOW))),
    "link": with_what(a_user, lambda s, user: s.identities.link(SCOPE, "anon", user)),
    "absorb": with_what(
        a_profile, lambda s, profile: s.identities.absorb(SCOPE, "anon", profile, new_user("u", NOW), is_new=True)
    ),
    "finish": absorbed,
    "note_use": after(an_idle_profile, lambda s: s.identities.note_use(SCOPE, "anon", IDLE_LINK, LATER)),
    "put_contact_info, of a profile": with_what(
        an_idle_profile, lambda s, profile: s.users.put_contact_info(SCOPE, profile, contact(), new=True)
    ),
    "keep": after(an_idle_profile, lambda s: s.idle_profiles.keep(SCOPE, [(IDLE, LATER)])),
    "expire": with_what(an_idle_profile, lambda s, profile: s.idle_profiles.expire(SCOPE, [(IDLE, profile)])),
    "expire, with what it has": with_what(
        lambda s: an_idle_profile(s, device()), lambda s, profile: s.idle_profiles.expire(SCOPE, [(IDLE, profile)])
    ),
    "expire, half gone": after(half_expired, lambda s: s.idle_profiles.expire(SCOPE, [(IDLE, None)])),
    "devices save": with_what(a_user, lambda s, user: s.devices.save(SCOPE, [DeviceChange(user, devices=[device()])])),
    "devices save_with_token": changing_devices,
    "settle": settling,
    "inbox put": simply(lambda s: s.inbox.put(SCOPE, notice())),
    "inbox put, for a profile": after(a_profile, lambda s: s.inbox.put(SCOPE, notice(profile_id("anon")))),
    "mark_read": after(
        lambda s: s.inbox.put(SCOPE, notice()), lambda s: s.inbox.mark_read(SCOPE, "u", "n", NOW, LATER)
    ),
    "mark_all_read": after(lambda s: s.inbox.put(SCOPE, notice()), lambda s: s.inbox.mark_all_read(SCOPE, "u", LATER)),
    "note_revived": reviving,
    "drop": dropping,
    "suppressions add": simply(lambda s: s.suppressions.add("team", "a@example.com", "bounce", NOW)),
    "suppressions delivered": after(
        a_soft_bounce,
        lambda s: s.suppressions.delivered("team", "a@example.com", LATER),
    ),
    "suppressions remove": after(
        a_suppression,
        lambda s: s.suppressions.remove("team", "a@example.com", ["bounce"], LATER),
    ),
    "suppressions erase": after(a_suppression, lambda s: s.suppressions.erase("team", "a@example.com", for_good=False)),
    "suppressions erase, for good": after(
        a_suppression, lambda s: s.suppressions.erase("team", "a@example.com", for_good=True)
    ),
    "suppressions erase, of what suppresses nothing": after(
        a_soft_bounce, lambda s: s.suppressions.erase("team", "a@example.com", for_good=False)
    ),
    "erasures note": with_what(an_erasure, lambda s, erasure: s.erasures.note(erasure, ["email a@example.com"])),
    "erasures advance": with_what(an_erasure, lambda s, erasure: s.erasures.advance(erasure, "position")),
    "erasures finish": with_what(an_erasure, lambda s, erasure: s.erasures.finish(erasure, LATER)),
    "claim": simply(a_claim),
    "deliveries add": simply(lambda s: s.deliveries.add(job(), Outcome("success"), NOW)),
    "record": after(a_claim, lambda s: s.deliveries.record(SCOPE, "d", "token", Outcome("success"), NOW)),
    "report": after(a_sent_delivery, lambda s: s.deliveries.report(SCOPE, "d", OPENED)),
    "reopen": after(a_sent_delivery, lambda s: s.deliveries.reopen(SCOPE, PLANNED, NOW, "r", LATER)),
    "close": simply(lambda s: s.deliveries.close(SCOPE, PLANNED, NOW, "why", LATER)),
    "close, claimed": closing_an_unknown_outcome,
    "deliveries erase": after(a_sent_delivery, lambda s: s.deliveries.erase(SCOPE, PLANNED, NOW, LATER)),
    "deliveries erase, not begun": simply(lambda s: s.deliveries.erase(SCOPE, PLANNED, NOW, LATER)),
    "drop_rendered": after(a_sent_delivery, lambda s: s.deliveries.drop_rendered(SCOPE, ["d"])),
    "event_types put": simply(lambda s: s.event_types.put(SCOPE, EVENT_TYPE)),
    "event_types put, known": after(
        lambda s: s.event_types.put(SCOPE, EVENT_TYPE), lambda s: s.event_types.put(SCOPE, EVENT_TYPE)
    ),
    "event_types delete": simply(lambda s: s.event_types.delete(SCOPE, "x")),
    "event_types delete, counted": after(
        lambda s: s.event_types.put(SCOPE, EVENT_TYPE), lambda s: s.event_types.delete(SCOPE, "x")
    ),
    "messages add": simply(lambda s: s.messages.add(SCOPE, MESSAGE, PLAN)),
    "messages count_conflict": after(
        lambda s: s.messages.add(SCOPE, MESSAGE, PLAN), lambda s: s.messages.count_conflict(SCOPE, "m", "mark")
    ),
    "messages replace": after(
        lambda s: s.messages.add(SCOPE, MESSAGE, PLAN), lambda s: s.messages.replace(SCOPE, MESSAGE, PLAN)
    ),
    "hourly count": after(a_claim, lambda s: s.hourly.count(job(), "token", [LIMIT, LIMIT_OF_KEY], NOW)),
    "count_sent": after(a_claim, lambda s: s.metrics.count_sent(SCOPE, "d", "c", NOW)),
    "metrics count": counting,
    "metrics count, once": lambda s: counting(s, "l"),
    "metrics count, counted before": counting_once_more,
    "campaigns change": after(
        lambda s: s.campaigns.add("team", CAMPAIGN), lambda s: s.campaigns.change("team", CAMPAIGN)
    ),
    "mailboxes refused": after(
        lambda s: s.mailboxes.put("team", "a@example.com", "gmail", [b"t"], NOW),
        lambda s: s.mailboxes.refused("team", "a@example.com", [b"t"]),
    ),
    "engagement note": simply(lambda s: s.engagement.note("team", "l", "opened")),
    "leads add": simply(lambda s: s.leads.add("team", lead())),
    "leads add, in two forms": simply(lambda s: s.leads.add("team", lead(email="a@xn--mller-kva.example"))),
    "leads change": with_what(
        a_lead, lambda s, before: s.leads.change("team", before, changed(before, full_name="Kim"))
    ),
    "leads change, counted": with_what(
        a_lead,
        lambda s, before: s.leads.change("team", before, changed(before, email="b@example.com", company="ACME")),
    ),
    "leads write_many": simply(lambda s: s.leads.write_many("team", [LeadChange(None, lead())])),
    "leads delete": with_what(a_lead, lambda s, before: s.leads.delete("team", before)),
    "leads delete, of many campaigns": with_what(
        deleted_lead_of_many_campaigns, lambda s, before: s.leads.delete("team", before)
    ),
    "assign": after(a_lead, lambda s: s.leads.assign("team", "c", ["1" * 36])),
    "set_scores": after(a_lead, lambda s: s.leads.set_scores("team", {"1" * 36: 5})),
    "outgoing emails add": simply(lambda s: s.outgoing_emails.add("team", EMAIL)),
    "outgoing emails reserve": simply(lambda s: s.outgoing_emails.reserve("team", "k", "e", "f", NOW)),
}


def refusal(code: str, reasons: list[str] | None = None) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    if reasons is not None:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(answer, "X")


def cancelled(*reasons: str) -> ClientError:
    return refusal("TransactionCanceledException", list(reasons))


#: Errors of ours: they stay what they are.
BUGS = {
    "AccessDenied": refusal("AccessDeniedException"),
    "Validation": refusal("ValidationException"),
    "second of a transaction": cancelled("None", "ValidationError"),
    "first of a transaction": cancelled("ValidationError", "None"),
    "beside a failed condition": cancelled("ConditionalCheckFailed", "ValidationError"),
}
#: What may pass.
PASSING = {
    "throttled": refusal("ThrottlingException"),
    "provisioned": refusal("ProvisionedThroughputExceededException"),
    "collection too large": refusal("ItemCollectionSizeLimitExceededException"),
    "replica": refusal("ReplicatedWriteConflictException"),
    "second of a transaction throttled": cancelled("None", "ThrottlingError"),
    "second of a transaction provisioned": cancelled("None", "ProvisionedThroughputExceeded"),
    "second of a transaction too large": cancelled("None", "ItemCollectionSizeLimitExceeded"),
    "throttled beside a failed condition": cancelled("ConditionalCheckFailed", "ThrottlingError"),
}


def refused(name: str, error: ClientError) -> Iterator[BaseException | None]:
    """Refuse each conditional write of a call in turn; yield what the call raises."""
    for position in count(1):
        stores = Stores()
        call = CALLS[name](stores)
        stores.client.refuse(position, error)
        raised: BaseException | None = None
        try:
            call()
        except (NereidError, ClientError) as outcome:
            raised = outcome
        if stores.client.writes < position:
            assert position > 1, "nothing was written"
            return
        if stores.client.refused:
            yield raised


@pytest.mark.parametrize("name", CALLS)
def test_a_bug_is_not_taken_for_a_condition(name: str) -> None:
    for kind, error in BUGS.items():
        assert all(raised is error for raised in refused(name, error)), kind


@pytest.mark.parametrize("name", CALLS)
def test_what_may_pass_is_not_taken_for_a_condition(name: str) -> None:
    for kind, error in PASSING.items():
        assert all(isinstance(raised, Unavailable) for raised in refused(name, error)), kind


def test_each_conditional_write_is_refused_by_one_of_these_tests() -> None:
    reached: set[tuple[str, int]] = set()
    for make in CALLS.values():
        stores = Stores()
        call = make(stores)
        stores.client.refuse(0, None)
        with suppress(NereidError):
            call()
        reached |= stores.client.places
    missed = [
        f"{path}:{first}"
        for path, first, last in _conditional_writes()
        if not any(path == other and first <= line <= last for other, line in reached)
    ]
    assert missed == []


def _conditional_writes() -> Iterator[tuple[str, int, int]]:
    """Yield file, first and last line of each call in the adapters that may find a condition false."""
    for path in sorted(ADAPTERS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if path.name == "table.py" or not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            if name in ("transact", "transact_once") or (owner.endswith("_table") and _has_condition(name, node)):
                yield str(path.relative_to(ADAPTERS)), node.lineno, node.end_lineno or node.lineno


def _has_condition(name: str, call: ast.Call) -> bool:
    # What is handed over as one argument may hold a condition.
    starred = any(isinstance(each, ast.Starred) for each in call.args) and name == "put"
    keywords = {each.arg for each in call.keywords}
    most = {"put": 1, "delete": 2}.get(name)
    if name == "update":
        return not keywords.isdisjoint({"condition", None})
    return most is not None and (starred or len(call.args) > most)


def test_a_failed_condition_never_leaves_the_adapters() -> None:
    assert not issubclass(ConditionFailed, NereidError)
    for path in sorted(ADAPTERS.parent.rglob("*.py")):
        if not path.is_relative_to(ADAPTERS):
            assert "ConditionFailed" not in path.read_text(encoding="utf-8"), path
