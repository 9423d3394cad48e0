"""One e-mail to a lead, with its status."""

from nereid.clock import from_iso
from nereid.errors import NotFound
from nereid.models.delivery import Delivery, delivery_id
from nereid.models.lead_email import NOTIFICATION, EmailStatus, OutgoingEmail, Standing
from nereid.models.team import Scope
from nereid.ports.messaging import DeliveryStore
from nereid.ports.outreach import OutgoingEmailStore

#: The provider's reports, from the weakest to the strongest.
_REPORTED: dict[str, EmailStatus] = {
    "delivery": "delivered",
    "open": "opened",
    "click": "clicked",
    "bounce": "bounced",
    "complaint": "complained",
}


def show_email(
    emails: OutgoingEmailStore, deliveries: DeliveryStore, team_id: str, email_id: str
) -> tuple[OutgoingEmail, Standing]:
    """Return an e-mail of a team; `NotFound` if there is none."""
    email = emails.get(team_id, email_id)
    if email is None:
        raise NotFound("email")
    scope = Scope(team_id, email.environment)
    identity = delivery_id(scope, email.id, NOTIFICATION, "email", email.to)
    return email, standing(email, deliveries.get_many(scope, [identity]).get(identity))


def standing(email: OutgoingEmail, delivery: Delivery | None) -> Standing:
    """Return how far an e-mail has come, from its delivery."""
    if delivery is None:
        return Standing("queued", None, email.created_at)
    events = delivery.events or []
    updated_at = max([delivery.updated_at, *(from_iso(event["at"]) for event in events)])
    match delivery.status:
        case "mocked":
            return Standing("mocked", None, updated_at)
        case "pending":
            return Standing("queued", None, email.created_at)
        case "failed" if delivery.reason != "bounced":
            return Standing("failed", delivery.reason, updated_at)
        case "no_provider" | "no_contact":
            return Standing("failed", delivery.reason, updated_at)
    kinds = {event["type"] for event in events}
    if delivery.reason != "bounced":
        kinds.discard("bounce")  # a transient one is shown as a bounce, and decides nothing
    status: EmailStatus = "sent"
    for kind, reached in _REPORTED.items():
        if kind in kinds:
            status = reached
    return Standing(status, delivery.reason, updated_at)
