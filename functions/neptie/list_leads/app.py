"""GET /api/leads: a page of the leads, newest first."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import LeadsQuery
from nereid.models.lead import LeadFilter
from nereid.runtime import runtime


@neptie.endpoint(runtime, "read:leads")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the page and how many leads match."""
    query = neptie.parse(LeadsQuery, neptie.query(request))
    selected = LeadFilter(query.status, query.industry)
    leads, total = runtime.leads.page(caller.team_id, selected, query.page, query.limit)
    return Response(200, {"leads": [neptie.lead_object(lead) for lead in leads], "total": total, "page": query.page})
