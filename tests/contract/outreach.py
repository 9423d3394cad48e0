"""What the tests of Neptie's AI, e-mail and analytics share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.contract.neptie_client import Neptie, email

NOWHERE = "00000000-0000-4000-8000-000000000000"
NO_EMAIL = (404, {"message": "Email not found"})


class Team:
    """A team that has just registered, and what its tests do over and over.

    Parameters
    ----------
    neptie : Neptie
        Its client.
    """

    def __init__(self, neptie: Neptie) -> None:
        self.neptie = neptie
        self.stack = neptie.stack

    def lead(self, **fields: Any) -> dict[str, Any]:
        """Make a lead."""
        given = {"full_name": "John Doe", "email": email(), "company": "Example Corp", "job_title": "CEO"}
        made: dict[str, Any] = self.neptie.ok("POST", "leads", {**given, "industry": "Software", **fields})["lead"]
        return made

    def campaign(self, **fields: Any) -> str:
        """Make a campaign; return its id."""
        return str(self.neptie.ok("POST", "campaigns", {"name": "Spring", "type": "email", **fields})["campaign"]["id"])

    def send(
        self, lead: Mapping[str, Any], campaign_id: str, headers: Mapping[str, str] | None = None, **fields: Any
    ) -> str:
        """Send an e-mail; return its id."""
        body = {"lead_id": lead["id"], "campaign_id": campaign_id, "subject": "Hello", "content": "Dear John", **fields}
        answer = self.neptie.ok("POST", "email/send", body, headers)
        assert answer["status"] == "queued"
        return str(answer["email_id"])

    def show(self, email_id: str) -> dict[str, Any]:
        """Read an e-mail."""
        shown: dict[str, Any] = self.neptie.ok("GET", f"email/{email_id}")["email"]
        return shown

    def wait(self, email_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until an e-mail has come so far."""

        def reached() -> dict[str, Any] | None:
            shown = self.show(email_id)
            return shown if shown["status"] in statuses else None

        return self.stack.wait_for(reached)

    def mail(self, lead: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for the first mail to a lead."""
        return self.stack.wait_for(lambda: self.stack.outbox(lead["email"]))[0]

    def report(self, mail: Mapping[str, Any], kind: str, **more: str) -> None:
        """Let the e-mail service report something about a mail."""
        body = {"provider_message_id": mail["provider_message_id"], "type": kind, **more}
        assert self.stack.request("POST", "/_local/feedback", body).status == 202

    def status(self, lead: Mapping[str, Any]) -> str:
        """Return where a lead stands."""
        return str(self.neptie.ok("GET", f"leads/{lead['id']}")["lead"]["status"])

    def performance(self, campaign_id: str, timeframe: str = "7d") -> dict[str, Any]:
        """Return a campaign's numbers."""
        answer: dict[str, Any] = self.neptie.ok(
            "GET", f"analytics/campaign-performance?campaign_id={campaign_id}&timeframe={timeframe}"
        )
        return answer
