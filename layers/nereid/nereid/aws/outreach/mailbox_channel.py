"""Sends e-mail from connected mailboxes, over Gmail's API or Microsoft Graph, with the mailbox's own token.

Both take the finished mail (RFC 822), so that every header is as we made it; Graph's JSON form would not take
List-Unsubscribe.

Sources: https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/send and
https://learn.microsoft.com/graph/api/user-sendmail
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cached_property
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any

from nereid import jsontext
from nereid.aws.messaging.mime import mime
from nereid.errors import OutcomeUnknown, ProviderBusy, ProviderRefused
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.models.lead_email import GivenContent, MailboxProvider
from nereid.ports.clock import Clock
from nereid.ports.messaging import Channel
from nereid.ports.outreach import EmailAccountStore, TokenCipher

if TYPE_CHECKING:
    from urllib3 import PoolManager

#: How long making a connection may take, and each wait for more of an answer, in seconds.
_CONNECT_SECONDS, _READ_SECONDS = 2.0, 10.0
#: How long a connection may have been idle that is used again; see `nereid.aws.http.limits`.
_IDLE = timedelta(seconds=5)
#: Gmail says 403 for limits too. Source: https://developers.google.com/workspace/gmail/api/guides/handle-errors
_GMAIL_LIMITS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "quotaExceeded"})
#: How much of an answer is read, in bytes; all that says something is at its beginning.
_LONGEST_ANSWER = 65536
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class EmailChannel:
    """Sends each e-mail the way it has to go: from a connected mailbox, or through the environment's provider."""

    def __init__(self, provider: Channel, mailboxes: Channel) -> None:
        self._provider = provider
        self._mailboxes = mailboxes

    def has_provider(self, job: DeliveryJob) -> bool:
        return self._way(job).has_provider(job)

    def is_paced(self, job: DeliveryJob) -> bool:
        return self._way(job).is_paced(job)

    def senders(self, job: DeliveryJob, rendered: Rendered) -> Sequence[str]:
        return self._way(job).senders(job, rendered)

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
        return self._way(job).send(job, rendered, check_time)

    def _way(self, job: DeliveryJob) -> Channel:
        content = job.notification.template
        connected = isinstance(content, GivenContent) and content.account is not None
        return self._mailboxes if connected else self._provider


class MailboxChannel:
    """Implements `nereid.ports.messaging.Channel`.

    Parameters
    ----------
    urls
        Where each provider's API is, without a slash at the end.
    """

    def __init__(
        self, accounts: EmailAccountStore, cipher: TokenCipher, urls: Mapping[MailboxProvider, str], clock: Clock
    ) -> None:
        self._accounts = accounts
        self._cipher = cipher
        self._urls = urls
        self._clock = clock
        self._used_at: dict[MailboxProvider, datetime] = {}

    @cached_property
    def _pool(self) -> PoolManager:
        # Few e-mails go this way, and every cold start of their function would load it.
        from urllib3 import PoolManager, Timeout

        # Without retries a redirection is not followed either.
        return PoolManager(timeout=Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS), retries=False)

    def has_provider(self, job: DeliveryJob) -> bool:  # noqa: ARG002 - a mailbox is its own provider
        return True

    def is_paced(self, job: DeliveryJob) -> bool:  # noqa: ARG002 - a mailbox has a rate of its own
        return False

    def senders(self, job: DeliveryJob, rendered: Rendered) -> Sequence[str]:  # noqa: ARG002 - its token shows whose
        return ()

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
        content = job.notification.template
        assert isinstance(content, GivenContent)
        address = content.account or ""
        sealed = self._accounts.get(job.team_id, address)
        if sealed is None or sealed.account.status != "connected":
            raise ProviderRefused(f"reconnect {address}")
        address = sealed.account.email
        token = self._cipher.open(job.team_id, address, sealed.token)
        # A mail that is sent again by force is a new one, perhaps weeks after its plan.
        date = job.planned_at if job.sending == 1 else self._clock.now()
        mail = _mail(job, rendered, address, date)
        check_time()
        status, headers, answer = self._post(sealed.account.provider, token, mail)
        if status in (200, 202):
            return _text(answer.get("id")) or headers.get("request-id")
        code = _code(answer, status)
        if status == 429 or status >= 500 or (status == 403 and code in _GMAIL_LIMITS):
            raise ProviderBusy(code)
        if status in (401, 403):
            self._accounts.refused(job.team_id, address, sealed.token)
            raise ProviderRefused(f"reconnect {address}")
        raise ProviderRefused(code)

    def _post(
        self, provider: MailboxProvider, token: str, mail: bytes
    ) -> tuple[int, Mapping[str, str], dict[str, Any]]:
        from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if provider == "gmail":
            url = f"{self._urls['gmail']}/gmail/v1/users/me/messages/send"
            body = json.dumps({"raw": base64.urlsafe_b64encode(mail).decode()}).encode()
            headers["Content-Type"] = "application/json"
        else:
            url = f"{self._urls['outlook']}/v1.0/me/sendMail"
            body = base64.b64encode(mail)
            headers["Content-Type"] = "text/plain"
        now = self._clock.now()
        if not timedelta() <= now - self._used_at.get(provider, now) < _IDLE:
            self._pool.clear()
        try:
            answer = self._pool.request("POST", url, body=body, headers=headers)
        except (ConnectTimeoutError, NewConnectionError) as error:
            # No connection was made, so nothing was handed over.
            raise ProviderBusy(type(error).__name__) from error
        except HTTPError as error:
            if isinstance(error, SSLError) and isinstance(error.args[0], SSLCertVerificationError):
                raise ProviderBusy(type(error).__name__) from error
            # Any other failure of TLS may come with the answer.
            raise OutcomeUnknown(type(error).__name__) from error
        finally:
            self._used_at[provider] = self._clock.now()
        return answer.status, answer.headers, _object(answer.data)


def _mail(job: DeliveryJob, rendered: Rendered, sender: str, date: datetime) -> bytes:
    """Return the mail as it travels.

    Raises
    ------
    ProviderRefused
        If an address or the subject cannot stand in a header.
    """
    # The same at each try of a sending, so that a mailbox that got it twice may tell.
    sending = f".{job.sending}" if job.sending > 1 else ""
    headers = {
        "From": sender,
        "To": job.recipient.value,
        "Subject": rendered.members["subject"],
        "Date": format_datetime(date),
        "Message-ID": f"<{job.delivery_id}{sending}@{sender.rpartition('@')[2]}>",
        "List-Unsubscribe": f"<{rendered.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return mime(headers, rendered.members["text"], rendered.members.get("html"))


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = jsontext.loads(body[:_LONGEST_ANSWER])
    except jsontext.NotJson:
        return {}
    return value if isinstance(value, dict) else {}


def _code(answer: Mapping[str, Any], status: int) -> str:
    """Return the provider's word for an error: Gmail's reason, Graph's code, or the status."""
    error = answer.get("error")
    if isinstance(error, dict):
        errors = error.get("errors")
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        for found in (first.get("reason"), error.get("status"), error.get("code")):
            if isinstance(found, str) and _CODE.fullmatch(found):
                return found
    return f"http_{status}"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
