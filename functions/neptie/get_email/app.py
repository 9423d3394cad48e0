"""GET /api/email/{id}: an e-mail to a lead with its status."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.show_email import show_email
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie import outreach
from nereid.runtime import runtime


@neptie.endpoint(runtime, "read:campaigns")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the e-mail."""
    if request.params["id"] == "send":
        return neptie.not_found()
    email_id = neptie.object_id(request, "email")
    email, standing = show_email(runtime.outgoing_emails, runtime.deliveries, caller.team_id, email_id)
    return Response(200, {"email": outreach.email_object(email, standing)})
