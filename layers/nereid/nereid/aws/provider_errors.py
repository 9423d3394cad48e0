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
#: Errors of ours or the account's, not of this message: a person mends them, then the same request works.
_MENDED = frozenset(
    {"AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException"}
)


@contextmanager
def handing_over(busy: Collection[str]) -> Iterator[None]:
    """Turn the errors of a hand-over into the port's three.

    Parameters
    ----------
    busy
        The provider's own codes for "not now", beside throttling and every answer of 500 and more.
    """
    try:
        yield
    except ClientError as error:
        name = code(error)
        if name in busy or name in THROTTLED or name in _MENDED or status(error) == 429 or status(error) >= 500:
            raise ProviderBusy(name) from error
        raise ProviderRefused(name) from error
    except (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, NoCredentialsError) as error:
        # No connection was made, so nothing was handed over.
        raise ProviderBusy(type(error).__name__) from error
    except ParamValidationError as error:
        raise ProviderRefused("InvalidParameter") from error
    except (HTTPClientError, BotoCoreError) as error:
        raise OutcomeUnknown(type(error).__name__) from error
