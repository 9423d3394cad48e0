"""What an error of a provider's client says of a hand-over: refused, not taken now, or nobody knows."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from nereid.aws.provider_errors import handing_over
from nereid.errors import OutcomeUnknown, ProviderBusy, ProviderRefused


def answered(code: str, status: int, message: str | None = None) -> ClientError:
    error = {"Code": code, **({} if message is None else {"Message": message})}
    response: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "SendEmail")


@pytest.mark.parametrize(
    ("error", "expected", "text"),
    [
        (answered("MessageRejected", 400), ProviderRefused, "MessageRejected"),
        (answered("Odd", 499), ProviderRefused, "Odd"),
        (answered("Odd", 429), ProviderBusy, "Odd"),
        (answered("Odd", 500), ProviderBusy, "Odd"),
        (answered("Own", 400), ProviderBusy, "Own"),
        (answered("ThrottlingException", 400), ProviderBusy, "ThrottlingException"),
        (ConnectTimeoutError(endpoint_url="u"), ProviderBusy, "ConnectTimeoutError"),
        (EndpointConnectionError(endpoint_url="u"), ProviderBusy, "EndpointConnectionError"),
        (NoCredentialsError(), ProviderBusy, "NoCredentialsError"),
        (ParamValidationError(report="r"), ProviderRefused, "InvalidParameter"),
        (ReadTimeoutError(endpoint_url="u"), OutcomeUnknown, "ReadTimeoutError"),
    ],
)
def test_an_error_says_what_became_of_the_hand_over(error: Exception, expected: type[Exception], text: str) -> None:
    with pytest.raises(expected, match=f"^{text}$"), handing_over(["Own"]):
        raise error


def stopped_by(error: Exception, *passing: str) -> str:
    """Return what a refusal that may pass is stopped by."""
    with pytest.raises(ProviderBusy) as raised, handing_over(["Own"], passing):
        raise error
    return raised.value.stopped_by


@pytest.mark.parametrize(
    "code", ["Own", "ThrottlingException", "Throttling", "RequestThrottled", "RequestLimitExceeded"]
)
def test_a_throttled_hand_over_is_stopped_by_the_rate(code: str) -> None:
    assert stopped_by(answered(code, 400)) == "rate"
    assert stopped_by(answered(code, 400, "Maximum sending rate exceeded.")) == "rate"


def test_a_status_for_too_many_is_the_rate_whatever_the_code() -> None:
    assert stopped_by(answered("Odd", 429)) == "rate"


@pytest.mark.parametrize(
    "message",
    ["Daily message quota exceeded.", "DAILY MESSAGE QUOTA EXCEEDED", "Your quota is used up", "too many, daily"],
)
def test_a_used_up_quota_is_told_from_the_rate_by_its_text(message: str) -> None:
    assert stopped_by(answered("Own", 400, message)) == "quota"
    assert stopped_by(answered("Odd", 429, message)) == "quota"


@pytest.mark.parametrize(
    "code",
    [
        "AccountSuspendedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "OptInRequired",
        "SendingPausedException",
        "UnrecognizedClientException",
    ],
)
@pytest.mark.parametrize("status", [400, 429, 503])
def test_what_stops_every_hand_over_of_the_account_is_the_accounts(code: str, status: int) -> None:
    assert stopped_by(answered(code, status, "quota")) == "account"


def test_without_credentials_nothing_can_be_handed_over() -> None:
    assert stopped_by(NoCredentialsError()) == "account"


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "MailFromDomainNotVerifiedException",
        "PlatformApplicationDisabled",
        "PlatformApplicationDisabledException",
        "RequestTimeout",
        "ServiceUnavailable",
        "Passing",
    ],
)
def test_what_may_concern_one_alone_stops_no_other(code: str) -> None:
    assert stopped_by(answered(code, 400), "Passing") == "job"


def test_a_broken_service_and_a_missing_connection_stop_no_other() -> None:
    assert stopped_by(answered("Odd", 500)) == "job"
    assert stopped_by(ConnectTimeoutError(endpoint_url="u")) == "job"


@pytest.mark.parametrize(
    "message",
    [
        "Email address is not verified. The following identities failed the check in region US-EAST-1: a@example.com",
        "Email Address Is NOT VERIFIED",
    ],
)
def test_a_rejected_mail_whose_sender_nobody_has_verified_waits(message: str) -> None:
    assert stopped_by(answered("MessageRejected", 400, message)) == "job"


@pytest.mark.parametrize("message", ["Bad content", "", None])
def test_a_mail_that_is_rejected_for_what_it_is_has_failed(message: str | None) -> None:
    with pytest.raises(ProviderRefused, match="MessageRejected"), handing_over([]):
        raise answered("MessageRejected", 400, message)


def test_another_refusal_that_speaks_of_verification_has_failed() -> None:
    with pytest.raises(ProviderRefused, match="BadRequestException"), handing_over([]):
        raise answered("BadRequestException", 400, "not verified")


def test_a_code_for_not_now_is_so_for_its_own_call_alone() -> None:
    with pytest.raises(ProviderRefused, match="Passing"), handing_over(["Own"]):
        raise answered("Passing", 400)
