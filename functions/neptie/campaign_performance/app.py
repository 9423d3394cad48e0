"""GET /api/analytics/campaign-performance: the performance of a campaign's e-mails in the last days."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.campaign_performance import TIMEFRAMES, campaign_performance
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie import outreach
from nereid.dialects.neptie.outreach_bodies import PerformanceQuery
from nereid.runtime import runtime


@neptie.endpoint(runtime, "read:analytics")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the numbers, in total and by day."""
    query = neptie.parse(PerformanceQuery, neptie.query(request))
    campaign_id = neptie.checked_id(query.campaign_id, "campaign")
    performance = campaign_performance(
        runtime.campaigns,
        runtime.campaign_metrics,
        runtime.clock,
        caller.team_id,
        campaign_id,
        TIMEFRAMES[query.timeframe],
    )
    return Response(200, outreach.performance_object(performance))
