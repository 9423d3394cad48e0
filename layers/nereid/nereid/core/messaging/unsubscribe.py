"""Unsubscribe links: made for one address of one team, which they do not show, and good for as long as their key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nereid.auth import links
from nereid.clock import to_iso
from nereid.errors import NotFound, Unauthenticated
from nereid.models.report import EmailReport
from nereid.models.team import Scope
from nereid.ports.clock import Clock
from nereid.ports.messaging import Listener, SuppressionStore

if TYPE_CHECKING:
    from nereid.models.delivery import DeliveryJob

_PURPOSE = "unsubscribe"
#: The claims that are the link's own; the others are the tags of its mail.
_OWN_CLAIMS = frozenset({"aud", "kid", "team", "email", "environment", "delivery_id", "sending"})


@dataclass(frozen=True)
class Unsubscriber:
    """Makes links and reads them.

    Parameters
    ----------
    secret
        Returns the secret of links.
    base_url
        Where the API is reached, without a slash at the end.
    """

    secret: Callable[[], str]
    base_url: str
    clock: Clock

    def url(
        self, team_id: str, email: str, job: DeliveryJob | None = None, tags: Mapping[str, str] | None = None
    ) -> str:
        """Return the link with which an address unsubscribes from a team's mail.

        Parameters
        ----------
        job, tags
            The delivery that the link stands in, and its tags, if the unsubscribe is to be reported of it.
        """
        claims: dict[str, Any] = {"team": team_id, "email": email}
        if job is not None:
            of_mail = {"environment": job.environment, "delivery_id": job.delivery_id, "sending": job.sending}
            claims.update({**(tags or {}), **of_mail})
        return f"{self.base_url}/u/{links.seal(self.secret(), _PURPOSE, claims, self.clock.now())}"

    def read(self, token: str) -> tuple[str, str]:
        """Return the team and address of a link; `NotFound` if it is none of ours."""
        claims = self._claims(token)
        return str(claims["team"]), str(claims["email"])

    def unsubscribe(self, suppressions: SuppressionStore, token: str, listener: Listener) -> None:
        """Suppress the address of a link; of no further effect when repeated.

        Parameters
        ----------
        listener
            Learns of it, and notes it on the delivery whose link it is.
        """
        claims = self._claims(token)
        team_id, email, now = str(claims["team"]), str(claims["email"]), self.clock.now()
        suppressions.add(team_id, email, "unsubscribe", now, "unsubscribe link")
        listener.suppressed(team_id, email, "unsubscribe")
        if "delivery_id" in claims:
            listener.reported(_report(claims, now))

    def _claims(self, token: str) -> dict[str, Any]:
        secret, now = self.secret(), self.clock.now()
        try:
            if token.count(".") == 2:  # a link of former versions, which is a JWT
                from nereid.auth import tokens

                return tokens.verify(secret, "nereid:unsubscribe", token, now, expires=False)
            return links.unseal(secret, _PURPOSE, token, now)
        except Unauthenticated as error:
            raise NotFound("link") from error


def _report(claims: Mapping[str, Any], now: datetime) -> EmailReport:
    return EmailReport(
        kind="unsubscribe",
        scope=Scope(str(claims["team"]), str(claims["environment"])),
        delivery_id=str(claims["delivery_id"]),
        sending=int(claims.get("sending", 1)),
        tags={name: value for name, value in claims.items() if isinstance(value, str) and name not in _OWN_CLAIMS},
        at=now,
        sent_at=None,
        recipient=str(claims["email"]),
        event={"type": "unsubscribe", "at": to_iso(now)},
    )
