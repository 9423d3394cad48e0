"""What the core needs from outside, as protocols.

`nereid.aws` implements them over DynamoDB, SQS, SES and SNS; tests bring fakes that fail on purpose. Every
method may raise `nereid.errors.Unavailable`; what else it raises is said in its docstring.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, Protocol

from nereid.errors import NotFound
from nereid.models.account import Account, Session
from nereid.models.campaign import Campaign
from nereid.models.delivery import Delivery, DeliveryJob, Plan, Planned, Status
from nereid.models.draft import Draft, Facts, Tone
from nereid.models.event_type import EventType
from nereid.models.lead import Lead, LeadChange, LeadFilter
from nereid.models.lead_email import (
    EmailAccount,
    EmailReference,
    Engagement,
    Fact,
    MailboxProvider,
    OutgoingEmail,
    SealedAccount,
)
from nereid.models.message import EventBatch, Message
from nereid.models.operation import Link
from nereid.models.suppression import Suppression, SuppressionReason
from nereid.models.team import ApiToken, ClientKey, Environment, Scope, Team
from nereid.models.user import AppNotification, ContactInfo, Device, User


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class AccountStore(Protocol):
    """Teams, environments and credentials."""

    def create_team(
        self, team: Team, environment: Environment, token: ApiToken | None, account: Account | None = None
    ) -> None:
        """Store a new team with its first environment and what opens it, all or nothing.

        `AlreadyExists` if the account's e-mail address is taken.
        """
        ...

    def account(self, email: str) -> Account | None:
        """Return the account with this e-mail address, in lower case."""
        ...

    def begin_session(self, session: Session) -> None:
        """Store what a login began."""
        ...

    def session(self, session_id: str) -> Session | None:
        """Return a session; None if it is unknown or was ended."""
        ...

    def renew_session(self, session: Session, token_hash: str) -> None:
        """Replace the valid refresh token of a session; `NotFound` if `token_hash` is not the valid one any more."""
        ...

    def end_session(self, session_id: str) -> None:
        """End a session, so that none of its refresh tokens is valid."""
        ...

    def environment(self, team_id: str, identifier: str) -> Environment | None:
        """Return one environment of a team."""
        ...

    def environments(self, team_id: str) -> list[Environment]:
        """Return all environments of a team, oldest first."""
        ...

    def create_environment(self, environment: Environment) -> None:
        """Store a new environment; `AlreadyExists` if the identifier is taken."""
        ...

    def api_token(self, team_id: str, token_id: str) -> ApiToken | None:
        """Return the record of a token, None if it was never issued or is revoked."""
        ...

    def api_tokens(self, team_id: str) -> list[ApiToken]:
        """Return a team's tokens, oldest first."""
        ...

    def create_api_token(self, token: ApiToken) -> None:
        """Store a new token."""
        ...

    def delete_api_token(self, team_id: str, token_id: str) -> None:
        """Revoke a token; `NotFound` if there is none."""
        ...

    def client_key(self, key_hash: str) -> ClientKey | None:
        """Return the client key with this hash."""
        ...

    def client_keys(self, team_id: str) -> list[ClientKey]:
        """Return a team's client keys, oldest first."""
        ...

    def create_client_key(self, key: ClientKey) -> None:
        """Store a new client key."""
        ...

    def delete_client_key(self, team_id: str, key_id: str) -> None:
        """Revoke a client key; `NotFound` if there is none."""
        ...

    def scopes(self) -> Iterator[Scope]:
        """Yield every environment of every team, in one order; one that was made just now may be missing."""
        ...

    def ping(self) -> None:
        """Do the cheapest read there is; `Unavailable` if it fails."""
        ...


class UserStore(Protocol):
    """Users and their contact infos."""

    def get(self, scope: Scope, user_id: str) -> User | None:
        """Return a user without contact infos (one read of one item)."""
        ...

    def load(self, scope: Scope, user_id: str) -> User | None:
        """Return a user with all contact infos, in order of creation (one query)."""
        ...

    def create(self, scope: Scope, user: User) -> None:
        """Store a new user; `AlreadyExists` if there is one with the id."""
        ...

    def update(self, scope: Scope, user: User) -> None:
        """Store a user read before, with `version` as read; `Conflict` if it was written or deleted since."""
        ...

    def delete(self, scope: Scope, user_id: str) -> None:
        """Delete a user with everything that belongs to it; `NotFound` if there is none."""
        ...

    def page(self, scope: Scope, page: int, per_page: int) -> tuple[list[User], int]:
        """Return one page of users, newest created first, and how many there are."""
        ...

    def put_contact_info(self, scope: Scope, user: User, contact: ContactInfo, *, new: bool) -> None:
        """Add (`new`) or replace a contact info of a user.

        `AlreadyExists` if it is new and the pair is there; `Conflict` if the one to replace, with `version` as
        read, was written or deleted since; `NotFound` if the user is gone.
        """
        ...

    def delete_contact_info(self, scope: Scope, user: User, contact: ContactInfo) -> None:
        """Delete a contact info of this very user; no error if it is gone already."""
        ...


class WholeUserStore(UserStore, Protocol):
    """Users whose record and contact infos are written together."""

    def save(self, scope: Scope, user: User, put: Sequence[ContactInfo], removed: Sequence[ContactInfo] = ()) -> None:
        """Store a user as :meth:`update` does, together with changes of the contact infos, all or nothing.

        `Conflict` also if a contact info that is new was added by another.
        """
        ...


class IdentityStore(Protocol):
    """Which users anonymous ids reach."""

    def link_of(self, scope: Scope, anonymous_id: str) -> Link | None:
        """Return the link of an anonymous id; None if the id is unknown."""
        ...

    def create_profile(self, scope: Scope, anonymous_id: str, profile: User) -> None:
        """Store the profile of an anonymous id and link the id to it.

        `AlreadyExists` if there is one, or the id is linked to another user.
        """
        ...

    def link(self, scope: Scope, anonymous_id: str, user: User) -> None:
        """Link an unknown anonymous id to a user.

        `AlreadyExists` if it is linked, or has a profile that is another user; or if the user is gone.
        """
        ...

    def absorb(self, scope: Scope, anonymous_id: str, profile: User, user: User, *, is_new: bool) -> Link:
        """Put a user in the place of a profile: store it, link the anonymous id to it, delete the profile's record.

        All or nothing; `Conflict` if the profile or the user was written since it was read, or the id was linked
        elsewhere. What else the profile has stays for :meth:`finish`.
        """
        ...

    def finish(self, scope: Scope, anonymous_id: str, link: Link) -> None:
        """Move what an absorbed profile has left behind to the user. May be repeated, and done by several at once."""
        ...


class DeviceChange(NamedTuple):
    """What a registration changes of one user. The user is as it was read, with its contact infos."""

    user: User
    contacts: Sequence[ContactInfo] = ()
    removed_contacts: Sequence[ContactInfo] = ()
    devices: Sequence[Device] = ()
    removed_devices: Sequence[Device] = ()


class DeviceStore(Protocol):
    """Devices of users and the tokens that reach them."""

    def devices(self, scope: Scope, user: User) -> list[Device]:
        """Return the devices of a user."""
        ...

    def holders(self, scope: Scope, token: str) -> list[tuple[User, ContactInfo]]:
        """Return the users that have a token, each with the contact info."""
        ...

    def last_registration(self, scope: Scope, token: str) -> str | None:
        """Return what names the last registration of a token; None if it was long ago or there was none."""
        ...

    def save(self, scope: Scope, changes: Sequence[DeviceChange]) -> None:
        """Store changes of users, all or nothing; `Conflict` if one of them was written since it was read."""
        ...

    def save_with_token(
        self,
        scope: Scope,
        changes: Sequence[DeviceChange],
        token: str,
        registration: str,
        after: str | None,
        now: datetime,
    ) -> None:
        """Store changes as :meth:`save` does; `Conflict` also if `after` is no longer the token's last registration."""
        ...


class AddressedUserStore(UserStore, Protocol):
    """Users, found by their addresses."""

    def holding(self, scope: Scope, type_: str, value: str) -> list[str]:
        """Return the ids of those who have an address, who had it first first.

        Some may have lost it, or be gone: whoever asks looks at the users.
        """
        ...

    def address_stamp(self, scope: Scope, type_: str, value: str) -> str | None:
        """Return what changes whenever somebody comes to have an address; read it before `holding`."""
        ...

    def create_with_contact(self, scope: Scope, user: User, contact: ContactInfo, stamp: str | None) -> None:
        """Store a new user with an address; `Conflict` if somebody came to have it since the stamp was read."""
        ...


class Settled(NamedTuple):
    """What is known of an event that is subject to a rule."""

    #: It was settled before.
    done: bool
    #: The message that an order was counted for.
    order_message_id: str | None
    #: Without contact infos.
    user: User | None


class Settlement(NamedTuple):
    """What accepting an event writes, all at once."""

    message_id: str
    #: The order that from now on counts as confirmed.
    order_id: str | None = None
    #: The user as it is to be, with the version as read; None if nothing changes.
    user: User | None = None
    #: An address that the user is given, and its stamp as read before it was found free.
    contact: ContactInfo | None = None
    stamp: str | None = None


class EventLedger(Protocol):
    """Which events were settled, so that each is settled once."""

    def read(self, scope: Scope, message_id: str, user_id: str, order_id: str | None) -> Settled:
        """Return what is known, read so that every settlement is seen."""
        ...

    def settle(self, scope: Scope, settlement: Settlement) -> None:
        """Write all of it or, with `Conflict`, nothing: it was settled before, or what it rests on has changed."""
        ...


class Conflict(Exception):
    """Somebody else wrote what was read here; read again and try again. Never leaves the core."""


ReadState = Literal["all", "unread", "read"]


class Inbox(Protocol):
    """App notifications of users."""

    def put(self, scope: Scope, notification: AppNotification) -> None:
        """Store a notification unless it is there already.

        `NotFound` if it is for an anonymous profile that is gone.
        """
        ...

    def unread_before(
        self, scope: Scope, user_id: str, before: str | None, limit: int
    ) -> tuple[list[AppNotification], str | None]:
        """Return unread notifications, newest first, from before a position, and the position to go on before."""
        ...

    def page(
        self, scope: Scope, user_id: str, state: ReadState, page: int, per_page: int, *, oldest_first: bool
    ) -> tuple[list[AppNotification], int]:
        """Return one page of a user's notifications, and how many the state selects."""
        ...

    def unread(self, scope: Scope, user_id: str) -> int:
        """Return how many notifications of a user are unread."""
        ...

    def mark_read(self, scope: Scope, user_id: str, uuid: str, created_at: datetime, at: datetime) -> bool:
        """Mark one as read; True if it was unread, False if it was read before, `NotFound` if it is not there."""
        ...

    def mark_all_read(self, scope: Scope, user_id: str, at: datetime) -> int:
        """Mark all unread ones of a user as read; return how many went from unread to read."""
        ...


class SuppressionStore(Protocol):
    """Addresses that a team must not mail."""

    def get(self, team_id: str, email: str) -> Suppression | None:
        """Return the suppression of an address, read so that an answered write is seen."""
        ...

    def add(self, team_id: str, email: str, reason: SuppressionReason, at: datetime, detail: str | None = None) -> None:
        """Add a reason; of each reason the earliest moment stays, in whatever order reports come.

        Of no effect for what happened before the reason was last removed.
        """
        ...

    def soft_bounced(self, team_id: str, email: str, delivery_id: str, at: datetime) -> Suppression | None:
        """Note that a mail bounced softly, once per delivery; return the suppression of the address then."""
        ...

    def delivered(self, team_id: str, email: str, at: datetime) -> None:
        """Note that a mail arrived: soft bounces before it are in no row with later ones."""
        ...

    def remove(self, team_id: str, email: str, reasons: Collection[SuppressionReason], at: datetime) -> None:
        """Remove those of the reasons that there are; `NotFound` if there is none of them."""
        ...

    def page(
        self, team_id: str, after: str | None, limit: int, reason: SuppressionReason | None
    ) -> tuple[list[Suppression], str | None]:
        """Return suppressions in order of their addresses from after one, and the address to go on after.

        With a reason, only those that have it; few may be found at a time.
        """
        ...


class LeadStore(Protocol):
    """Leads of teams, with the campaigns that they are assigned to, and how many there are of each kind."""

    def get(self, team_id: str, lead_id: str) -> Lead | None:
        """Return a lead."""
        ...

    def get_many(self, team_id: str, lead_ids: Iterable[str]) -> dict[str, Lead]:
        """Return the leads that exist, by id."""
        ...

    def by_emails(self, team_id: str, emails: Iterable[str]) -> dict[str, Lead]:
        """Return the leads that have these addresses, by address."""
        ...

    def add(self, team_id: str, lead: Lead) -> None:
        """Store a new lead; `AlreadyExists` if its address is taken."""
        ...

    def change(self, team_id: str, before: Lead, after: Lead) -> None:
        """Store what a team changed in a lead (neither score nor campaigns).

        `Conflict` if the lead was changed or deleted since `before` was read; `AlreadyExists` if the new address
        is taken.
        """
        ...

    def write_many(self, team_id: str, changes: Sequence[LeadChange]) -> list[bool]:
        """Store new leads and changes; return for each whether it was stored.

        What was not stored met another write of the same lead or address; read it again.
        """
        ...

    def delete(self, team_id: str, lead: Lead) -> None:
        """Delete a lead with its assignments; `Conflict` if it was changed, assigned or deleted since it was read."""
        ...

    def page(self, team_id: str, selected: LeadFilter, page: int, limit: int) -> tuple[list[Lead], int]:
        """Return one page of leads, newest first, and how many the filter selects."""
        ...

    def assign(self, team_id: str, campaign_id: str, lead_ids: Sequence[str]) -> int:
        """Assign leads to a campaign, all or none; return how many were not assigned before.

        `UnknownLead` names the first that the team does not have.
        """
        ...

    def set_scores(self, team_id: str, scores: Mapping[str, int]) -> None:
        """Store scores by lead id; a lead that is gone is passed over."""
        ...


class UnknownLead(NotFound):
    """A lead named among others is not there."""

    def __init__(self, lead_id: str) -> None:
        super().__init__("lead")
        self.lead_id = lead_id


class CampaignStore(Protocol):
    """Campaigns of teams."""

    def add(self, team_id: str, campaign: Campaign) -> None:
        """Store a new campaign."""
        ...

    def get(self, team_id: str, campaign_id: str) -> Campaign | None:
        """Return a campaign."""
        ...

    def all(self, team_id: str) -> list[Campaign]:
        """Return a team's campaigns, newest first."""
        ...

    def change(self, team_id: str, campaign: Campaign) -> None:
        """Store a campaign read before, with `version` as read; `Conflict` if it was written since."""
        ...

    def leads_assigned(self, team_id: str, campaign_id: str) -> int:
        """Return how many leads are assigned to a campaign now."""
        ...


class EngagementStore(Protocol):
    """The most that each lead ever did with a mail."""

    def get_many(self, team_id: str, lead_ids: Iterable[str]) -> dict[str, Engagement]:
        """Return it for the leads that did anything."""
        ...

    def note(self, team_id: str, lead_id: str, engagement: Engagement) -> None:
        """Note what a lead did, unless it did more before."""
        ...


#: How often each fact came about: by the day on which the mail was sent, then by fact and the day on which it came.
DayCounts = dict[date, dict[tuple[Fact, date], int]]


class CampaignMetrics(Protocol):
    """Counts of what became of a campaign's mails, exact however often anything is reported."""

    def count_sent(self, scope: Scope, delivery_id: str, campaign_id: str, at: datetime) -> None:
        """Count a mail as sent at a time; once."""
        ...

    def report(
        self,
        scope: Scope,
        delivery_id: str,
        event: Mapping[str, Any],
        fact: Fact,
        email: EmailReference,
        sent_at: datetime | None = None,
    ) -> Delivery | None:
        """Do what `DeliveryStore.report` does, and count the fact in the same step, once for all sendings.

        A report that is faster than our own record counts the mail as sent, at `sent_at` or else its own time.
        Of all mails of a campaign to a lead, one counts as `unsubscribed`: the first that was unsubscribed with.
        """
        ...

    def counts(self, team_id: str, campaign_id: str, since: date) -> DayCounts:
        """Return the counts of all mails sent since a day, that day included."""
        ...


class OutboxStore(Protocol):
    """Records of e-mails that were taken for sending, and the keys that keep a repetition from sending again."""

    def add(self, team_id: str, email: OutgoingEmail) -> None:
        """Store a record; of no effect if one of its id is there."""
        ...

    def get(self, team_id: str, email_id: str) -> OutgoingEmail | None:
        """Return a record."""
        ...

    def repeated(self, team_id: str, key: str, now: datetime) -> "KeyedEmail | None":
        """Return the e-mail that a key was given for within its time."""
        ...

    def reserve(self, team_id: str, key: str, email_id: str, now: datetime) -> "KeyedEmail":
        """Give a key to an e-mail unless another one has it; return the one that has it."""
        ...

    def queued(self, team_id: str, key: str) -> None:
        """Note that the e-mail of a key is on its way: a repetition needs to do nothing."""
        ...


class KeyedEmail(NamedTuple):
    """The e-mail that an idempotency key stands for, and whether it is known to be on its way."""

    email_id: str
    queued: bool


class EmailAccountStore(Protocol):
    """Connected mailboxes."""

    def put(
        self, team_id: str, email: str, provider: MailboxProvider, token: Sequence[bytes], now: datetime
    ) -> EmailAccount:
        """Connect a mailbox, or replace provider and token of the one with this address."""
        ...

    def all(self, team_id: str) -> list[EmailAccount]:
        """Return a team's mailboxes, oldest first."""
        ...

    def get(self, team_id: str, email: str) -> SealedAccount | None:
        """Return a mailbox with its encrypted token."""
        ...

    def refused(self, team_id: str, email: str, token: Sequence[bytes]) -> None:
        """Note that the provider takes this token no more; of no effect if the mailbox has another one by now."""
        ...


class TokenCipher(Protocol):
    """Encrypts what opens a mailbox."""

    def seal(self, team_id: str, email: str, token: str) -> list[bytes]:
        """Encrypt a token, bound to its team and mailbox."""
        ...

    def open(self, team_id: str, email: str, parts: Sequence[bytes]) -> str:
        """Decrypt a token."""
        ...


class WriterFailed(Exception):
    """The model did not write a mail: too slow, too busy, refused, or no answer of the agreed form."""


class Writer(Protocol):
    """Who writes mails beside the built-in writer."""

    @property
    def name(self) -> str:
        """Return what it is called in answers."""
        ...

    def write(self, facts: Facts, tone: Tone) -> Draft:
        """Write a mail; `WriterFailed` if it cannot."""
        ...


class LimitStore(Protocol):
    """How much of each limit is used up."""

    def use(self, key: str, window: str, how_many: int, limit: int, until: datetime) -> tuple[bool, int]:
        """Use up some of a window's limit unless too little remains, by one conditional write.

        Returns
        -------
        Whether it was used up, and how much of the limit is used up now.
        """
        ...

    def used(self, key: str, window: str) -> int:
        """Return how much of a window's limit is used up."""
        ...

    def attempt(self, key: str, limit: int, now: datetime, until: datetime) -> "FullWindow | None":
        """Count an attempt in the window that the first one opened.

        Parameters
        ----------
        until
            When a window that this attempt opens closes.

        Returns
        -------
        None if the attempt is within the limit.
        """
        ...

    def settle(self, key: str, now: datetime, *, failed: bool) -> None:
        """Note that an attempt failed, or uncount it."""
        ...


class FullWindow(NamedTuple):
    """A window with as many attempts as the limit allows."""

    closes: datetime
    #: Whether some of them are not settled yet, and may still be uncounted.
    under_way: bool


class EventTypeStore(Protocol):
    """Configured event types."""

    def get(self, scope: Scope, event_type: str) -> EventType | None:
        """Return one event type, read so that an answered write is seen."""
        ...

    def put(self, scope: Scope, event_type: EventType) -> EventType:
        """Create or replace one; return it as stored, with the first `created_at`."""
        ...

    def delete(self, scope: Scope, event_type: str) -> None:
        """Delete one; `NotFound` if there is none."""
        ...

    def page(self, scope: Scope, after: str | None, limit: int) -> tuple[list[EventType], str | None]:
        """Return event types in order of their names from after a name, and the name to go on after."""
        ...


class MessageFilter(NamedTuple):
    """Which messages a listing selects; filters combine."""

    event_type: str | None = None
    user_id: str | None = None


class Arrival(NamedTuple):
    """A stored message, where it stands in the order of arrival."""

    message_id: str
    plan: Plan
    position: str


class Arrivals(NamedTuple):
    """Messages that arrived one after the other."""

    messages: list[Arrival]
    #: Where to go on, behind all that was looked at; None if nothing was.
    position: str | None
    #: Whether there may be more.
    more: bool


class MessageStore(Protocol):
    """Messages with their plans."""

    def add(self, scope: Scope, message: Message, plan: Plan) -> tuple[Message, Plan] | None:
        """Store a message with its plan unless its id is taken; return what has it, or None if this one was stored."""
        ...

    def get(self, scope: Scope, message_id: str) -> tuple[Message, Plan] | None:
        """Return a message with its plan."""
        ...

    def page(
        self, scope: Scope, selected: MessageFilter, before: str | None, limit: int
    ) -> tuple[list[Message], str | None]:
        """Return messages, newest first, from before a position, and the position to go on before."""
        ...

    def arrivals(self, scope: Scope, after: str | None, before: datetime, limit: int) -> Arrivals:
        """Return messages that arrived after a position and before a moment, oldest first; may miss the newest."""
        ...

    def plans(self, scope: Scope, message_ids: Iterable[str]) -> dict[str, Plan]:
        """Return the plans of the messages that are there, by message id; may be a moment old."""
        ...


class Watch(NamedTuple):
    """A message that is looked at until all of its deliveries are final."""

    message_id: str
    #: When to look next.
    due: datetime
    #: Since when its deliveries are pending, if they are.
    since: datetime
    #: Whether a look found that they are.
    pending: bool = False
    #: How often they were queued anew by the sweeper.
    repairs: int = 0
    #: When they were queued last, as far as is known.
    queued_at: datetime | None = None


class Watches(Protocol):
    """Messages that are looked at again."""

    def watch(self, scope: Scope, watches: Sequence[Watch]) -> None:
        """Look at messages when they are due. One that is watched already is watched twice, which does no harm."""
        ...


class SweepState(Watches, Protocol):
    """How far the sweeper has come."""

    def read(self, scope: Scope) -> tuple[str | None, Iterator[Watch]]:
        """Return up to where an environment's messages were looked at, and what is watched, due first first."""
        ...

    def advance(self, scope: Scope, position: str) -> None:
        """Note up to where an environment's messages were looked at."""
        ...

    def unwatch(self, scope: Scope, watches: Sequence[Watch]) -> None:
        """Look at messages no more, as far as these watches go."""
        ...

    def turn(self) -> Scope | None:
        """Return whose turn is next, if the last run left somebody out."""
        ...

    def pass_turn(self, scope: Scope | None) -> None:
        """Note whose turn is next; None if nobody was left out."""
        ...


class QueueDepths(Protocol):
    """How much waits in the queues of the pipeline."""

    def waiting(self, queue: str) -> int:
        """Return about how many records wait in `message`, `email`, `sms` or `push`."""
        ...


class Claim(NamedTuple):
    """What became of an attempt to claim a delivery.

    `mine`: go on, hand it over. `done`: it is final, nothing to do. `held`: another run has it until `until`.
    `unknown`: an earlier run had it and never said how it ended, and the delivery must not be repeated.
    """

    state: Literal["mine", "done", "held", "unknown"]
    #: Names this claim; what is recorded later applies only while the delivery still carries it.
    token: str
    #: How many times the delivery has been claimed, this time included.
    attempt: int = 0
    until: datetime | None = None
    #: Which sending of the delivery it is: 1, and one more each time that it was reopened.
    sending: int = 1


#: The reason of a delivery that was handed over, or not: nobody knows.
UNKNOWN_OUTCOME = "provider: unknown outcome"


class Outcome(NamedTuple):
    """How a delivery ended, or that it is to be tried again (`pending`)."""

    status: Status
    reason: str | None = None
    provider_message_id: str | None = None
    rendered: Mapping[str, Any] | None = None
    missing_variables: Sequence[str] = ()


class DeliveryStore(Protocol):
    """Records of deliveries."""

    def claim(self, job: DeliveryJob, token: str, now: datetime, until: datetime) -> Claim:
        """Claim a delivery by one conditional write; the same token claims again what it has."""
        ...

    def record(
        self, scope: Scope, delivery_id: str, token: str, outcome: Outcome, now: datetime, sending: int = 1
    ) -> None:
        """Record how a claimed sending of a delivery ended, or release it with `pending`.

        With a lost claim only a success is recorded, as long as the same sending is pending: whoever has it now may
        not have sent it yet.
        """
        ...

    def get_many(self, scope: Scope, delivery_ids: Iterable[str]) -> dict[str, Delivery]:
        """Return the deliveries that exist, by id."""
        ...

    def final(self, scope: Scope, delivery_ids: Iterable[str]) -> set[str]:
        """Return which of the deliveries are final; may be a moment old."""
        ...

    def report(self, scope: Scope, delivery_id: str, event: Mapping[str, Any], sending: int = 1) -> Delivery | None:
        """Note what the provider reported of a sending (once per type); return the delivery, None if it is unknown."""
        ...

    def reopen(self, scope: Scope, planned: Planned, planned_at: datetime, replay_id: str, now: datetime) -> None:
        """Make a final delivery pending, for a new sending; once for each replay, and not while somebody has it.

        How it ended is kept. One that is not final stays as it is, and stays so for this replay.
        """
        ...

    def close(self, scope: Scope, planned: Planned, planned_at: datetime, reason: str, now: datetime) -> bool:
        """Record that a delivery which nobody has in hand failed; tell whether it is final now.

        False while a run has it. If an earlier run had it and never said how it ended, that is the reason instead.
        """
        ...


class FailureNotes(Protocol):
    """Why records of queues were given up."""

    def note(self, record_id: str, reason: str, at: datetime) -> None:
        """Note the reason, by the queue's id of the record; a later one takes its place."""
        ...

    def reasons(self, record_ids: Iterable[str]) -> dict[str, str]:
        """Return the reasons that are known, by the record's id."""
        ...


class DeadLetter(NamedTuple):
    """A record that its queue set aside."""

    id: str
    #: What it is deleted or given back by, as long as it is not taken again.
    handle: str
    body: str
    sent_at: datetime
    first_received_at: datetime
    receive_count: int
    #: Why it could not be put on its queue, if it never was there.
    error: str | None = None


class DeadLetterQueue(Protocol):
    """Where a queue sets records aside."""

    def waiting(self) -> tuple[int, int]:
        """Return about how many letters can be taken, and how many somebody has taken just now."""
        ...

    def take(self, most: int, seconds: int, *, wait: bool) -> list[DeadLetter]:
        """Take a few letters, and hide them from others for some seconds.

        Parameters
        ----------
        wait
            Whether to look until one is found, for a second, since there should be one.
        """
        ...

    def give_back(self, letters: Sequence[DeadLetter]) -> None:
        """Let others take letters at once."""
        ...

    def resend(self, letters: Sequence[DeadLetter]) -> set[str]:
        """Put letters on the queue that they come from as well; return the ids of those that it took for certain."""
        ...

    def delete(self, letters: Sequence[DeadLetter]) -> set[str]:
        """Delete letters; return the ids of those that are gone for certain."""
        ...


class Sent(NamedTuple):
    """A delivery that was handed over, and which sending of it that was."""

    scope: Scope
    delivery_id: str
    sending: int


class SentDeliveries(Protocol):
    """Deliveries by the ids that the provider gave them; push alone is kept so."""

    def sent_as(self, provider_message_id: str) -> Sent | None:
        """Return a delivery by the id of its last sending; None while it is not known to have been handed over."""
        ...


class MessageQueue(Protocol):
    """The queue between the endpoints and process_messages."""

    def send(self, batches: Sequence[EventBatch]) -> None:
        """Put batches on the queue; returns only when all are durable. `Unavailable` if one was refused."""
        ...


class DeliveryQueues(Protocol):
    """The queues between process_messages and the channels."""

    def send(self, jobs: Sequence[DeliveryJob]) -> None:
        """Put each job on its channel's queue; returns only when all are durable."""
        ...


class Rendered(NamedTuple):
    """A template with everything filled in. Members that the channel lacks are absent."""

    members: dict[str, Any]
    missing_variables: list[str]
    #: The link in a mail that its recipient can unsubscribe from; None in every other.
    unsubscribe_url: str | None = None


class ProviderRefused(Exception):
    """The provider said no for good; `code` is its word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ProviderBusy(Exception):
    """The provider did not take it now (throttling, 5xx, no connection); it may later. `code` as above."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class OutcomeUnknown(Exception):
    """The request went out and no answer came: the provider may or may not have accepted it."""


class Channel(Protocol):
    """A way to hand a delivery over."""

    def send(self, job: DeliveryJob, rendered: Rendered) -> str | None:
        """Hand over; return the provider's message id.

        Raises
        ------
        ProviderRefused, ProviderBusy, OutcomeUnknown
        """
        ...


class PushTokens(Protocol):
    """Push tokens that users hold, for when the provider stops taking one."""

    def may_revive(self, scope: Scope, token: str) -> bool:
        """Tell whether a disabled token is to be enabled again, and note that it was.

        False once it was, until the token is registered anew: then the provider means it.
        """
        ...

    def drop(self, scope: Scope, token: str) -> None:
        """Remove a token from every user who holds it."""
        ...

    def refused(self, scope: Scope, token: str, at: datetime) -> None:
        """Drop a token that the platform refused, if it had been enabled again by then: then the provider means it."""
        ...


class Visibility(Protocol):
    """When a job that failed for now comes again."""

    def again_in(self, receipt_handle: str, seconds: int) -> None:
        """Have the queue hand a job over again after some seconds."""
        ...
