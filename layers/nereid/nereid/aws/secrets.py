"""Secrets, from Secrets Manager."""

from datetime import datetime, timedelta

from nereid.aws.clients import Clients
from nereid.aws.errors import translated
from nereid.errors import Unavailable
from nereid.ports.clock import Clock

#: How long the text of a secret is believed. A new key signs later than this after it was made; see docs/operations.md.
KEPT = timedelta(minutes=10)
#: When to ask again for one that could not be read.
_ASK_AGAIN = timedelta(seconds=30)


class Secret:
    """A secret's text, read at its first use and again once in a while, because secrets are rotated."""

    def __init__(self, clients: Clients, arn: str, clock: Clock) -> None:
        self._clients = clients
        self._arn = arn
        self._clock = clock
        self._text: str | None = None
        self._ask_at: datetime | None = None

    def __call__(self) -> str:
        """Return the text; `Unavailable` if it was never read and cannot be."""
        now = self._clock.now()
        if self._text is not None and self._ask_at is not None and now < self._ask_at:
            return self._text
        try:
            with translated():
                self._text = str(self._clients.secrets.get_secret_value(SecretId=self._arn)["SecretString"])
        except Unavailable:
            if self._text is None:
                raise
            self._ask_at = now + _ASK_AGAIN
        else:
            self._ask_at = now + KEPT
        return self._text
