"""What an error of a provider's client says of a hand-over: refused, not taken now, or nobody knows."""

from __future__ import annotations

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


def answered(code: str, status: int) -> ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
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
