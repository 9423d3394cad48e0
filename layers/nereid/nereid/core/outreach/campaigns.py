"""Campaigns: create, change, assign leads and list them."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from nereid.contention import until_uncontested
from nereid.errors import NotFound, UnknownLead
from nereid.models.campaign import Campaign
from nereid.models.lead import Lead
from nereid.ports.clock import Clock
from nereid.ports.outreach import CampaignStore, LeadStore


def create_campaign(campaigns: CampaignStore, clock: Clock, team_id: str, fields: Mapping[str, Any]) -> Campaign:
    """Create a campaign, as a draft."""
    now = clock.now()
    campaign = Campaign(id=str(uuid.uuid4()), **fields, created_at=now, updated_at=now)
    campaigns.add(team_id, campaign)
    return campaign


def get_campaign(campaigns: CampaignStore, team_id: str, campaign_id: str) -> Campaign:
    """Return a campaign; `NotFound` if the team has none with the id."""
    campaign = campaigns.get(team_id, campaign_id)
    if campaign is None:
        raise NotFound("campaign")
    return campaign


def update_campaign(
    campaigns: CampaignStore, clock: Clock, team_id: str, campaign_id: str, fields: Mapping[str, Any]
) -> Campaign:
    """Change the given fields of a campaign; `NotFound` if there is none."""

    def attempt() -> Campaign:
        before = get_campaign(campaigns, team_id, campaign_id)
        after = before.model_copy(update=dict(fields))
        if after == before:
            return before
        after = after.model_copy(update={"updated_at": clock.now()})
        campaigns.change(team_id, after)
        return after

    return until_uncontested("campaign", attempt)


def list_campaigns(
    campaigns: CampaignStore, team_id: str, *, status: str | None, type_: str | None
) -> Sequence[Campaign]:
    """Return the campaigns that match, newest first."""
    return [
        campaign
        for campaign in campaigns.all(team_id)
        if status in (None, campaign.status) and type_ in (None, campaign.type)
    ]


def campaign_leads(
    campaigns: CampaignStore, leads: LeadStore, team_id: str, campaign_id: str, page: int, limit: int
) -> tuple[Sequence[Lead], int]:
    """Return one page of a campaign's leads, those made last first, and how many it has.

    Raises
    ------
    NotFound
        If there is no such campaign.
    """
    get_campaign(campaigns, team_id, campaign_id)
    return leads.of_campaign(team_id, campaign_id, page, limit)


def assign_leads(
    campaigns: CampaignStore, leads: LeadStore, team_id: str, campaign_id: str, lead_ids: Sequence[str]
) -> int:
    """Assign leads to a campaign, all or none; return how many were not assigned before.

    Raises
    ------
    NotFound
        If there is no such campaign.
    UnknownLead
        Naming the first lead that is not there.
    """
    get_campaign(campaigns, team_id, campaign_id)
    given = {lead_id.lower(): lead_id for lead_id in reversed(lead_ids)}
    try:
        return leads.assign(team_id, campaign_id, [*dict.fromkeys(lead_id.lower() for lead_id in lead_ids)])
    except UnknownLead as error:
        raise UnknownLead(given[error.lead_id]) from error
