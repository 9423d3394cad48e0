"""Leads: people that a team wants to win, and the campaigns that they are assigned to."""

from datetime import datetime
from typing import Literal, NamedTuple, get_args

from nereid.models.base import Model

#: Where a lead can stand by its team's own word.
TeamStatus = Literal["new", "contacted", "qualified", "converted"]
#: The statuses of a lead. Only reports on its e-mail set the last two.
LeadStatus = Literal["new", "contacted", "qualified", "converted", "unsubscribed", "bounced"]
LEAD_STATUSES: tuple[LeadStatus, ...] = get_args(LeadStatus)


class Lead(Model):
    """A lead. Its e-mail address, as it is compared, is unique within its team."""

    id: str
    full_name: str
    email: str
    company: str | None = None
    job_title: str | None = None
    industry: str | None = None
    status: LeadStatus = "new"
    #: 0 to 100, None until the lead is ranked.
    score: int | None = None
    created_at: datetime
    updated_at: datetime
    #: Counts the writes of the fields that a team can change; such a write names the version that it read. Scores and
    #: assignments are written past it.
    version: int = 1
    #: Ids of the campaigns that the lead is assigned to.
    campaigns: frozenset[str] = frozenset()


class LeadFilter(NamedTuple):
    """Which leads a listing selects; filters combine."""

    status: LeadStatus | None = None
    #: Compared without regard to case.
    industry: str | None = None


class LeadChange(NamedTuple):
    """A lead as it was read (None: there is none yet) and as it shall be."""

    before: Lead | None
    after: Lead
