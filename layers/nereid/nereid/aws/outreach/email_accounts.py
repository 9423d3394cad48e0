"""Connected mailboxes in the outreach table: a team's are one item collection. Tokens are stored encrypted."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from nereid.aws.errors import ConditionFailed
from nereid.aws.table import Item, Table
from nereid.clock import from_iso, to_exact_iso
from nereid.models.addresses import forms
from nereid.models.lead_email import EmailAccount, MailboxProvider, SealedAccount


class DynamoEmailAccountStore:
    """Implements `nereid.ports.outreach.EmailAccountStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(
        self, team_id: str, email: str, provider: MailboxProvider, token: Sequence[bytes], now: datetime
    ) -> EmailAccount:
        item = self._table.update(
            _team(team_id),
            email,
            "SET id = if_not_exists(id, :id), created_at = if_not_exists(created_at, :now), "
            "provider = :provider, oauth_token = :token, #status = :connected",
            {
                ":id": str(uuid.uuid4()),
                ":now": to_exact_iso(now),
                ":provider": provider,
                ":token": list(token),
                ":connected": "connected",
            },
            names={"#status": "status"},
        )
        return _to_account(item)

    def all(self, team_id: str) -> list[EmailAccount]:
        found = map(_to_account, self._table.query("pk = :pk", {":pk": _team(team_id)}, consistent=True))
        return sorted(found, key=lambda account: (account.created_at, account.id))

    def get(self, team_id: str, email: str) -> SealedAccount | None:
        for form in forms("email", email):
            item = self._table.get(_team(team_id), form)
            if item:
                return SealedAccount(_to_account(item), item["oauth_token"])
        return None

    def refused(self, team_id: str, email: str, token: Sequence[bytes]) -> None:
        with suppress(ConditionFailed):  # connected again with another token since
            self._table.update(
                _team(team_id),
                email,
                "SET #status = :reconnect",
                {":reconnect": "reconnect", ":token": list(token)},
                names={"#status": "status"},
                condition="oauth_token = :token",
            )


def _team(team_id: str) -> str:
    return f"{team_id}#email_accounts"


def _to_account(item: Item) -> EmailAccount:
    return EmailAccount(
        id=item["id"],
        email=item["sk"],
        provider=item["provider"],
        status=item["status"],
        created_at=from_iso(item["created_at"]),
    )
