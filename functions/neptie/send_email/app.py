"""POST /api/email/send: queue an e-mail to a lead."""

from nereid.auth.credentials import Caller
from nereid.core.access.rate_limits import EMAIL
from nereid.core.outreach.send_email import NewEmail
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie import outreach
from nereid.dialects.neptie.outreach_bodies import SendEmailBody
from nereid.runtime import runtime


@neptie.endpoint(runtime, "write:campaigns", bucket=EMAIL)
def handler(request: Request, caller: Caller) -> Response:
    """Answer when the e-mail is on the queue."""
    body = neptie.parse(SendEmailBody, request.json_object())
    new_email = NewEmail(
        campaign_id=body.campaign_id.lower(),
        lead_id=body.lead_id.lower(),
        subject=body.subject,
        content=body.content,
        account=body.from_,
        key=outreach.idempotency_key(request),
    )
    environment = runtime.credentials.environment(caller, caller.default_environment)
    email_id = runtime.email_sender.send(environment, new_email)
    return Response(202, {"email_id": email_id, "status": "queued"})
