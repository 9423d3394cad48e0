"""Unsubscribe links: signed, made for one address of one team, good for ever."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from nereid.auth import tokens
from nereid.clock import to_iso
from nereid.core.outreach.feedback import OutreachFeedback
from nereid.errors import NotFound, Unauthenticated
from nereid.models.lead_email import EmailReference
from nereid.models.team import Scope
from nereid.ports.clock import Clock
from nereid.ports.messaging import SuppressionStore


class MailReference(NamedTuple):
    """An e-mail to a lead."""

    environment: str
    delivery_id: str
    campaign_id: str
    lead_id: str
    #: Which sending of its delivery it is.
    sending: int = 1


@dataclass(frozen=True)
class Unsubscriber:
    """Makes links and reads them.

    Parameters
    ----------
    secret
        Returns the signing secret.
    base_url
        Where the API is reached, without a slash at the end.
    """

    secret: Callable[[], str]
    base_url: str
    clock: Clock

    def url(self, team_id: str, email: str, mail: MailReference | None = None) -> str:
        """Return the link with which an address unsubscribes from a team's mail.

        Parameters
        ----------
        mail
            The e-mail to a lead that the link stands in, so that the unsubscribe counts for its campaign.
        """
        claims = {"team": team_id, "email": email}
        if mail is not None:
            claims.update(mail._asdict())
        return f"{self.base_url}/u/{tokens.sign(self.secret(), 'nereid:unsubscribe', claims)}"

    def read(self, token: str) -> tuple[str, str]:
        """Return the team and address of a link; `NotFound` if it is none of ours."""
        claims = self._claims(token)
        return str(claims["team"]), str(claims["email"])

    def unsubscribe(self, suppressions: SuppressionStore, token: str, outreach: OutreachFeedback | None = None) -> None:
        """Suppress the address of a link; of no further effect when repeated.

        Parameters
        ----------
        outreach
            Who makes it known to leads and campaigns.
        """
        claims = self._claims(token)
        team_id, email, now = str(claims["team"]), str(claims["email"]), self.clock.now()
        suppressions.add(team_id, email, "unsubscribe", now, "unsubscribe link")
        if outreach is None:
            return
        outreach.suppressed(team_id, email, "unsubscribe")
        if "delivery_id" in claims:
            event = {"type": "unsubscribe", "at": to_iso(now)}
            scope = Scope(team_id, claims["environment"])
            mail = EmailReference(claims["campaign_id"], claims["lead_id"], int(claims.get("sending", 1)))
            outreach.report(scope, claims["delivery_id"], event, mail)

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            return tokens.verify(self.secret(), "nereid:unsubscribe", token, self.clock.now(), expires=False)
        except Unauthenticated as error:
            raise NotFound("link") from error
