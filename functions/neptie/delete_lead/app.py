"""DELETE /api/leads/{id}: delete a lead with its assignments."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.leads import delete_lead
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.runtime import runtime


@neptie.endpoint(runtime, "write:leads")
def handler(request: Request, caller: Caller) -> Response:
    """Answer that it is deleted."""
    delete_lead(runtime.leads, caller.team_id, neptie.object_id(request, "lead"))
    return Response(200, {"message": "Lead deleted"})
