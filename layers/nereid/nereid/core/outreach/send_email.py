"""Take an e-mail to a lead for sending: check it, record it, queue it.

It goes the way of every message: the message's id is the e-mail's, and what follows (claim, suppression, hand-over,
feedback) is the pipeline's.
"""

import hashlib
import uuid
from dataclasses import dataclass

from nereid import jsontext
from nereid.core.messaging.ingest import ingest
from nereid.core.outreach import content
from nereid.core.outreach.content import one_line
from nereid.core.outreach.leads import mark_lead
from nereid.errors import Invalid, NotFound
from nereid.models.lead import Lead
from nereid.models.lead_email import EVENT_TYPE, OutgoingEmail, Outreach
from nereid.models.message import Message
from nereid.models.suppression import SuppressionReason
from nereid.models.team import Environment
from nereid.ports.clock import Clock
from nereid.ports.messaging import MessageQueue, SuppressionStore
from nereid.ports.outreach import CampaignStore, EmailAccountStore, KeyedEmail, LeadStore, OutgoingEmailStore

_SUPPRESSED: dict[SuppressionReason, str] = {
    "unsubscribe": "Lead has unsubscribed",
    "bounce": "Lead email address bounced",
    "complaint": "Lead has complained",
}


@dataclass(frozen=True)
class NewEmail:
    """What somebody wants sent.

    Parameters
    ----------
    account
        Address of the connected mailbox to send from; None for the environment's sender.
    key
        Requests of a team with the same key within a day are one e-mail.
    """

    campaign_id: str
    lead_id: str
    subject: str
    content: str
    account: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class EmailSender:
    """Takes e-mails."""

    leads: LeadStore
    campaigns: CampaignStore
    suppressions: SuppressionStore
    accounts: EmailAccountStore
    emails: OutgoingEmailStore
    queue: MessageQueue
    clock: Clock

    def send(self, environment: Environment, new_email: NewEmail) -> str:
        """Queue an e-mail; return its id.

        Raises
        ------
        Invalid
            On `from` if there is no such mailbox, on `lead_id` if the lead must not be mailed, on `content` if it
            cannot be read, on `Idempotency-Key` if another e-mail was asked for with it.
        NotFound
            `campaign` or `lead`.
        Unavailable
            If a store or the queue failed. Nothing is sent then, or it is sent once: a request with a key may be
            repeated.
        """
        team_id, now = environment.team_id, self.clock.now()
        subject = one_line(new_email.subject)
        if not subject:
            raise Invalid({"subject": "subject is required"})
        content.check(new_email.content)
        fingerprint = _fingerprint(environment, new_email, subject)
        before = self.emails.repeated(team_id, new_email.key, now) if new_email.key else None
        _check_key(before, fingerprint)
        if before is not None and before.queued:
            return before.email_id
        lead = self._check(team_id, new_email)
        email_id = before.email_id if before else str(uuid.uuid4())
        if new_email.key:
            # Of two requests at the same time the first has the key, and both queue the same message.
            first = self.emails.reserve(team_id, new_email.key, email_id, fingerprint, now)
            _check_key(first, fingerprint)
            email_id = first.email_id
        email = OutgoingEmail(
            id=email_id,
            campaign_id=new_email.campaign_id,
            lead_id=new_email.lead_id,
            subject=subject,
            to=lead.email,
            environment=environment.identifier,
            created_at=now,
        )
        self.emails.add(team_id, email)
        if lead.status == "new":
            mark_lead(self.leads, self.clock, team_id, lead.id, "contacted")
        ingest(self.queue, environment, [_message(email, new_email)])
        if new_email.key:
            self.emails.queued(team_id, new_email.key)
        return email_id

    def _check(self, team_id: str, new_email: NewEmail) -> Lead:
        """Return the lead that the e-mail goes to."""
        if new_email.account is not None:
            sealed = self.accounts.get(team_id, new_email.account)
            if sealed is None:
                raise Invalid({"from": "from must be the email of a connected account"})
            if sealed.account.status != "connected":
                raise Invalid({"from": f"{new_email.account} has to be connected again"})
        if not _is_id(new_email.campaign_id) or self.campaigns.get(team_id, new_email.campaign_id) is None:
            raise NotFound("campaign")
        lead = self.leads.get(team_id, new_email.lead_id) if _is_id(new_email.lead_id) else None
        if lead is None:
            raise NotFound("lead")
        suppression = self.suppressions.get(team_id, lead.email)
        reason = suppression.forbids(subscription=True) if suppression else None
        if reason is not None:
            raise Invalid({"lead_id": _SUPPRESSED[reason]})
        return lead


def _fingerprint(environment: Environment, new_email: NewEmail, subject: str) -> str:
    """Return what tells one e-mail from another that was asked for with the same key."""
    asked = [environment.identifier, new_email.campaign_id, new_email.lead_id, subject, new_email.content]
    return hashlib.sha256(jsontext.dumps([*asked, new_email.account]).encode()).hexdigest()


def _check_key(before: KeyedEmail | None, fingerprint: str) -> None:
    if before is not None and before.fingerprint not in (None, fingerprint):
        raise Invalid({"Idempotency-Key": "Idempotency-Key was given with another e-mail before"})


def _is_id(text: str) -> bool:
    """Tell whether a text can be an id, and a key that a store takes."""
    return len(text) == 36 and text.isascii()


def _message(email: OutgoingEmail, new_email: NewEmail) -> Message:
    return Message(
        message_id=email.id,
        event_type=EVENT_TYPE,
        source="neptie",
        data={"campaign_id": email.campaign_id, "lead_id": email.lead_id},
        contact_infos=[{"type": "email", "value": email.to}],
        ignore_user_contacts=True,
        received_at=email.created_at,
        outreach=Outreach(
            campaign_id=email.campaign_id,
            lead_id=email.lead_id,
            to=email.to,
            subject=email.subject,
            content=new_email.content,
            account=new_email.account,
        ),
    )
