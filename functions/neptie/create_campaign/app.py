"""POST /api/campaigns: create a campaign, as a draft."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.campaigns import create_campaign
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import CampaignBody, known
from nereid.runtime import runtime


@neptie.endpoint(runtime, "write:campaigns")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the campaign."""
    body = neptie.parse(CampaignBody, request.json_object())
    campaign = create_campaign(runtime.campaigns, runtime.clock, caller.team_id, known(body))
    return Response(201, {"campaign": neptie.campaign_object(campaign)})
