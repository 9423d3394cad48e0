"""GET /api/leads/{id}: read a lead."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.leads import get_lead
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.runtime import runtime


@neptie.endpoint(runtime, "read:leads")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the lead."""
    lead = get_lead(runtime.leads, caller.team_id, neptie.object_id(request, "lead"))
    return Response(200, {"lead": neptie.lead_object(lead)})
