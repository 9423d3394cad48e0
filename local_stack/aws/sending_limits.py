"""SES's limits: how many mails it takes in a second and in a day, and what it says of them."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

_SEND_EMAIL = ("POST", "/v2/email/outbound-emails")
_ACCOUNT = ("GET", "/v2/email/account")
#: What an account without limits is said to have.
_AMPLE_RATE = 1000.0
_DAY_SECONDS = 24 * 60 * 60
#: Source: https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html
RATE_EXCEEDED = "Maximum sending rate exceeded."
QUOTA_EXCEEDED = "Daily message quota exceeded."


class Limits:
    """An account's limits, and what of them is used.

    Parameters
    ----------
    rate : float or None
        Mails per second, a second's worth of which may come at once; None takes any number.
    daily_quota : int or None
        Mails per 24 hours; None takes any number.
    now : callable
        Returns the time in seconds.
    """

    def __init__(
        self, rate: float | None = None, daily_quota: int | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._quota = daily_quota
        self._now = now
        self._most = max(1.0, rate or 0)
        self._tokens, self._filled_at = self._most, now()
        self._taken: deque[float] = deque()

    def send_quota(self) -> dict[str, float]:
        """Return what SES says of an account's limits; -1 is none.

        Returns
        -------
        dict
            As GetAccount has it.
        """
        self._forget(self._now())
        return {
            "Max24HourSend": float(self._quota) if self._quota is not None else -1.0,
            "MaxSendRate": self._rate if self._rate is not None else _AMPLE_RATE,
            "SentLast24Hours": float(len(self._taken)),
        }

    def refusal(self) -> str | None:
        """Take one mail more.

        Returns
        -------
        str or None
            Why it is not taken; None if it is.
        """
        now = self._now()
        if self._quota is not None:
            self._forget(now)
            if len(self._taken) >= self._quota:
                return QUOTA_EXCEEDED
        if self._rate is not None:
            self._tokens = min(self._most, self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            if self._tokens < 1:
                return RATE_EXCEEDED
            self._tokens -= 1
        if self._quota is not None:
            self._taken.append(now)
        return None

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0] <= now - _DAY_SECONDS:
            self._taken.popleft()


class SendingLimits:
    """A WSGI middleware before the AWS endpoint.

    Parameters
    ----------
    app : WSGI application
        The endpoint.
    limits : Limits
        Those of the account.
    """

    def __init__(self, app: Any, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass a request on, unless it is one mail too many."""
        route = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if route == _ACCOUNT:
            with self._lock:
                said = {"SendingEnabled": True, "SendQuota": self._limits.send_quota()}
            return _answer(start_response, "200 OK", said)
        if route == _SEND_EMAIL:
            with self._lock:
                refusal = self._limits.refusal()
            if refusal is not None:
                kind = ("x-amzn-ErrorType", "TooManyRequestsException")
                return _answer(start_response, "429 Too Many Requests", {"message": refusal}, kind)
        passed: Iterable[bytes] = self._app(environ, start_response)
        return passed


def _answer(start_response: Any, status: str, content: dict[str, Any], *headers: tuple[str, str]) -> list[bytes]:
    body = json.dumps(content).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers])
    return [body]
