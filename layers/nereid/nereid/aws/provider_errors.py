"""The meaning of a provider's error for a delivery: refused for good, busy for now, or unknown outcome."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
)

from nereid.aws.errors import THROTTLED, code, status
from nereid.errors import OutcomeUnknown, ProviderBusy, ProviderRefused

#: Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
SNS_BUSY = frozenset({"Throttled", "ThrottledException", "KMSThrottling"})
#: Stop every hand-over of the account until a person mends them.
#: Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html and its common errors
_ACCOUNT = frozenset(
    {
        "AccountSuspendedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "OptInRequired",
        "SendingPausedException",
        "UnrecognizedClientException",
    }
)
#: Among the codes of throttling, those that say nothing of how much is sent.
_NOT_NOW = frozenset({"RequestTimeout", "ServiceUnavailable"})
#: Errors of ours or of one sender or application, not of this message: a person mends them, and the same request works.
_MENDED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "MailFromDomainNotVerifiedException",
        "PlatformApplicationDisabled",
        "PlatformApplicationDisabledException",
    }
)
#: SES's words in a refusal of any mail from a sender, or in its sandbox to a recipient, whom nobody has verified.
_NOT_VERIFIED = "not verified"
#: SES's words in a refusal for the day, which has the code of one for the second.
#: Source: https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html
_DAY = ("daily", "quota")


@contextmanager
def handing_over(busy: Collection[str], passing: Collection[str] = ()) -> Iterator[None]:
    """Turn the errors of a hand-over into the port's three.

    Parameters
    ----------
    busy
        The provider's own codes for "too many", beside throttling.
    passing
        Codes for "not now" of this call alone, beside every answer of 500 and more.
    """
    try:
        yield
    except ClientError as error:
        raise _meaning(error, busy, passing) from error
    except NoCredentialsError as error:
        raise ProviderBusy(type(error).__name__, "account") from error
    except (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError) as error:
        # No connection was made, or it took a part of the request, so nothing was handed over.
        raise ProviderBusy(type(error).__name__) from error
    except ParamValidationError as error:
        raise ProviderRefused("InvalidParameter") from error
    except (HTTPClientError, BotoCoreError) as error:
        raise OutcomeUnknown(type(error).__name__) from error


@contextmanager
def preparing(busy: Collection[str], passing: Collection[str] = ()) -> Iterator[None]:
    """Turn the errors of a call that hands nothing over into the port's: without an answer, it is made again.

    Parameters
    ----------
    busy, passing
        As of `handing_over`.
    """
    try:
        with handing_over(busy, passing):
            yield
    except OutcomeUnknown as error:
        raise ProviderBusy(str(error)) from error


def _meaning(error: ClientError, busy: Collection[str], passing: Collection[str]) -> ProviderBusy | ProviderRefused:
    name, text = code(error), str(error.response["Error"].get("Message", "")).lower()
    if name in _ACCOUNT:
        return ProviderBusy(name, "account")
    if name in busy or name in THROTTLED - _NOT_NOW or status(error) == 429:
        return ProviderBusy(name, "quota" if any(word in text for word in _DAY) else "rate")
    if (
        name in _MENDED | _NOT_NOW
        or name in passing
        or status(error) >= 500
        or (name == "MessageRejected" and _NOT_VERIFIED in text)
    ):
        return ProviderBusy(name)
    return ProviderRefused(name)
