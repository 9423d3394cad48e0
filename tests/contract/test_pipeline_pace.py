"""A provider that is slower than the product, over HTTP: what it does not take is sent later, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import local_stack as stacks
from tests.contract.manage_client import MAIL, Manage, email_to, outcomes, unique

pytestmark = [pytest.mark.over_http, pytest.mark.slow]


@contextmanager
def limited(state_dir: Path, **limits: str) -> Iterator[Manage]:
    """Start a stack whose SES has limits; give a client of its team."""
    stack = stacks.start(state_dir, **limits)
    try:
        yield Manage(stack, stack.demo["api_token"])
    finally:
        stack.end()


def test_what_is_above_the_rate_of_the_provider_is_sent_a_little_later(tmp_path: Path) -> None:
    with limited(tmp_path, LOCAL_SES_RATE="20") as manage:
        event_type = manage.configure(MAIL)
        addresses = [[f"{unique()}@example.com" for _ in range(20)] for _ in range(3)]
        messages = [manage.ingest(event_type, contact_infos=email_to(*each), data={"otp": 1}) for each in addresses]

        def deliveries() -> list[dict[str, Any]] | None:
            found = [
                each for message_id in messages for each in manage.message(message_id, until_final=False)["deliveries"]
            ]
            return found if all(each["status"] != "pending" for each in found) else None

        found = manage.stack.wait_for(deliveries, 60)
        assert outcomes(found) == [("success", None)] * 60
        sent = [mail["to"] for mail in manage.stack.outbox()]
        assert sorted(sent) == sorted(address for each in addresses for address in each)


def test_what_is_above_the_quota_of_the_day_waits_and_says_for_what(tmp_path: Path) -> None:
    with limited(tmp_path, LOCAL_SES_DAILY_QUOTA="2") as manage:
        event_type = manage.configure(MAIL)
        messages = [manage.ingest(event_type, contact_infos=email_to(f"{unique()}@example.com")) for _ in range(4)]

        def deliveries() -> list[dict[str, Any]] | None:
            found = [
                each for message_id in messages for each in manage.message(message_id, until_final=False)["deliveries"]
            ]
            settled = {("success", None), ("pending", "waiting: provider quota")}
            return found if set(outcomes(found)) == settled else None

        found = manage.stack.wait_for(deliveries, 30)
        assert len([each for each in found if each["status"] == "success"]) == 2
        now = datetime.now(UTC)
        for waiting in [each for each in found if each["status"] == "pending"]:
            assert set(waiting) == {
                "id",
                "notification",
                "channel",
                "to",
                "status",
                "reason",
                "next_try_at",
                "provider_message_id",
                "created_at",
                "updated_at",
            }
            next_try_at = datetime.fromisoformat(waiting["next_try_at"])
            assert now < next_try_at <= now + timedelta(minutes=11)
        assert len(manage.stack.outbox()) == 2
