"""POST /api/leads: create a lead."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.leads import create_lead
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import LeadBody, known
from nereid.runtime import runtime


@neptie.endpoint(runtime, "write:leads")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the lead."""
    body = neptie.parse(LeadBody, request.json_object())
    lead = create_lead(runtime.leads, runtime.clock, caller.team_id, known(body))
    return Response(201, {"lead": neptie.lead_object(lead)})
