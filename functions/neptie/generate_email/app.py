"""POST /api/ai/generate-email: write a mail to a lead for a campaign. Nothing is stored or sent."""

from nereid.auth.credentials import Caller
from nereid.core.access.rate_limits import AI
from nereid.core.outreach.campaigns import get_campaign
from nereid.core.outreach.leads import get_lead
from nereid.core.outreach.writing.generate_email import generate_email, sender_of
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.outreach_bodies import GenerateEmailBody
from nereid.runtime import runtime


@neptie.endpoint(runtime, "read:leads", "read:campaigns", bucket=AI)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the mail, ready to be sent."""
    body = neptie.parse(GenerateEmailBody, request.json_object())
    lead = get_lead(runtime.leads, caller.team_id, neptie.checked_id(body.lead_id, "lead"))
    campaign = get_campaign(runtime.campaigns, caller.team_id, neptie.checked_id(body.campaign_id, "campaign"))
    sender = sender_of(runtime.account_store.account(caller.email) if caller.email else None)
    email = generate_email(lead, campaign, body.tone or "professional", runtime.writer, sender)
    return Response(200, {"email": email.as_json(), "confidence": email.confidence})
