"""POST /api/campaigns/{id}/assign-leads: assign leads to a campaign, all or none."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.campaigns import assign_leads
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import AssignLeadsBody
from nereid.runtime import runtime


@neptie.endpoint(runtime, "write:campaigns")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with how many were not assigned before."""
    body = neptie.parse(AssignLeadsBody, request.json_object())
    campaign_id = neptie.object_id(request, "campaign")
    assigned = assign_leads(runtime.campaigns, runtime.leads, caller.team_id, campaign_id, body.lead_ids)
    return Response(200, {"assigned_count": assigned})
