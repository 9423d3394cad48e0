"""GET /api/campaigns/{id}: read a campaign."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.campaigns import get_campaign
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.runtime import runtime


@neptie.endpoint(runtime, "read:campaigns")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the campaign."""
    campaign = get_campaign(runtime.campaigns, caller.team_id, neptie.object_id(request, "campaign"))
    return Response(200, {"campaign": neptie.campaign_object(campaign)})
