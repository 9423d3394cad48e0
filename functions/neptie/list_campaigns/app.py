"""GET /api/campaigns: all campaigns, newest first."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.campaigns import list_campaigns
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import CampaignsQuery
from nereid.runtime import runtime


@neptie.endpoint(runtime, "read:campaigns")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the campaigns that match."""
    query = neptie.parse(CampaignsQuery, neptie.query(request))
    found = list_campaigns(runtime.campaigns, caller.team_id, status=query.status, type_=query.type)
    return neptie.whole_list("campaigns", [neptie.campaign_object(campaign) for campaign in found])
