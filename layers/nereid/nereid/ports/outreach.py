"""The interfaces of outreach: leads, campaigns, mailboxes, and the model that writes mails."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    # No port needs to know at run time what it is about, and models take long to load.
    from nereid.models.campaign import Campaign
    from nereid.models.delivery import Delivery
    from nereid.models.draft import Draft, Facts, Tone
    from nereid.models.lead import Lead, LeadChange, LeadFilter
    from nereid.models.lead_email import (
        EmailAccount,
        Engagement,
        Fact,
        MailboxProvider,
        OutgoingEmail,
        SealedAccount,
    )
    from nereid.models.team import Scope


class LeadStore(Protocol):
    """Leads of teams, with the campaigns that they are assigned to, and how many there are of each kind."""

    def get(self, team_id: str, lead_id: str) -> Lead | None:
        """Return a lead."""
        ...

    def get_many(self, team_id: str, lead_ids: Iterable[str]) -> dict[str, Lead]:
        """Return the leads that exist, by id."""
        ...

    def by_emails(self, team_id: str, emails: Iterable[str]) -> dict[str, Lead]:
        """Return the leads that have these addresses, by address; those in the form in which they are compared."""
        ...

    def add(self, team_id: str, lead: Lead) -> None:
        """Store a new lead; `AlreadyExists` if its address is taken."""
        ...

    def change(self, team_id: str, before: Lead, after: Lead) -> None:
        """Store a team's changes of a lead (neither score nor campaigns).

        `Conflict` if the lead was changed or deleted since `before` was read; `AlreadyExists` if the new address
        is taken.
        """
        ...

    def write_many(self, team_id: str, changes: Sequence[LeadChange]) -> list[bool]:
        """Store new leads and changes; return for each whether it was stored.

        Leads that were not stored conflicted with another write of the same lead or address; read them again.
        """
        ...

    def delete(self, team_id: str, lead: Lead) -> None:
        """Delete a lead with its assignments; `Conflict` if it was changed, assigned or deleted since it was read."""
        ...

    def page(self, team_id: str, selected: LeadFilter, page: int, limit: int) -> tuple[list[Lead], int]:
        """Return one page of leads, newest first, and how many the filter selects."""
        ...

    def of_campaign(self, team_id: str, campaign_id: str, page: int, limit: int) -> tuple[list[Lead], int]:
        """Return one page of a campaign's leads, those made last first, and how many it has."""
        ...

    def assign(self, team_id: str, campaign_id: str, lead_ids: Sequence[str]) -> int:
        """Assign leads to a campaign, all or none; return how many were not assigned before.

        `UnknownLead` names the first that the team does not have.
        """
        ...

    def set_scores(self, team_id: str, scores: Mapping[str, int]) -> None:
        """Store scores by lead id; a lead that is gone is passed over."""
        ...


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
        """Note a lead's engagement, unless a higher one is noted."""
        ...

    def forget(self, team_id: str, lead_id: str) -> None:
        """Forget a lead's engagement."""
        ...


#: How often each fact came about: by the day on which the mail was sent, then by fact and the day on which it came.
DayCounts: TypeAlias = "dict[date, dict[tuple[Fact, date], int]]"


class CampaignMetrics(Protocol):
    """Counts of the facts about a campaign's mails, exact despite repeated reports."""

    def count_sent(self, scope: Scope, delivery_id: str, campaign_id: str, at: datetime) -> None:
        """Count a mail as sent at a time; once."""
        ...

    def noted(self, scope: Scope, delivery_id: str) -> Noted | None:
        """Return the reports on a delivery so far, read so that every note is seen; None if it is not kept."""
        ...

    def count(
        self, scope: Scope, delivery_id: str, seen: Noted, event: Mapping[str, Any], sending: int, count: Count
    ) -> None:
        """Note a report of a sending and count its fact, in one step.

        Does neither if a report of the kind is noted by now, of any sending, or another sending has begun since
        `seen` was read; only notes a fact that counts once per lead and has been counted.
        """
        ...

    def counts(self, team_id: str, campaign_id: str, since: date) -> DayCounts:
        """Return the counts of all mails sent since a day, that day included."""
        ...


class Noted(NamedTuple):
    """The reports on a delivery."""

    delivery: Delivery
    #: Which sending is the current one.
    current: int
    #: The kinds of reports, by the sending that they are of.
    kinds: Mapping[int, Collection[str]]
    #: The day for which the mail was counted as sent; None while it was not.
    sent_on: date | None

    def has(self, kind: str, sending: int | None = None) -> bool:
        """Tell whether a kind was reported of a sending, or of any."""
        if sending is None:
            return any(kind in kinds for kinds in self.kinds.values())
        return kind in self.kinds[min(sending, self.current)]


class Count(NamedTuple):
    """The fact that a report counts as."""

    campaign_id: str
    fact: Fact
    #: The day on which the mail was sent, and the one on which the fact came about.
    sent_on: date
    day: date
    #: The lead for which the fact counts once over all mails; None if it counts for each mail.
    once_for: str | None = None


class OutgoingEmailStore(Protocol):
    """Records of e-mails that were taken for sending, and the keys that keep a repetition from sending again."""

    def add(self, team_id: str, email: OutgoingEmail) -> None:
        """Store a record; of no effect if one of its id is there."""
        ...

    def delete(self, team_id: str, email_id: str) -> None:
        """Delete the record of an e-mail, if there is one."""
        ...

    def get(self, team_id: str, email_id: str) -> OutgoingEmail | None:
        """Return a record."""
        ...

    def repeated(self, team_id: str, key: str, now: datetime) -> KeyedEmail | None:
        """Return the e-mail that a key was given for within its time."""
        ...

    def reserve(self, team_id: str, key: str, email_id: str, fingerprint: str, now: datetime) -> KeyedEmail:
        """Give a key to an e-mail unless another one has it; return the one that has it.

        Parameters
        ----------
        fingerprint
            Of what was asked for with the key.
        """
        ...

    def queued(self, team_id: str, key: str) -> None:
        """Note that the e-mail of a key is on its way: a repetition needs to do nothing."""
        ...


class KeyedEmail(NamedTuple):
    """The e-mail that an idempotency key stands for, and whether it is known to be on its way."""

    email_id: str
    queued: bool
    #: Of what was asked for with the key; None for one that was taken before fingerprints were kept.
    fingerprint: str | None


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
    """Encrypts the tokens of mailboxes."""

    def seal(self, team_id: str, email: str, token: str) -> list[bytes]:
        """Encrypt a token, bound to its team and mailbox."""
        ...

    def open(self, team_id: str, email: str, parts: Sequence[bytes]) -> str:
        """Decrypt a token."""
        ...


class Writer(Protocol):
    """Who writes mails beside the built-in writer."""

    @property
    def name(self) -> str:
        """Return its name in answers."""
        ...

    def write(self, facts: Facts, tone: Tone) -> Draft:
        """Write a mail; `WriterFailed` if it cannot."""
        ...
