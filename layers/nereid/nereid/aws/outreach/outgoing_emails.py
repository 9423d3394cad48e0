"""Records of e-mails taken for sending, and of the idempotency keys given with them, in the outreach table."""

from contextlib import suppress
from datetime import datetime, timedelta

from nereid.aws.errors import ConditionFailed
from nereid.aws.table import Item, Table, can_be_key, digest, seconds
from nereid.clock import from_iso, to_iso
from nereid.models.lead_email import OutgoingEmail
from nereid.ports.outreach import KeyedEmail

#: How long the same key means the same e-mail.
_KEY_HOLDS = timedelta(hours=24)


class DynamoOutgoingEmailStore:
    """Implements `nereid.ports.outreach.OutgoingEmailStore`.

    Parameters
    ----------
    retention_seconds
        How long a record is kept; only needed to add them.
    """

    def __init__(self, table: Table, retention_seconds: int = 0) -> None:
        self._table = table
        self._retention = retention_seconds

    def add(self, team_id: str, email: OutgoingEmail) -> None:
        item = {
            **email.model_dump(),
            "pk": _email(team_id, email.id),
            "sk": "email",
            "created_at": to_iso(email.created_at),
            "expires_at": seconds(email.created_at) + self._retention,
        }
        with suppress(ConditionFailed):  # added before
            self._table.put(item, "attribute_not_exists(pk)")

    def delete(self, team_id: str, email_id: str) -> None:
        key = _email(team_id, email_id), "email"
        if can_be_key(*key):
            self._table.delete(*key)

    def get(self, team_id: str, email_id: str) -> OutgoingEmail | None:
        item = self._table.get(_email(team_id, email_id), "email")
        return OutgoingEmail.model_validate({**item, "created_at": from_iso(item["created_at"])}) if item else None

    def repeated(self, team_id: str, key: str, now: datetime) -> KeyedEmail | None:
        item = self._table.get(_key(team_id, key), "idempotency_key")
        # DynamoDB deletes expired items within days, not at once.
        return _keyed(item) if item and item["expires_at"] > seconds(now) else None

    def reserve(self, team_id: str, key: str, email_id: str, fingerprint: str, now: datetime) -> KeyedEmail:
        item = {
            "pk": _key(team_id, key),
            "sk": "idempotency_key",
            "email_id": email_id,
            "fingerprint": fingerprint,
            "expires_at": seconds(now + _KEY_HOLDS),
        }
        try:
            self._table.put(item, "attribute_not_exists(pk) OR expires_at <= :now", {":now": seconds(now)})
        except ConditionFailed as error:
            return _keyed(error.old)
        return KeyedEmail(email_id, queued=False, fingerprint=fingerprint)

    def queued(self, team_id: str, key: str) -> None:
        self._table.update(_key(team_id, key), "idempotency_key", "SET queued = :yes", {":yes": True})


def _keyed(item: Item) -> KeyedEmail:
    return KeyedEmail(item["email_id"], queued=item.get("queued", False), fingerprint=item.get("fingerprint"))


def _email(team_id: str, email_id: str) -> str:
    return f"{team_id}#email#{email_id}"


def _key(team_id: str, key: str) -> str:
    return f"{team_id}#idempotency_key#{digest(key)}"
