"""A team that works with leads and campaigns, over the AWS of `tests.support.cloud`."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.client import BaseClient

from nereid.clock import SystemClock
from nereid.core.outreach.campaigns import create_campaign
from nereid.core.outreach.leads import create_lead
from nereid.models.campaign import Campaign
from nereid.models.lead import Lead
from nereid.runtime import Runtime
from nereid.settings import Settings
from tests.support import lighter_moto, moto_transactions
from tests.support.cloud import Cloud

moto_transactions.install()
lighter_moto.install()


class Clock(SystemClock):
    """The time, which a test can move on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class Team:
    """A team with leads, in a runtime of its own: like one sandbox of a function."""

    def __init__(self, cloud: Cloud, team_id: str | None = None) -> None:
        self.cloud = cloud
        self.id = team_id or str(uuid.uuid4())
        self.runtime = Runtime()
        self.clock = Clock()
        self.runtime.__dict__["clock"] = self.clock
        self.runtime.__dict__["settings"] = Settings(
            accounts_table="AccountsTable",
            outreach_table="OutreachTable",
            limits_table="LimitsTable",
            token_secret_arn="token-secret",
            registration="trusted",
            credential_cache_seconds=0,
        )

    @property
    def leads(self) -> Any:
        """The leads' store."""
        return self.runtime.leads

    def lead(self, **fields: Any) -> Lead:
        """Create a lead; what is not given is filled in."""
        given = {"full_name": "John", "email": f"{uuid.uuid4().hex}@example.com", **fields}
        return create_lead(self.leads, self.clock, self.id, given)

    def campaign(self) -> Campaign:
        """Create a campaign."""
        return create_campaign(self.runtime.campaigns, self.clock, self.id, {"name": "Spring", "type": "email"})


@contextmanager
def one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let threads take turns between calls of AWS: each call is atomic there, but not in moto."""
    lock = threading.Lock()
    original = BaseClient.__dict__["_make_api_call"]

    def call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        with lock:
            return original(self, operation, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        yield
