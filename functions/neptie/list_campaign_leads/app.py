"""GET /api/campaigns/{id}/leads: a page of the leads that are assigned to a campaign."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.campaigns import campaign_leads
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import PageQuery
from nereid.runtime import runtime


@neptie.endpoint(runtime, "read:campaigns", "read:leads")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the page and how many leads the campaign has."""
    query = neptie.parse(PageQuery, neptie.query(request))
    campaign_id = neptie.object_id(request, "campaign")
    leads, total = campaign_leads(
        runtime.campaigns, runtime.leads, caller.team_id, campaign_id, query.page, query.limit
    )
    return Response(200, {"leads": [neptie.lead_object(lead) for lead in leads], "total": total, "page": query.page})
