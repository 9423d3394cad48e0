"""Unsubscribe links: signed, made for one address of one team, good for ever."""

from collections.abc import Callable
from dataclasses import dataclass

from nereid.auth import tokens
from nereid.errors import NotFound, Unauthenticated
from nereid.ports import Clock, SuppressionStore


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

    def url(self, team_id: str, email: str) -> str:
        """Return the link with which an address unsubscribes from a team's mail."""
        token = tokens.sign(self.secret(), "nereid:unsubscribe", {"team": team_id, "email": email})
        return f"{self.base_url}/u/{token}"

    def read(self, token: str) -> tuple[str, str]:
        """Return the team and address of a link; `NotFound` if it is none of ours."""
        try:
            claims = tokens.verify(self.secret(), "nereid:unsubscribe", token, self.clock.now(), expires=False)
        except Unauthenticated as error:
            raise NotFound("link") from error
        return str(claims["team"]), str(claims["email"])

    def unsubscribe(self, suppressions: SuppressionStore, token: str) -> None:
        """Suppress the address of a link; of no further effect when repeated."""
        team_id, email = self.read(token)
        suppressions.add(team_id, email, "unsubscribe", self.clock.now())
