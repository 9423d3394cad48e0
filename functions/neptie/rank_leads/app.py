"""POST /api/ai/rank-leads: rank leads by six plain factors and store their scores."""

from nereid.auth.credentials import Caller
from nereid.core.access.rate_limits import AI
from nereid.core.outreach.rank_leads import rank_leads
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie import outreach
from nereid.dialects.neptie.outreach_bodies import RankLeadsBody
from nereid.runtime import runtime


@neptie.endpoint(runtime, "write:leads", bucket=AI)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the ranking and the reasons for it."""
    values = request.json_object()
    body = neptie.parse(RankLeadsBody, values)
    criteria = body.criteria.criteria()
    rankings = rank_leads(runtime.leads, runtime.engagement, caller.team_id, body.lead_ids, criteria)
    return Response(200, outreach.rankings_object(rankings, values.get("criteria") or {}))
