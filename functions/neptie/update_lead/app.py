"""PUT /api/leads/{id}: change the given fields of a lead."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.leads import update_lead
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import LeadUpdateBody, given
from nereid.runtime import runtime


@neptie.endpoint(runtime, "write:leads")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the lead as it is then."""
    body = neptie.parse(LeadUpdateBody, request.json_object())
    lead_id = neptie.object_id(request, "lead")
    lead = update_lead(runtime.leads, runtime.clock, caller.team_id, lead_id, given(body))
    return Response(200, {"lead": neptie.lead_object(lead)})
