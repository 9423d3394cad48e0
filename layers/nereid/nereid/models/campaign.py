"""Campaigns: the topics of e-mails to leads."""

from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from nereid.models.base import Model
from nereid.models.lead_email import Fact

#: Every type is kept; only e-mail is sent.
CampaignType = Literal["email", "voice", "mixed"]
CampaignStatus = Literal["draft", "active", "paused", "completed"]


class Campaign(Model):
    """A campaign of a team. Names need not be unique."""

    id: str
    name: str
    description: str | None = None
    type: CampaignType
    status: CampaignStatus = "draft"
    target_audience: dict[str, Any] | None = None
    created_at: datetime
    updated_at: datetime
    #: Counts the writes; a write names the version that it read.
    version: int = 1


class Performance(NamedTuple):
    """Facts of the e-mails sent in the window: each in total, and by the day on which it came."""

    totals: dict[Fact, int]
    days: dict[date, dict[Fact, int]]
    leads_assigned: int

    def rate(self, fact: Fact, of: Fact) -> float:
        """Return a fact's share of another one; 0 if there is none of that."""
        whole = self.totals.get(of, 0)
        return round(self.totals.get(fact, 0) / whole, 4) if whole else 0.0
