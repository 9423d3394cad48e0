"""What the local stack's SES takes in a second and in a day, and what it answers beyond."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local_stack.aws.sending_limits import QUOTA_EXCEEDED, RATE_EXCEEDED, Limits, SendingLimits
from local_stack.aws.server import AwsServer, embedded

DAY = 24 * 60 * 60
MAIL: dict[str, Any] = {
    "FromEmailAddress": "shop@example.com",
    "Destination": {"ToAddresses": ["sam@example.com"]},
    "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
}


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def taken(limits: Limits, mails: int) -> list[str | None]:
    return [limits.refusal() for _ in range(mails)]


class TestRate:
    def test_a_seconds_worth_may_come_at_once(self, time: Time) -> None:
        assert taken(Limits(3, now=time), 5) == [None] * 3 + [RATE_EXCEEDED] * 2

    def test_it_comes_back_in_the_course_of_a_second(self, time: Time) -> None:
        limits = Limits(4, now=time)
        taken(limits, 4)
        time.now += 0.5
        assert taken(limits, 3) == [None, None, RATE_EXCEEDED]

    def test_no_more_than_a_seconds_worth_is_saved_up(self, time: Time) -> None:
        limits = Limits(2, now=time)
        time.now += 3600
        assert taken(limits, 3) == [None, None, RATE_EXCEEDED]

    def test_what_is_refused_costs_nothing(self, time: Time) -> None:
        limits = Limits(1, now=time)
        taken(limits, 10)
        time.now += 1
        assert taken(limits, 1) == [None]

    def test_less_than_one_a_second_lets_one_pass(self, time: Time) -> None:
        limits = Limits(0.5, now=time)
        assert taken(limits, 2) == [None, RATE_EXCEEDED]
        time.now += 1
        assert taken(limits, 1) == [RATE_EXCEEDED]
        time.now += 1
        assert taken(limits, 1) == [None]

    def test_without_one_any_number_is_taken(self, time: Time) -> None:
        assert taken(Limits(now=time), 1000) == [None] * 1000


class TestQuota:
    def test_a_day_has_so_many_mails(self, time: Time) -> None:
        limits = Limits(daily_quota=2, now=time)
        assert taken(limits, 3) == [None, None, QUOTA_EXCEEDED]
        time.now += DAY - 1
        assert taken(limits, 1) == [QUOTA_EXCEEDED]
        time.now += 1
        assert taken(limits, 3) == [None, None, QUOTA_EXCEEDED]

    def test_what_the_rate_refuses_is_not_of_the_quota(self, time: Time) -> None:
        limits = Limits(1, 2, now=time)
        assert taken(limits, 2) == [None, RATE_EXCEEDED]
        time.now += 1
        assert taken(limits, 1) == [None]
        time.now += 1
        assert taken(limits, 1) == [QUOTA_EXCEEDED]


class TestSaid:
    def test_the_limits_are_said_and_what_of_them_is_used(self, time: Time) -> None:
        limits = Limits(5, 100, now=time)
        taken(limits, 3)
        assert limits.send_quota() == {"Max24HourSend": 100.0, "MaxSendRate": 5, "SentLast24Hours": 3.0}
        time.now += DAY
        assert limits.send_quota()["SentLast24Hours"] == 0.0

    def test_without_limits_the_quota_is_none_and_the_rate_is_ample(self, time: Time) -> None:
        assert Limits(now=time).send_quota() == {
            "Max24HourSend": -1.0,
            "MaxSendRate": 1000.0,
            "SentLast24Hours": 0.0,
        }


@pytest.fixture(scope="module")
def ses() -> Iterator[Any]:
    """Return a client of SES that takes one mail a day."""
    server = AwsServer(SendingLimits(embedded(), Limits(None, 1)), "127.0.0.1", 0)
    server.start()
    client = boto3.client(
        "sesv2",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.create_email_identity(EmailIdentity="shop@example.com")
    yield client
    server.stop()


def test_a_mail_passes_and_one_too_many_is_refused_as_ses_does(ses: Any) -> None:
    assert ses.send_email(**MAIL)["MessageId"]
    with pytest.raises(ClientError) as refused:
        ses.send_email(**MAIL)
    error, metadata = refused.value.response["Error"], refused.value.response["ResponseMetadata"]
    assert (error["Code"], error["Message"]) == ("TooManyRequestsException", QUOTA_EXCEEDED)
    assert metadata["HTTPStatusCode"] == 429
    account = ses.get_account()
    assert account["SendingEnabled"]
    assert account["SendQuota"] == {"Max24HourSend": 1.0, "MaxSendRate": 1000.0, "SentLast24Hours": 1.0}


def test_what_is_no_mail_passes_the_limits(ses: Any) -> None:
    assert ses.list_email_identities()["EmailIdentities"]
