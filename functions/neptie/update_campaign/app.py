"""PUT /api/campaigns/{id}: change the given fields of a campaign."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.campaigns import update_campaign
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import CampaignUpdateBody, given
from nereid.runtime import runtime


@neptie.endpoint(runtime, "write:campaigns")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the campaign as it is then."""
    body = neptie.parse(CampaignUpdateBody, request.json_object())
    campaign_id = neptie.object_id(request, "campaign")
    campaign = update_campaign(runtime.campaigns, runtime.clock, caller.team_id, campaign_id, given(body))
    return Response(200, {"campaign": neptie.campaign_object(campaign)})
