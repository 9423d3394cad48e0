"""What an operator allows a team that sends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nereid.errors import NotFound
from nereid.models.senders import Senders
from nereid.models.team import Channels, Scope, Team

#: The reason of a delivery from somebody whom its team may not send as.
NOT_ALLOWED = "sender not allowed"


@dataclass(frozen=True)
class TeamRules:
    """Reads the rules from the record of the team.

    Parameters
    ----------
    team
        Returns a team by its id, as it was a minute ago at most; `NotFound` if there is none.
    stack
        The stack's own providers.
    applications
        How the ARNs of the platform applications begin that the stack may use.
    """

    team: Callable[[str], Team]
    stack: Channels
    applications: str = ""

    def stopped_at(self, team_id: str) -> datetime | None:
        """Return since when an operator has a team stopped; None if it may send."""
        try:
            return self.team(team_id).stopped_at
        except NotFound:
            return None

    def is_gone(self, scope: Scope, planned_at: datetime) -> bool:
        """Tell whether the environment was deleted for which a delivery was planned."""
        try:
            return self.team(scope.team_id).has_deleted(scope.environment, planned_at)
        except NotFound:
            return False

    def may_send_as(self, team_id: str, sender: str) -> bool:
        """Tell whether a team may send as somebody, who is written as models/senders has it."""
        try:
            team = self.team(team_id)
        except NotFound:
            return False
        return Senders.of(team, self.stack, self.applications).allow(sender)
