"""Answers of the Neptie API; docs/apis/neptie.md and its neighbours have them in words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from nereid.models.account import Role
from nereid.models.campaign import CampaignStatus, CampaignType
from nereid.models.draft import Tone
from nereid.models.lead import LeadStatus
from nereid.models.lead_email import EmailStatus, MailboxProvider
from nereid.models.ranking import Tier
from tools.answers.form import FAILED, RETRY, TOO_LARGE, TOO_MANY, UNAVAILABLE, Answer, Reply, Success, absent

_RATE = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


class NeptieError(Answer):
    """What is wrong with a request, in words."""

    message: str


class NeptieProblem(Answer):
    """A member of a body or query that is wrong, and why."""

    field: str
    message: str


class NeptieInvalid(Answer):
    """What is wrong with a request; `message` is that of the first problem, if single members are wrong."""

    message: str
    errors: list[NeptieProblem] = absent()


class NeptieDone(Answer):
    """What was done, in words."""

    message: str


class NeptieAccount(Answer):
    """A person's access to a team."""

    id: UUID
    email: str
    full_name: str
    company: str | None
    role: Role
    created_at: datetime


class NeptieTokens(Answer):
    """An access token, good for `expires_in` seconds, and the refresh token that is exchanged for the next."""

    token: str
    refresh_token: str
    expires_in: int


class NeptieLogin(NeptieTokens):
    """The tokens of a login, and who is logged in."""

    user: NeptieAccount


class Lead(Answer):
    """A person whom the team wants to win."""

    id: UUID
    full_name: str
    email: str
    company: str | None
    job_title: str | None
    industry: str | None
    status: LeadStatus
    score: int | None
    created_at: datetime
    updated_at: datetime


class LeadAnswer(Answer):
    """A lead."""

    lead: Lead


class LeadPage(Answer):
    """A page of leads, and how many match in all."""

    leads: list[Lead]
    total: int
    page: int


class LeadImportError(Answer):
    """A row that was not taken, by its number from 1, and why."""

    row: int
    message: str


class LeadImport(Answer):
    """What became of the rows of an import."""

    added: int
    updated: int
    skipped: int
    errors: list[LeadImportError]


class Campaign(Answer):
    """A campaign."""

    id: UUID
    name: str
    description: str | None
    type: CampaignType
    status: CampaignStatus
    target_audience: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


class CampaignAnswer(Answer):
    """A campaign."""

    campaign: Campaign


class CampaignList(Answer):
    """All campaigns that match."""

    campaigns: list[Campaign]


class LeadsAssigned(Answer):
    """How many leads were not assigned before."""

    assigned_count: int


class RankingFactor(Answer):
    """A reason for a score; `value` is from 0 to 1."""

    name: str
    weight: float
    value: float
    contribution: float
    reason: str


class LeadRanking(Answer):
    """A lead's place."""

    lead_id: UUID
    rank: int
    score: int
    tier: Tier
    factors: list[RankingFactor]


class RankingTiers(Answer):
    """How many leads are of each tier."""

    hot: int
    warm: int
    cold: int


class RankingSummary(Answer):
    """A ranking in numbers; `criteria` are as they were given."""

    total: int
    average_score: float
    top_lead_id: UUID
    tiers: RankingTiers
    criteria: dict[str, Any]


class LeadRankings(Answer):
    """A ranking, best first."""

    rankings: list[LeadRanking]
    summary: RankingSummary


class GeneratedEmail(Answer):
    """A mail that was written; `personalization` has the facts in it."""

    subject: str
    content: str
    tone: Tone
    personalization: dict[str, str]
    spam_score: float
    spam_reasons: list[str]
    generator: str


class GeneratedEmailAnswer(Answer):
    """A mail that was written, and from 0 to 1 how personal it is."""

    email: GeneratedEmail
    confidence: float


class EmailQueued(Answer):
    """A mail that is durably queued."""

    email_id: UUID
    status: Literal["queued"]


class Email(Answer):
    """A mail to a lead, and how far it has come."""

    id: UUID
    campaign_id: UUID
    lead_id: UUID
    subject: str
    status: EmailStatus
    reason: str | None
    created_at: datetime
    updated_at: datetime


class EmailAnswer(Answer):
    """A mail to a lead."""

    email: Email


class EmailAccount(Answer):
    """A connected mailbox."""

    id: UUID
    email: str
    provider: MailboxProvider
    status: Literal["connected", "reconnect"]
    created_at: datetime


class EmailAccountAnswer(Answer):
    """A connected mailbox."""

    account: EmailAccount


class EmailAccountList(Answer):
    """All connected mailboxes."""

    accounts: list[EmailAccount]


class CampaignMetrics(Answer):
    """A campaign's numbers within the time; rates are from 0 to 1."""

    sent: int
    delivered: int
    opened: int
    clicked: int
    replied: int
    bounced: int
    complained: int
    unsubscribed: int
    delivery_rate: float
    open_rate: float
    click_rate: float
    reply_rate: float
    bounce_rate: float
    unsubscribe_rate: float
    leads_assigned: int


class CampaignDay(Answer):
    """A campaign's numbers of one day."""

    date: date
    sent: int
    delivered: int
    opened: int
    clicked: int
    bounced: int
    unsubscribed: int


class CampaignPerformance(Answer):
    """A campaign's numbers, in all and by day."""

    metrics: CampaignMetrics
    trends: list[CampaignDay]


def _counted(status: int, text: str, model: type[Answer]) -> Success:
    """Return a success; every answer tells of the limit that the request counted against."""
    return Success(status, Reply(text, (model,), headers=_RATE))


SUCCESS = {
    "register": _counted(201, "The account, logged in", NeptieLogin),
    "login": _counted(200, "The account and its tokens", NeptieLogin),
    "refresh": _counted(200, "New tokens", NeptieTokens),
    "logout": _counted(200, "The session has ended", NeptieDone),
    "change_password": _counted(200, "The new password is the only one", NeptieDone),
    "list_leads": _counted(200, "A page of leads, newest first", LeadPage),
    "create_lead": _counted(201, "The lead", LeadAnswer),
    "get_lead": _counted(200, "The lead", LeadAnswer),
    "update_lead": _counted(200, "The lead as it is then", LeadAnswer),
    "delete_lead": _counted(200, "Deleted", NeptieDone),
    "import_leads": _counted(200, "What became of the rows", LeadImport),
    "list_campaigns": _counted(200, "All campaigns that match, newest first", CampaignList),
    "create_campaign": _counted(201, "The campaign, a draft", CampaignAnswer),
    "get_campaign": _counted(200, "The campaign", CampaignAnswer),
    "update_campaign": _counted(200, "The campaign as it is then", CampaignAnswer),
    "list_campaign_leads": _counted(200, "A page of the campaign's leads, those made last first", LeadPage),
    "assign_leads": _counted(200, "Assigned", LeadsAssigned),
    "rank_leads": _counted(200, "The ranking, with the reasons for it", LeadRankings),
    "generate_email": _counted(200, "The mail, ready to be sent", GeneratedEmailAnswer),
    "campaign_performance": _counted(200, "The numbers, in all and by day", CampaignPerformance),
    "send_email": _counted(202, "The mail is durably queued", EmailQueued),
    "get_email": _counted(200, "The mail with its status", EmailAnswer),
    "list_email_accounts": _counted(200, "All mailboxes, oldest first", EmailAccountList),
    "add_email_account": _counted(201, "The mailbox", EmailAccountAnswer),
}
ERRORS = {
    400: Reply("The body is not JSON, or a member breaks a rule", (NeptieInvalid,), headers=_RATE),
    401: Reply("No valid credential", (NeptieError,), headers=_RATE),
    403: Reply("The credential may not do that, or nobody may", (NeptieError,), headers=_RATE),
    404: Reply("No such object", (NeptieError,), headers=_RATE),
    413: Reply(TOO_LARGE, (NeptieError,), may_have=_RATE),
    429: Reply(TOO_MANY, (NeptieError,), may_have=(*RETRY, *_RATE)),
    500: Reply(FAILED, (NeptieError,), may_have=_RATE),
    503: Reply(UNAVAILABLE, (NeptieError,), may_have=(*RETRY, *_RATE)),
}
