"""SES is asked for its rate by the function that sends, once many mails wait, and never before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cloud import Cloud, World
from tests.support.notifications import MAIL

ASKED = "sesv2:GetAccount"
FUNCTION = "pipeline/deliver_email"


@pytest.fixture
def asking(cloud: Cloud) -> Iterator[Cloud]:
    """Give the operator's rate as 0: what SES says."""
    cloud.parameters["EmailsPerSecond"] = "0"
    cloud.restart(FUNCTION)
    cloud.fail(ASKED, {"SendQuota": {"MaxSendRate": 1000.0}})
    yield cloud
    cloud.parameters.pop("EmailsPerSecond")
    cloud.restart(FUNCTION)


@pytest.mark.parametrize(("mails", "asked"), [(9, 0), (10, 1)])
def test_a_full_batch_asks_ses_for_its_rate(asking: Cloud, world: World, mails: int, asked: int) -> None:
    contacts = [{"type": "email", "value": f"sam{number}@example.com"} for number in range(mails)]
    world.configure("login", MAIL)
    message_id = world.ingest("login", data={"otp": 1}, contact_infos=contacts)
    asking.pump("message", "email")
    assert world.outcomes(message_id) == [("success", None)] * mails
    assert asking.calls[ASKED] == asked
